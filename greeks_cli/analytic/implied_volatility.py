"""Implied volatility: the vol at which the formula of F. Black (1976) gives a price, on arrays of European options.

The method is that of P. Jaeckel, "Let's be rational" (2015), in other variables: a rational guess, then Householder's
iteration of order 4 on the logarithm of the price. With M the Mills ratio, a = |log(F/K)| and s = vol sqrt(T), the
option that is out of the money is worth, as a share of its bound min(F, K),

    n(u) (M(u) - M(v)),  u = a/s - s/2,  v = a/s + s/2,

and 1 minus that share is n(u) (M(-u) + M(v)). The derivative of the share by s is n(u).
"""

import enum
from dataclasses import dataclass
from math import log, pi

import numpy as np
from numpy.typing import ArrayLike, NDArray

from greeks_cli.analytic.mills_ratio import Array, mills_ratio

Outcomes = NDArray[np.int8]


class Found(enum.IntEnum):
    """The outcome for one price: a vol, or the reason why there is none."""

    VOL = 0
    TOO_LOW = 1
    """The price is the value at vol 0, or below."""
    TOO_HIGH = 2
    """The price is the limit for large vols, or above."""
    UNDETERMINED = 3
    """Rounding decides the vol: the last bit of the price, or of the forward, moves it by more than 1e-6."""


LEAST_ACCURACY = 1e-6
"""The largest relative error of a vol that rounding of its price or forward may cause."""


@dataclass(frozen=True, slots=True)
class ImpliedVols:
    """Vols of several prices, NaN where there is none; ``outcomes`` are numbers of ``Found``.

    ``accuracy`` is the relative change of the vol for one unit in the last place of the undiscounted price; in the
    money, of the larger of forward and strike, from whose difference the price hardly differs.
    """

    vols: Array
    outcomes: Outcomes
    accuracy: Array


_ROWS = 8192
"""Rows of a block, whose arrays stay in the cache."""


def implied_vols(
    forward: ArrayLike, strike: ArrayLike, discount: ArrayLike, years: ArrayLike, sign: ArrayLike, price: ArrayLike
) -> ImpliedVols:
    """Vols implied from prices of calls (``sign`` 1) and puts (-1), for positive arrays of one shape.

    The vol agrees with the exact solution for these six numbers to 1e-12. Rounding of the numbers themselves may leave
    it less certain, deep in the money for one, which ``accuracy`` tells.
    """
    inputs = np.broadcast_arrays(*(np.asarray(x, float) for x in (forward, strike, discount, years, sign, price)))
    rows = np.stack([one.ravel() for one in inputs])
    blocks = [_solved(*rows[:, start : start + _ROWS]) for start in range(0, max(1, rows.shape[1]), _ROWS)]
    vols, outcomes, accuracy = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    return ImpliedVols(vols, outcomes, accuracy)


def _solved(
    forward: Array, strike: Array, discount: Array, years: Array, sign: Array, price: Array
) -> tuple[Array, Outcomes, Array]:
    """Vols, outcomes and accuracy of a block."""
    paid, beyond = _quotient(price, discount)
    share, rest = _shares(forward, strike, sign, paid, beyond)
    outcomes = np.where(share <= 0, Found.TOO_LOW, np.where(rest <= 0, Found.TOO_HIGH, Found.VOL)).astype(np.int8)
    vols, accuracy = np.full_like(price, np.nan), np.full_like(price, np.inf)
    rows = np.flatnonzero(outcomes == Found.VOL)
    bound = np.minimum(forward, strike)[rows]
    moneyness = np.log1p(np.abs(forward - strike)[rows] / bound)
    with np.errstate(divide="ignore", over="ignore", under="ignore"):  # next to 0 the outcome is UNDETERMINED
        deviation = _deviations(moneyness, share[rows], rest[rows])
        slope = np.exp(-0.5 * (moneyness / deviation - 0.5 * deviation) ** 2 - _HALF_LOG_2PI)
        inside = sign * (forward - strike) > 0
        accuracy[rows] = np.spacing(np.where(inside, np.maximum(forward, strike), paid)[rows]) / (
            bound * slope * deviation
        )
    vols[rows] = deviation / np.sqrt(years[rows])
    lost = rows[~(accuracy[rows] <= LEAST_ACCURACY)]
    vols[lost], outcomes[lost] = np.nan, Found.UNDETERMINED
    return vols, outcomes, accuracy


_SPLITTER = 2.0**27 + 1


def _quotient(one: Array, other: Array) -> tuple[Array, Array]:
    """The quotient, and what rounding takes from it (T. J. Dekker, 1971)."""
    quotient = one / other
    high, divisor_high = _upper_half(quotient), _upper_half(other)
    low, divisor_low = quotient - high, other - divisor_high
    product = quotient * other
    error = ((high * divisor_high - product) + high * divisor_low + low * divisor_high) + low * divisor_low
    return quotient, ((one - product) - error) / other


def _upper_half(x: Array) -> Array:
    """The number rounded to 26 bits."""
    wide = _SPLITTER * x
    return wide - (wide - x)


def _shares(forward: Array, strike: Array, sign: Array, paid: Array, beyond: Array) -> tuple[Array, Array]:
    """The undiscounted price of the option out of the money as a share of its bound, and the rest of the bound.

    Put-call parity takes an option in the money to the other side. ``beyond`` is the part of the price that rounding
    of the division by the discount factor took; without it nothing would be left of a small difference.
    """
    calls = sign > 0
    intrinsic = sign * (forward - strike)
    # The difference is exact unless one number is more than twice the other; then its rounding error is this:
    back = forward - sign * intrinsic
    rounding = sign * ((forward - (sign * intrinsic + back)) + (back - strike))
    inside = intrinsic > 0
    time_value = (paid - np.where(inside, intrinsic, 0.0)) + (beyond - np.where(inside, rounding, 0.0))
    rest = (np.where(calls, forward, strike) - paid) - beyond
    bound = np.minimum(forward, strike)
    return time_value / bound, rest / bound


_HALF_LOG_2PI = 0.5 * log(2 * pi)
_FAR = 1 / 3
"""The rest of the bound below which it is better determined than the price."""
_ITERATIONS = 12
_NEAR = 1e-4
"""A relative step after which the next one is below rounding."""


def _deviations(moneyness: Array, share: Array, rest: Array) -> Array:
    """The standard deviation of log S(T) for every share; NaN where the iteration does not end."""
    side = np.where(rest < _FAR, -1.0, 1.0)
    target = np.log(np.where(rest < _FAR, rest, share))
    s = _guess(moneyness, share, rest)
    found = np.full_like(s, np.nan)
    rows = np.arange(len(s))
    for _ in range(_ITERATIONS):
        step = _step(s, moneyness, target, side)
        s = s + step
        is_open = np.abs(step) > _NEAR * s
        found[rows[~is_open]] = s[~is_open]
        if not is_open.any():
            break
        rows, s, moneyness = rows[is_open], s[is_open], moneyness[is_open]
        target, side = target[is_open], side[is_open]
    return found


def _step(s: Array, moneyness: Array, target: Array, side: Array) -> Array:
    """One step of A. Householder's method of order 4 towards ``target``, the logarithm of the price or of the rest.

    With r = M(u) - M(v), or -(M(-u) + M(v)) of the rest, the derivatives of log |n(u) r| are those of a function with
    f' = 1/r and r' = 1 - (uv/s) r.
    """
    half, ratio = 0.5 * s, moneyness / s
    u, v = ratio - half, ratio + half
    r = _ratio_of_price_to_vega(u, v, side)
    small = np.flatnonzero(s < _SMALL)
    if small.size:
        r[small] = _ratio_of_small_deviations(ratio[small], half[small])
    newton = (target - (np.log(np.abs(r)) - 0.5 * u * u - _HALF_LOG_2PI)) * r
    bend, inverse = u * v / s, 1 / r
    second = bend - inverse
    third = bend * (bend - 3 * inverse) + 2 * inverse * inverse - 3 * (ratio / s) ** 2 - 0.25
    return newton * (1 + 0.5 * newton * second) / (1 + newton * (second + newton * third / 6))


def _ratio_of_price_to_vega(u: Array, v: Array, side: Array) -> Array:
    """M(u) - M(v) where ``side`` is 1, -M(-u) - M(v) where it is -1."""
    both = mills_ratio(np.concatenate((side * u, v)))
    return side * both[: len(u)] - both[len(u) :]


_SMALL = 0.01
"""Deviations below which M(u) - M(v) cancels too much."""


def _ratio_of_small_deviations(middle: Array, half: Array) -> Array:
    """M(middle - half) - M(middle + half) by its odd Taylor series, from M' = z M - 1."""
    m0 = mills_ratio(middle)
    m1 = middle * m0 - 1
    m2 = m0 + middle * m1
    m3 = 2 * m1 + middle * m2
    m4 = 3 * m2 + middle * m3
    m5 = 4 * m3 + middle * m4
    square = half * half
    return -2 * half * (m1 + square / 6 * (m3 + square / 20 * m5))


_SMALL_SQUARE = (2 * pi, 1.15026, 0.193889, 0.0130296, 6.19394e-05), (1.0, 0.182325, 0.0245488, 1.23738e-4)
_LARGE_SQUARE = (2 / pi, 0.757406, 0.114871), (1.0, 0.227543)
"""Numerators and denominators of the squares in a guess, fitted to the exact ones; the first number is the limit."""


def _guess(moneyness: Array, share: Array, rest: Array) -> Array:
    """A first standard deviation.

    Where it is small, L. Bachelier's price b = a (n(m)/m - N(-m)), m = a/s, inverted to 1e-4 by a rational function of
    g = log(1 + a/b) for (g/m)^2. Where it is large, 2 z with N(-z) half the rest, by one of g = -log(rest) for (g/z)^2.
    """
    a = np.maximum(moneyness, 1e-290)  # at the money both a and g vanish, and not their quotient
    g = np.log1p(np.minimum(a / share * np.exp(0.5 * a), 1e300))
    s = a / g * np.sqrt(_rational(g, *_SMALL_SQUARE))
    s = np.minimum(s, 1 + np.sqrt(1 + 2 * a))
    far = np.flatnonzero(rest < _FAR)
    if far.size:
        g = 0.5 * moneyness[far] - np.log(rest[far])
        s[far] = 2 * g / np.sqrt(_rational(g, *_LARGE_SQUARE))
    return s


def _rational(x: Array, above: tuple[float, ...], below: tuple[float, ...]) -> Array:
    """A quotient of polynomials, lowest powers first."""
    numerator, denominator = (np.polynomial.polynomial.polyval(x, one) for one in (above, below))
    return numerator / denominator
