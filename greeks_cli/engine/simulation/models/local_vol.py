"""Local variance of a surface of quoted vols, as a graph of the log-moneyness of the paths and of the quotes.

B. Dupire's formula (Risk 7, 1994) in terms of total variance w(k, t) (J. Gatheral, The Volatility Surface, 2006,
chapter 1): the local variance is the derivative of w in time, at a constant k, over Durrleman's function of w.
Total variance is linear in that of the quotes; splines that do not depend on vols say how. With a shift s of all vols,
w = sum of T (vol + s)^2 times the spline of each quote = W + s W1 + s^2 t, where W and W1 are splines of numbers alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import pairwise
from operator import add

import numpy as np

from greeks_cli.engine.autodiff.chainer_runtime import F
from greeks_cli.engine.autodiff.ops import Leaves, Operand, is_variable, total, values_of
from greeks_cli.engine.autodiff.piecewise import piecewise
from greeks_cli.terms.markets.pieces import Floats, Pieces
from greeks_cli.terms.markets.smiles import Smile, Smiles, durrleman, places_within

LEAST_RATE, LEAST_DENSITY = 1e-10, 1e-2
"""Floors: of the growth of total variance per year, and of Durrleman's function. Quotes are checked to lie above 0, and
prices far outside them, or where the density is next to nothing, may lie below.
"""
_FURTHEST = 7.0
"""Standard deviations from the forward that the price may come to; what lies beyond has a probability of 1e-12."""
_CHECKED_TIMES, _CHECKS_BEYOND, _WIDEST = 9, 160, 100.0
"""Checks for floors: times between expiries, points beyond the outermost breaks, their largest distance in k."""


class LocalVol:
    """The local variance of a surface, by intervals between its expiries."""

    def __init__(self, smiles: Smiles):
        self._expiries = smiles.surface.expiries
        first, last, names = smiles.all[:1], smiles.all[-1:], smiles.surface.names
        pairs = zip(smiles.all, smiles.all[1:], strict=False)
        self._intervals = (
            Interval.of(first, names[:1]),
            *(Interval.of(pair, names[i : i + 2]) for i, pair in enumerate(pairs)),
            Interval.of(last, names[-1:]),
        )

    def interval(self, time: float) -> "Interval":
        """The interval of a time; an expiry begins the interval that follows."""
        return self.between(self.place(time))

    def place(self, time: float) -> int:
        """The number of expiries until a time."""
        return sum(expiry <= time for expiry in self._expiries)

    def between(self, place: int) -> "Interval":
        """The interval that follows a number of expiries."""
        return self._intervals[place]

    def total_variance(self, leaves: Leaves, time: float, k: Operand, order: int = 0) -> Operand:
        """The derivative of an order in k of the total variance until a time."""
        return self.interval(time).total_variance(leaves, time, k, order)

    def is_floored(self, until: float) -> bool:
        """True if a floor holds before a time where the price may come to be.

        Without one, Europeans have the prices of the surface (B. Dupire, 1994).
        """
        ends = [0.0, *(expiry for expiry in self._expiries if expiry < until), until]
        return any(self.between(place).is_floored(*span) for place, span in enumerate(pairwise(ends)))


@dataclass(frozen=True, eq=False)
class Interval:
    """The local variance between two expiries, or before the first and beyond the last, where there is one smile."""

    smiles: tuple["_SmileOfLeaves", ...]

    @classmethod
    def of(cls, smiles: Sequence[Smile], names: Sequence[Sequence[str]]) -> "Interval":
        """The interval of one smile or two; ``names`` are the leaves of the quotes of each."""
        breaks = smiles[0].splines.breaks
        for smile in smiles[1:]:
            breaks = np.union1d(breaks, smile.splines.breaks)
        found = (_SmileOfLeaves.of(smile, own, breaks) for smile, own in zip(smiles, names, strict=True))
        return cls(tuple(found))

    def local_variance(self, leaves: Leaves, time: Operand, k: Operand) -> Operand:
        """The local variance at a time within the interval and the log-moneyness ``k`` of each path.

        ``leaves`` are ``vol``, the shift of all quotes, and the quotes by name. A quote whose leaf is no Variable has
        its number in the surface. ``k`` is relative to the forwards of the surface.
        """
        rate, factor = self._parts(leaves, time, k)
        return _floored(rate, LEAST_RATE) / _floored(factor, LEAST_DENSITY)

    def total_variance(self, leaves: Leaves, time: float, k: Operand, order: int = 0) -> Operand:
        """The derivative of an order in k of the total variance until a time within the interval."""
        return self._variance(leaves, k, order, self._weights(time))

    def is_floored(self, start: float, end: float) -> bool:
        """True if a floor holds between two times at a log-moneyness that the price may come to."""
        leaves = {"vol": 0.0, **{name: 0.0 for smile in self.smiles for name in smile.names}}
        k = _places(self.smiles[0].at_numbers.breaks)
        for time in np.linspace(start, end, _CHECKED_TIMES)[0 if start else 1 :].tolist():
            deviation = np.sqrt(self.total_variance(leaves, time, k))
            middle = k / deviation
            nearest = np.minimum(np.abs(middle - 0.5 * deviation), np.abs(middle + 0.5 * deviation))
            rate, factor = self._parts(leaves, time, k)
            if ((nearest <= _FURTHEST) & ~((rate > LEAST_RATE) & (factor > LEAST_DENSITY))).any():
                return True
        return False

    def _weights(self, time: Operand) -> tuple[Operand, ...]:
        """The weights of the smiles in the total variance until a time."""
        if len(self.smiles) == 1:
            return (time * (1 / self.smiles[0].expiry),)
        start, end = (smile.expiry for smile in self.smiles)
        share = (time - start) * (1 / (end - start))
        return 1 - share, share

    def _parts(self, leaves: Leaves, time: Operand, k: Operand) -> tuple[Operand, Operand]:
        """The derivative of total variance in time, and Durrleman's function."""
        if len(self.smiles) == 1:  # total variance over that of the expiry has a limit at time 0
            w, slope, curvature = (self._variance(leaves, k, order, (1.0,)) for order in range(3))
            return w * (1 / self.smiles[0].expiry), durrleman(k, w, slope, curvature, *self._weights(time))
        start, end = (smile.expiry for smile in self.smiles)
        w, slope, curvature = (self._variance(leaves, k, order, self._weights(time)) for order in range(3))
        rate = self._variance(leaves, k, 0, (-1 / (end - start), 1 / (end - start)))
        return rate, durrleman(k, w, slope, curvature)

    def _variance(self, leaves: Leaves, k: Operand, order: int, weights: Sequence[Operand]) -> Operand:
        """The derivative of an order of the weighted sum of the smiles' total variances."""
        found = _weighted([smile.at_numbers for smile in self.smiles], weights, k, order)
        shift = leaves["vol"]
        if not (isinstance(shift, float) and shift == 0):
            found = found + shift * _weighted([smile.by_shift for smile in self.smiles], weights, k, order)
            if not order:
                each = zip(weights, self.smiles, strict=True)
                found = found + shift * shift * sum(weight * smile.expiry for weight, smile in each)
        for weight, smile in zip(weights, self.smiles, strict=True):
            if live := [i for i, name in enumerate(smile.names) if is_variable(leaves[name])]:
                found = found + weight * smile.moved_by(live, leaves, k, order)
        return found


def _weighted(functions: Sequence[Pieces], weights: Sequence[Operand], k: Operand, order: int) -> Operand:
    """The derivative of an order of a weighted sum of functions.

    Weights that are the same on all paths act on the tables.
    """
    if any(values_of(weight).ndim for weight in weights if not isinstance(weight, float)):
        each = zip(weights, functions, strict=True)
        return reduce(add, (weight * piecewise(one, k, order) for weight, one in each))
    tables = (weight * one.coefficients for weight, one in zip(weights, functions, strict=True))
    return piecewise(replace(functions[0], coefficients=reduce(add, tables)), k, order)


def _places(breaks: Floats) -> Floats:
    """Log-moneyness within each piece, and far beyond the outermost breaks."""
    beyond = np.geomspace(1e-3, _WIDEST, _CHECKS_BEYOND)
    return np.concatenate([breaks[0] - beyond[::-1], places_within(breaks), breaks[-1] + beyond])


def _floored(x: Operand, least: float) -> Operand:
    """x where it is above the floor, else the floor, which has no derivatives."""
    values = values_of(x)
    above = (values > least).astype(values.dtype)
    return above * (x - least) + least


@dataclass(frozen=True, eq=False)
class _SmileOfLeaves:
    """The total variance of one expiry on given pieces."""

    expiry: float
    names: tuple[str, ...]
    vols: Floats
    splines: Pieces
    at_numbers: Pieces
    by_shift: Pieces

    @classmethod
    def of(cls, smile: Smile, names: Sequence[str], breaks: Floats) -> "_SmileOfLeaves":
        pieces = (smile.splines.on(breaks), smile.variance.on(breaks), smile.by_shift.on(breaks))
        return cls(smile.expiry, tuple(names), smile.vols, *pieces)

    def moved_by(self, live: list[int], leaves: Leaves, k: Operand, order: int) -> Operand:
        """The part that moves with the quotes that are Variables: T (q - q0)(q + q0 + 2s) times the spline of each."""
        quotes = [(leaves[self.names[i]], self.vols[i]) for i in live]
        moves = [self.expiry * (q - float(vol)) * (q + float(vol) + 2 * leaves["vol"]) for q, vol in quotes]
        return total(F.stack(moves) * piecewise(self.splines.only(live), k, order))
