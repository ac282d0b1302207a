"""Closed forms of contracts on the underlying at expiry, or at expiry and one earlier date."""

from greeks_cli.analytic.closed_form import N, black, closed_form, european
from greeks_cli.engine.autodiff.ops import Leaves, Operand, exp, log, sqrt
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
def _underlying(contract: Underlying, leaves: Leaves) -> Operand:
    """S e^(-qT)."""
    return leaves["spot"] * exp(-leaves["dividend_yield"] * (leaves["expiry"] - leaves["time"]))


@closed_form.register
def _european(contract: European, leaves: Leaves) -> Operand:
    return european(contract.type.sign, leaves, leaves["strike"], leaves["expiry"] - leaves["time"])


@closed_form.register
def _digital(contract: Digital, leaves: Leaves) -> Operand:
    """M. Rubinstein and E. Reiner, Unscrambling the binary code, Risk 4 (1991)."""
    T, vol, sign = leaves["expiry"] - leaves["time"], leaves["vol"], contract.type.sign
    deviation = vol * sqrt(T)
    growth = (leaves["rate"] - leaves["dividend_yield"]) * T
    d1 = (log(leaves["spot"] / leaves["strike"]) + growth) / deviation + 0.5 * deviation
    if contract.payout is Payout.ASSET:
        return leaves["spot"] * exp(-leaves["dividend_yield"] * T) * N(sign * d1)
    return contract.cash * exp(-leaves["rate"] * T) * N(sign * (d1 - deviation))


@closed_form.register
def _forward_start(contract: ForwardStart, leaves: Leaves) -> Operand:
    """M. Rubinstein, Pay now, choose later, Risk 4 (1991): the underlying at the start date is worth S e^(-qt)."""
    years = leaves["expiry"] - leaves["start"]
    rate, dividend_yield = leaves["rate"], leaves["dividend_yield"]
    forward = exp((rate - dividend_yield) * years)
    per_unit = exp(-rate * years) * black(contract.type.sign, forward, contract.moneyness, leaves["vol"] * sqrt(years))
    return leaves["spot"] * exp(-dividend_yield * (leaves["start"] - leaves["time"])) * per_unit


@closed_form.register
def _straddle(contract: Straddle, leaves: Leaves) -> Operand:
    T, K = leaves["expiry"] - leaves["time"], leaves["strike"]
    return european(1.0, leaves, K, T) + european(-1.0, leaves, K, T)


@closed_form.register
def _strangle(contract: Strangle, leaves: Leaves) -> Operand:
    T = leaves["expiry"] - leaves["time"]
    return european(-1.0, leaves, leaves["low_strike"], T) + european(1.0, leaves, leaves["high_strike"], T)


@closed_form.register
def _call_spread(contract: CallSpread, leaves: Leaves) -> Operand:
    T = leaves["expiry"] - leaves["time"]
    return european(1.0, leaves, leaves["low_strike"], T) - european(1.0, leaves, leaves["high_strike"], T)


@closed_form.register
def _put_spread(contract: PutSpread, leaves: Leaves) -> Operand:
    T = leaves["expiry"] - leaves["time"]
    return european(-1.0, leaves, leaves["high_strike"], T) - european(-1.0, leaves, leaves["low_strike"], T)


@closed_form.register
def _butterfly(contract: Butterfly, leaves: Leaves) -> Operand:
    T = leaves["expiry"] - leaves["time"]
    low, middle, high = (european(1.0, leaves, leaves[name], T) for name in contract.parameters)
    return low - 2 * middle + high
