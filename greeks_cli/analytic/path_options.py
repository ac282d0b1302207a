"""Closed forms of path-dependent contracts."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from greeks_cli.analytic.closed_form import N, black, closed_form, european
from greeks_cli.engine.autodiff.ops import Leaves, Operand, exp, log, sqrt, total
from greeks_cli.terms.contract import Contract, OptionType, StrikeKind
from greeks_cli.terms.fixings import Periodic
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
    """The geometric average is lognormal (A. Kemna and A. Vorst, 1990; here for discrete fixings, past ones too).

    The arithmetic average has a closed form where past fixings alone lift it to the strike.
    """
    if contract.is_decided:
        return _decided_asian(contract, leaves)
    if contract.average is not Average.GEOMETRIC or contract.strike_kind is not StrikeKind.FIXED:
        return None
    future = [time for time in contract.times if time > 0]
    n, n_future, passed, vol = contract.n_averaged, len(future), leaves["time"], leaves["vol"]
    drift = leaves["rate"] - leaves["dividend_yield"] - 0.5 * vol * vol
    years = (sum(future) - n_future * passed) / n
    shared = sum((2 * (n_future - i) - 1) * time for i, time in enumerate(future))
    variance = vol * vol * (shared - n_future**2 * passed) / n**2
    level = leaves["spot"]
    if contract.past_fixings:
        level = exp(log(level) * (len(contract.times) / n) + sum(map(math.log, contract.past_fixings)) / n)
    forward = level * exp(drift * years + 0.5 * variance)
    discount = exp(-leaves["rate"] * (leaves["expiry"] - passed))
    return discount * black(contract.type.sign, forward, leaves["strike"], sqrt(variance))


def _decided_asian(contract: Asian, leaves: Leaves) -> Operand:
    """A forward on the arithmetic average for a call, nothing for a put."""
    passed, carry = leaves["time"], leaves["rate"] - leaves["dividend_yield"]
    growth = sum(exp(carry * (time - passed)) if time else 1.0 for time in contract.times)
    average = (leaves["spot"] * growth + sum(contract.past_fixings)) / contract.n_averaged
    gain = exp(-leaves["rate"] * (leaves["expiry"] - passed)) * (average - leaves["strike"])
    return gain if contract.type is OptionType.CALL else 0.0 * gain


@closed_form.register
def _lookback(contract: Lookback, leaves: Leaves) -> Operand | None:
    """M. Goldman, H. Sosin and M. Gatto (1979); A. Conze and R. Viswanathan (1991).

    The price is that of the payoff at the running extreme, plus an option on the extreme whose strike
    is the running extreme, or the contract's strike where that is further away.
    """
    if contract.looks:
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
    (first, start), others = _running(contract, leaves), _period(contract, leaves)
    for years, gross, count in ((first, start, 1), (others, 1.0, contract.n_remaining - 1)):
        forward = gross * exp((leaves["rate"] - leaves["dividend_yield"]) * years)
        deviation = leaves["vol"] * sqrt(years)
        for sign, level in ((1.0, contract.floor), (-1.0, contract.cap)):
            worth = black(1.0, forward, 1 + level, deviation) if level > -1 else forward - (1 + level)
            expected = expected + sign * count * worth
    for gross in _settled(contract, leaves):
        expected = expected + _positive(gross - 1 - contract.floor) - _positive(gross - 1 - contract.cap)
    return contract.notional * exp(-leaves["rate"] * (leaves["expiry"] - leaves["time"])) * expected


@closed_form.register
def _variance_swap(contract: VarianceSwap, leaves: Leaves) -> Operand:
    """Squared logarithmic returns have mean vol^2 t + (start + drift t)^2; the running period alone has a start."""
    vol, passed = leaves["vol"], leaves["time"]
    drift = leaves["rate"] - leaves["dividend_yield"] - 0.5 * vol * vol
    (first, start), interval = _running(contract, leaves), _period(contract, leaves)
    squares = vol * vol * (leaves["expiry"] - passed) + (log(start) + drift * first) ** 2
    squares = squares + (contract.n_remaining - 1) * (drift * interval) ** 2
    for gross in _settled(contract, leaves):
        squares = squares + log(gross) ** 2
    years = interval * contract.fixings if contract.elapsed is None else leaves["expiry"] + contract.elapsed
    realised = squares / years
    discount = exp(-leaves["rate"] * (leaves["expiry"] - passed))
    return contract.notional * discount * (realised - leaves["strike_vol"] * leaves["strike_vol"])


def _period(contract: Periodic, leaves: Leaves) -> Operand:
    """Years of a period to come."""
    if contract.elapsed is None or contract.is_crowded:
        return leaves["expiry"] / contract.n_remaining
    return (leaves["expiry"] + contract.elapsed) / contract.n_periods


def _running(contract: Periodic, leaves: Leaves) -> tuple[Operand, Operand]:
    """Years to the next fixing, and the spot over the last one."""
    years = leaves["expiry"] - (contract.n_remaining - 1) * _period(contract, leaves) - leaves["time"]
    spot = leaves["spot"]
    return years, 0.0 * spot + 1.0 if contract.fixes_today else spot / contract.past_fixings[-1]


def _settled(contract: Periodic, leaves: Leaves) -> Sequence[Operand]:
    """Ratios of the fixings that are known today, each to the fixing before."""
    known = [0.0 * leaves["spot"] + price for price in contract.past_fixings]
    known += [leaves["spot"]] if contract.fixes_today else []
    return [later / earlier for earlier, later in pairwise(known)]


def _positive(x: Operand) -> Operand:
    """max(x, 0) of a number on whose sign the structure depends."""
    return x if float(x.array[0]) > 0 else 0.0 * x
