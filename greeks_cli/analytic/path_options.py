"""Closed forms of path-dependent contracts."""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from greeks_cli.analytic.black import N, black, european
from greeks_cli.analytic.closed_form import AccrualsTo, closed_form
from greeks_cli.engine.autodiff.ops import Leaves, Operand, exp, log, sqrt, total
from greeks_cli.engine.simulation.accruals import Accruals
from greeks_cli.terms.contracts.contract import OptionType, StrikeKind
from greeks_cli.terms.contracts.fixings import Periodic
from greeks_cli.terms.contracts.path_dependent import Asian, Average, Lookback
from greeks_cli.terms.contracts.periodic import Cliquet, VarianceSwap

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(32)
_PLACES, _SHARES = 0.5 * (_NODES[:, None] + 1), 0.5 * _WEIGHTS[:, None]
"""Places between 0 and 1, and their shares in an integral."""


@closed_form.register
def _asian(contract: Asian, leaves: Leaves, accruals: AccrualsTo) -> Operand | None:
    """The geometric average is lognormal (A. Kemna and A. Vorst, 1990; here for discrete fixings, past ones too).

    The arithmetic average has a closed form where past fixings alone lift it to the strike.
    """
    if contract.is_decided:
        return _decided_asian(contract, leaves, accruals)
    if contract.average is not Average.GEOMETRIC or contract.strike_kind is not StrikeKind.FIXED:
        return None
    n, n_future = contract.n_averaged, len(contract.times) - contract.fixes_today
    mean = accruals.weighted([1 / n] * n_future)
    # The fixing at place i is the earlier one of 2 (n_future - i) - 1 pairs.
    variance = accruals.weighted([(2 * (n_future - i) - 1) / n**2 for i in range(n_future)]).variance
    level = leaves["spot"]
    if contract.past_fixings:
        level = exp(log(level) * (len(contract.times) / n) + leaves["past_logarithms"] / n)
    forward = level * exp(mean.growth + 0.5 * variance)
    return accruals().discount * black(contract.type.sign, forward, leaves["strike"], sqrt(variance))


def _decided_asian(contract: Asian, leaves: Leaves, accruals: AccrualsTo) -> Operand:
    """A forward on the arithmetic average for a call, nothing for a put."""
    n_future = len(contract.times) - contract.fixes_today
    growth = sum(exp(accruals(i).carry) for i in range(n_future)) + contract.fixes_today
    average = (leaves["spot"] * growth + leaves["past_sum"]) / contract.n_averaged
    gain = accruals().discount * (average - leaves["strike"])
    return gain if contract.type is OptionType.CALL else 0.0 * gain


@closed_form.register
def _lookback(contract: Lookback, leaves: Leaves, accruals: AccrualsTo) -> Operand | None:
    """M. Goldman, H. Sosin and M. Gatto (1979); A. Conze and R. Viswanathan (1991).

    The price is that of the payoff at the running extreme, plus an option on the extreme whose strike
    is the running extreme, or the contract's strike where that is further away.
    """
    if contract.looks:
        return None
    values = {name: float(leaves[name].array[0]) for name in ("spot", "vol", "rate", "dividend_yield")}
    small = contract.has_small_carry(values)
    T = leaves["expiry"] - leaves["time"]
    discount = exp(-leaves["rate"] * T)
    sign = 1.0 if contract.seeks_maximum else -1.0
    so_far = leaves["spot"] * 1.0
    if contract.running_extreme is not None:
        further = sign * contract.running_extreme > sign * float(leaves["spot"].array[0])
        so_far = 0.0 * leaves["spot"] + leaves["running_extreme"] if further else so_far
    if contract.strike_kind is StrikeKind.FLOATING:
        # The payoff is sign (E - S(T)), and E - so_far is the gain of the extreme E.
        expected = so_far * discount + sign * _gain(leaves, accruals(), T, sign, so_far, small)
        return sign * (expected - leaves["spot"] * exp(-leaves["dividend_yield"] * T))
    K = leaves["strike"]
    if sign * float(so_far.array[0] - K.array[0]) > 0:
        return discount * sign * (so_far - K) + _gain(leaves, accruals(), T, sign, so_far, small)
    return _gain(leaves, accruals(), T, sign, K, small)


def _gain(leaves: Leaves, to_expiry: Accruals, T: Operand, sign: float, level: Operand, small_carry: bool) -> Operand:
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
    return european(sign, S, level, to_expiry) + sign * S * exp(-leaves["rate"] * T) * reflected


@closed_form.register
def _cliquet(contract: Cliquet, leaves: Leaves, accruals: AccrualsTo) -> Operand:
    """Gross returns of the periods are independent and lognormal; each pays a spread of two calls."""
    expected: Operand = contract.floor * contract.periods
    for start, within, count in _periods(contract, leaves, accruals):
        forward = start * exp(within.carry)
        for sign, level in ((1.0, contract.floor), (-1.0, contract.cap)):
            worth = black(1.0, forward, 1 + level, within.deviation) if level > -1 else forward - (1 + level)
            expected = expected + sign * count * worth
    for gross in _settled(contract, leaves):
        expected = expected + _positive(gross - 1 - contract.floor) - _positive(gross - 1 - contract.cap)
    return contract.notional * accruals().discount * expected


@closed_form.register
def _variance_swap(contract: VarianceSwap, leaves: Leaves, accruals: AccrualsTo) -> Operand:
    """Squared logarithmic returns have mean variance + (start + growth)^2; the running period alone has a start."""
    to_expiry, squares = accruals(), accruals().variance
    for start, within, count in _periods(contract, leaves, accruals):
        squares = squares + count * (log(start) + within.growth) ** 2
    for gross in _settled(contract, leaves):
        squares = squares + log(gross) ** 2
    years = leaves["expiry"] * (contract.fixings / contract.n_remaining)
    realised = squares / (years if contract.elapsed is None else leaves["expiry"] + leaves["elapsed"])
    return contract.notional * to_expiry.discount * (realised - leaves["strike_vol"] * leaves["strike_vol"])


def _periods(contract: Periodic, leaves: Leaves, accruals: AccrualsTo) -> Iterator[tuple[Operand, Accruals, int]]:
    """The spot over the last fixing at the start, the accruals, and the count of periods that are alike."""
    n, spot = contract.n_remaining, leaves["spot"]
    yield 0.0 * spot + 1.0 if contract.fixes_today else spot / leaves["last_fixing"], accruals(0), 1
    if accruals.is_flat and n > 1:
        yield 1.0 + 0.0 * spot, accruals(1, since=0), n - 1
    elif n > 1:
        yield from ((1.0 + 0.0 * spot, accruals(i, since=i - 1), 1) for i in range(1, n))


def _settled(contract: Periodic, leaves: Leaves) -> Sequence[Operand]:
    """Ratios of the fixings that are known today, each to the fixing before."""
    known = [0.0 * leaves["spot"] + price for price in leaves["past_fixings"]]
    known += [leaves["spot"]] if contract.fixes_today else []
    return [later / earlier for earlier, later in pairwise(known)]


def _positive(x: Operand) -> Operand:
    """max(x, 0) of a number on whose sign the structure depends."""
    return x if float(x.array[0]) > 0 else 0.0 * x
