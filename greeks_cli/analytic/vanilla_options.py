"""Closed forms of contracts on the underlying at expiry, or at expiry and one earlier date."""

from greeks_cli.analytic.black import european
from greeks_cli.analytic.closed_form import AccrualsTo, closed_form
from greeks_cli.engine.autodiff.ops import Leaves, Operand, exp
from greeks_cli.engine.payoffs.controls import Underlying
from greeks_cli.terms.contracts.vanillas import (
    Butterfly,
    CallSpread,
    Digital,
    European,
    ForwardStart,
    Payout,
    PutSpread,
    Straddle,
    Strangle,
)


@closed_form.register
def _underlying(contract: Underlying, leaves: Leaves, accruals: AccrualsTo) -> Operand:
    """The discounted forward."""
    to_expiry = accruals()
    return leaves["spot"] * exp(to_expiry.carry) * to_expiry.discount


@closed_form.register
def _european(contract: European, leaves: Leaves, accruals: AccrualsTo) -> Operand:
    return accruals.end_law.option(contract.type.sign, "strike")


@closed_form.register
def _digital(contract: Digital, leaves: Leaves, accruals: AccrualsTo) -> Operand:
    law, sign = accruals.end_law, contract.type.sign
    return law.asset(sign, "strike") if contract.payout is Payout.ASSET else contract.cash * law.cash(sign, "strike")


@closed_form.register
def _forward_start(contract: ForwardStart, leaves: Leaves, accruals: AccrualsTo) -> Operand:
    """M. Rubinstein, Pay now, choose later, Risk 4 (1991): so many options at the start as its price has units."""
    to_start = accruals(0)
    per_unit = european(contract.type.sign, 1.0, contract.moneyness, accruals(since=0))
    return leaves["spot"] * exp(to_start.carry) * to_start.discount * per_unit


@closed_form.register
def _straddle(contract: Straddle, leaves: Leaves, accruals: AccrualsTo) -> Operand:
    law = accruals.end_law
    return law.option(1.0, "strike") + law.option(-1.0, "strike")


@closed_form.register
def _strangle(contract: Strangle, leaves: Leaves, accruals: AccrualsTo) -> Operand:
    law = accruals.end_law
    return law.option(-1.0, "low_strike") + law.option(1.0, "high_strike")


@closed_form.register
def _call_spread(contract: CallSpread, leaves: Leaves, accruals: AccrualsTo) -> Operand:
    law = accruals.end_law
    return law.option(1.0, "low_strike") - law.option(1.0, "high_strike")


@closed_form.register
def _put_spread(contract: PutSpread, leaves: Leaves, accruals: AccrualsTo) -> Operand:
    law = accruals.end_law
    return law.option(-1.0, "high_strike") - law.option(-1.0, "low_strike")


@closed_form.register
def _butterfly(contract: Butterfly, leaves: Leaves, accruals: AccrualsTo) -> Operand:
    low, middle, high = (accruals.end_law.option(1.0, name) for name in contract.parameters)
    return low - 2 * middle + high
