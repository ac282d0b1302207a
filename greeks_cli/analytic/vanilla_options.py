"""Closed forms of contracts on the underlying at expiry, or at expiry and one earlier date."""

from greeks_cli.analytic.closed_form import AccrualsTo, N, closed_form, european
from greeks_cli.engine.autodiff.ops import Leaves, Operand, exp, log
from greeks_cli.engine.payoffs.controls import Underlying
from greeks_cli.terms.vanillas import (
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
    return european(contract.type.sign, leaves["spot"], leaves["strike"], accruals())


@closed_form.register
def _digital(contract: Digital, leaves: Leaves, accruals: AccrualsTo) -> Operand:
    """M. Rubinstein and E. Reiner, Unscrambling the binary code, Risk 4 (1991)."""
    to_expiry, sign = accruals(), contract.type.sign
    deviation = to_expiry.deviation
    d1 = (log(leaves["spot"] / leaves["strike"]) + to_expiry.carry) / deviation + 0.5 * deviation
    if contract.payout is Payout.ASSET:
        return leaves["spot"] * exp(to_expiry.carry) * to_expiry.discount * N(sign * d1)
    return contract.cash * to_expiry.discount * N(sign * (d1 - deviation))


@closed_form.register
def _forward_start(contract: ForwardStart, leaves: Leaves, accruals: AccrualsTo) -> Operand:
    """M. Rubinstein, Pay now, choose later, Risk 4 (1991): so many options at the start as its price has units."""
    to_start = accruals(0)
    per_unit = european(contract.type.sign, 1.0, contract.moneyness, accruals(since=0))
    return leaves["spot"] * exp(to_start.carry) * to_start.discount * per_unit


@closed_form.register
def _straddle(contract: Straddle, leaves: Leaves, accruals: AccrualsTo) -> Operand:
    K = leaves["strike"]
    return _vanilla(1.0, leaves, K, accruals) + _vanilla(-1.0, leaves, K, accruals)


@closed_form.register
def _strangle(contract: Strangle, leaves: Leaves, accruals: AccrualsTo) -> Operand:
    low, high = leaves["low_strike"], leaves["high_strike"]
    return _vanilla(-1.0, leaves, low, accruals) + _vanilla(1.0, leaves, high, accruals)


@closed_form.register
def _call_spread(contract: CallSpread, leaves: Leaves, accruals: AccrualsTo) -> Operand:
    low, high = leaves["low_strike"], leaves["high_strike"]
    return _vanilla(1.0, leaves, low, accruals) - _vanilla(1.0, leaves, high, accruals)


@closed_form.register
def _put_spread(contract: PutSpread, leaves: Leaves, accruals: AccrualsTo) -> Operand:
    low, high = leaves["low_strike"], leaves["high_strike"]
    return _vanilla(-1.0, leaves, high, accruals) - _vanilla(-1.0, leaves, low, accruals)


@closed_form.register
def _butterfly(contract: Butterfly, leaves: Leaves, accruals: AccrualsTo) -> Operand:
    low, middle, high = (_vanilla(1.0, leaves, leaves[name], accruals) for name in contract.parameters)
    return low - 2 * middle + high


def _vanilla(sign: float, leaves: Leaves, strike: Operand, accruals: AccrualsTo) -> Operand:
    return european(sign, leaves["spot"], strike, accruals())
