"""Closed forms of path-dependent contracts."""

import math
from collections.abc import Mapping

import numpy as np

from greeks_cli.analytic.closed_form import N, black, closed_form, european
from greeks_cli.engine.autodiff.ops import Leaves, Operand, exp, log, sqrt, total
from greeks_cli.terms.contract import Contract, StrikeKind
from greeks_cli.terms.path_contracts import Asian, Average, Cliquet, Lookback, VarianceSwap

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(32)
_PLACES, _SHARES = 0.5 * (_NODES[:, None] + 1), 0.5 * _WEIGHTS[:, None]
"""Places between 0 and 1, and their shares in an integral."""


def has_small_carry(contract: Contract, values: Mapping[str, float]) -> bool:
    """True if a lookback's quotient by the carry is to be taken by an integral, which does not cancel."""
    if not isinstance(contract, Lookback):
        return False
    carry, vol = abs(values["rate"] - values["dividend_yield"]), values["vol"]
    levels = [level for level in (contract.strike, contract.running_extreme) if level is not None]
    furthest = max((abs(math.log(values["spot"] / level)) for level in levels), default=0.0)
    expiry = contract.expiry
    return carry * max(expiry, math.sqrt(expiry) / vol, 0.4 * furthest / (vol * vol)) < 1


@closed_form.register
def _asian(contract: Asian, leaves: Leaves) -> Operand | None:
    """The geometric average is lognormal (A. Kemna and A. Vorst, 1990; here for discrete fixings)."""
    if contract.average is not Average.GEOMETRIC or contract.strike_kind is not StrikeKind.FIXED:
        return None
    future = [time for time in contract.times if time > 0]
    n, n_future, passed, vol = len(contract.times), len(future), leaves["time"], leaves["vol"]
    drift = leaves["rate"] - leaves["dividend_yield"] - 0.5 * vol * vol
    years = (sum(future) - n_future * passed) / n
    shared = sum((2 * (n_future - i) - 1) * time for i, time in enumerate(future))
    variance = vol * vol * (shared - n_future**2 * passed) / n**2
    forward = leaves["spot"] * exp(drift * years + 0.5 * variance)
    discount = exp(-leaves["rate"] * (leaves["expiry"] - passed))
    return discount * black(contract.type.sign, forward, leaves["strike"], sqrt(variance))


@closed_form.register
def _lookback(contract: Lookback, leaves: Leaves) -> Operand | None:
    """M. Goldman, H. Sosin and M. Gatto (1979); A. Conze and R. Viswanathan (1991).

    The price is that of the payoff at the running extreme, plus an option on the extreme whose strike
    is the running extreme, or the contract's strike where that is further away.
    """
    if contract.monitoring != "continuous":
        return None
    values = {name: float(leaves[name].array[0]) for name in ("spot", "vol", "rate", "dividend_yield")}
    small = has_small_carry(contract, values)
    T = leaves["expiry"] - leaves["time"]
    discount = exp(-leaves["rate"] * T)
    sign = 1.0 if contract.seeks_maximum else -1.0
    so_far = leaves["spot"] * 1.0
    if contract.running_extreme is not None:
        further = sign * contract.running_extreme > sign * float(leaves["spot"].array[0])
        so_far = 0.0 * leaves["spot"] + contract.running_extreme if further else so_far
    if contract.strike_kind is StrikeKind.FLOATING:
        # The payoff is sign (E - S(T)), and E - so_far is the gain of the extreme E.
        expected = so_far * discount + sign * _gain(leaves, T, sign, so_far, small)
        return sign * (expected - leaves["spot"] * exp(-leaves["dividend_yield"] * T))
    K = leaves["strike"]
    if sign * float(so_far.array[0] - K.array[0]) > 0:
        return discount * sign * (so_far - K) + _gain(leaves, T, sign, so_far, small)
    return _gain(leaves, T, sign, K, small)


def _gain(leaves: Leaves, T: Operand, sign: float, level: Operand, small_carry: bool) -> Operand:
    """Price of max(sign (extreme - level), 0) for a level that the spot has not passed.

    It has the difference of f(c) = exp(c T) N(sign d(c)) and g(c) = exp(-2 c x / vol^2) N(sign d(-c)) over the carry
    c, where x = log(spot/level). Both are equal at c = 0: for a small c, the difference is the integral of f' - g'.
    """
    S, vol, carry = leaves["spot"], leaves["vol"], leaves["rate"] - leaves["dividend_yield"]
    deviation, x = vol * sqrt(T), log(S / level)

    def d(c: Operand) -> Operand:
        return (x + c * T) / deviation + 0.5 * deviation

    if small_carry:
        c, slope = carry * _PLACES, sign * T / deviation
        bell = 1 / math.sqrt(2 * math.pi)
        rising = exp(c * T) * (T * N(sign * d(c)) + slope * bell * exp(-0.5 * d(c) * d(c)))
        distance = 2 * x / (vol * vol)
        falling = exp(-c * distance) * (distance * N(sign * d(-c)) + slope * bell * exp(-0.5 * d(-c) * d(-c)))
        quotient = total((rising + falling) * _SHARES)
    else:
        quotient = (
            exp(carry * T) * N(sign * d(carry)) - exp(-2 * carry * x / (vol * vol)) * N(sign * d(-carry))
        ) / carry
    reflected = 0.5 * vol * vol * quotient
    return european(sign, leaves, level, T) + sign * S * exp(-leaves["rate"] * T) * reflected


@closed_form.register
def _cliquet(contract: Cliquet, leaves: Leaves) -> Operand:
    """Gross returns of the periods are independent and lognormal; each pays a spread of two calls."""
    expected: Operand = contract.floor * contract.periods
    for i in range(contract.periods):
        years = leaves["expiry"] / contract.periods - (leaves["time"] if i == 0 else 0.0 * leaves["time"])
        forward = exp((leaves["rate"] - leaves["dividend_yield"]) * years)
        deviation = leaves["vol"] * sqrt(years)
        for sign, level in ((1.0, contract.floor), (-1.0, contract.cap)):
            worthless = forward * 0.0 if level > -1 else forward - (1 + level)
            expected = expected + sign * (black(1.0, forward, 1 + level, deviation) if level > -1 else worthless)
    return contract.notional * exp(-leaves["rate"] * (leaves["expiry"] - leaves["time"])) * expected


@closed_form.register
def _variance_swap(contract: VarianceSwap, leaves: Leaves) -> Operand:
    """Squared logarithmic returns have mean vol^2 t + (drift t)^2."""
    vol, passed, n = leaves["vol"], leaves["time"], contract.fixings
    drift = leaves["rate"] - leaves["dividend_yield"] - 0.5 * vol * vol
    interval = leaves["expiry"] / n
    squares = vol * vol * (leaves["expiry"] - passed)
    squares = squares + drift * drift * ((interval - passed) ** 2 + (n - 1) * interval**2)
    realised = squares / leaves["expiry"]
    discount = exp(-leaves["rate"] * (leaves["expiry"] - passed))
    return contract.notional * discount * (realised - leaves["strike_vol"] * leaves["strike_vol"])
