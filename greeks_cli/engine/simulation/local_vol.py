"""Local variance of a surface of quoted vols, as a graph of the log-moneyness of the paths and of the quotes.

B. Dupire's formula (Risk 7, 1994) in terms of total variance w(k, t) (J. Gatheral, The Volatility Surface, 2006,
chapter 1): the local variance is the derivative of w in time, at a constant k, over Durrleman's function of w.
Total variance is linear in that of the quotes; splines that do not depend on vols say how. With a shift s of all vols,
w = sum of T (vol + s)^2 times the spline of each quote = W + s W1 + s^2 t, where W and W1 are splines of numbers alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from typing import Any

import numpy as np

from greeks_cli.engine.autodiff.chainer_runtime import F
from greeks_cli.engine.autodiff.ops import Leaves, Operand, is_variable, total, values_of
from greeks_cli.engine.autodiff.piecewise import piecewise
from greeks_cli.terms.pieces import Floats, Pieces
from greeks_cli.terms.smiles import Smile, Smiles, durrleman

LEAST_RATE, LEAST_DENSITY = 1e-10, 1e-2
"""Floors: of the growth of total variance per year, and of Durrleman's function. Quotes are checked to lie above 0, and
prices far outside them, or where the density is next to nothing, may lie below.
"""


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

    @property
    def expiries(self) -> tuple[Operand, ...]:
        """The expiries of the smiles: two, or one before the first and beyond the last."""
        return tuple(smile.expiry for smile in self.smiles)

    def with_numbers(self, sourced: Callable[[str, Any], Operand]) -> "Interval":
        """The interval with all of its numbers replaced by name, such as by the sources of a trace.

        One trace then serves all surfaces and expiries; it depends on the names of quotes that are Variables alone.
        """
        pieces = self.smiles[0].splines
        line = replace(pieces, breaks=sourced("breaks", pieces.breaks), origins=sourced("origins", pieces.origins))
        return Interval(tuple(smile.with_numbers(line, i, sourced) for i, smile in enumerate(self.smiles)))

    def local_variance(
        self, leaves: Leaves, time: Operand, k: Operand, moved: Sequence[Operand] | None = None
    ) -> Operand:
        """The local variance at a time within the interval and the log-moneyness ``k`` of each path.

        ``leaves`` are ``vol``, the shift of all quotes, and the quotes by name. A quote whose leaf is no Variable has
        its number in the surface. Quotes keep their strikes as forwards move: ``moved`` is the logarithm of the forward
        at the expiry of each smile over that of the surface, and ``k`` is relative to the moved forward.
        """
        places = [k] * len(self.smiles)
        if moved is not None:
            one, *others = moved
            first = k + one
            places = [first, *(first if other is one else k + other for other in others)]
        if len(self.smiles) == 1:
            expiry = self.smiles[0].expiry
            w, slope, curvature = (self._variance(leaves, places, order, (1.0,)) for order in range(3))
            return _dupire(k, w, slope, time * (1 / expiry), curvature, w * (1 / expiry))
        start, end = self.expiries
        share = (time - start) * (1 / (end - start))
        w, slope, curvature = (self._variance(leaves, places, order, (1 - share, share)) for order in range(3))
        rate = self._variance(leaves, places, 0, (-1 / (end - start), 1 / (end - start)))
        return _dupire(k, w, slope, 1.0, curvature, rate)

    def _variance(self, leaves: Leaves, places: Sequence[Operand], order: int, weights: Sequence[Operand]) -> Operand:
        """The derivative of an order of the weighted sum of the smiles' total variances, each at its place."""
        found = _weighted([smile.at_numbers for smile in self.smiles], weights, places, order)
        shift = leaves["vol"]
        if not (isinstance(shift, float) and shift == 0):
            found = found + shift * _weighted([smile.by_shift for smile in self.smiles], weights, places, order)
            if not order:
                each = zip(weights, self.smiles, strict=True)
                found = found + shift * shift * sum(weight * smile.expiry for weight, smile in each)
        for weight, smile, place in zip(weights, self.smiles, places, strict=True):
            if live := [i for i, name in enumerate(smile.names) if is_variable(leaves[name])]:
                found = found + weight * smile.moved_by(live, leaves, place, order)
        return found


def _weighted(
    functions: Sequence[Pieces], weights: Sequence[Operand], places: Sequence[Operand], order: int
) -> Operand:
    """The derivative of an order of a weighted sum of functions, each at its place.

    At one place for all, weights that are the same on all paths act on the tables.
    """
    differ = any(values_of(weight).ndim for weight in weights if not isinstance(weight, float))
    if differ or any(place is not places[0] for place in places):
        each = zip(weights, functions, places, strict=True)
        return reduce(add, (weight * piecewise(one, place, order) for weight, one, place in each))
    tables = (weight * one.coefficients for weight, one in zip(weights, functions, strict=True))
    return piecewise(replace(functions[0], coefficients=reduce(add, tables)), places[0], order)


def _dupire(k: Operand, w: Operand, slope: Operand, share: Operand, curvature: Operand, rate: Operand) -> Operand:
    """The local variance where total variance and its derivatives in k are a share of those given.

    The share is 0 at time 0, where the ratio of slope and variance has a limit.
    """
    factor = durrleman(k, w, slope, curvature, share)
    return _floored(rate, LEAST_RATE) / _floored(factor, LEAST_DENSITY)


def _floored(x: Operand, least: float) -> Operand:
    """x where it is above the floor, else the floor, which has no derivatives."""
    values = values_of(x)
    above = (values > least).astype(values.dtype)
    return above * (x - least) + least


@dataclass(frozen=True, eq=False)
class _SmileOfLeaves:
    """The total variance of one expiry on given pieces."""

    expiry: Operand
    names: tuple[str, ...]
    vols: Operand
    splines: Pieces
    at_numbers: Pieces
    by_shift: Pieces

    @classmethod
    def of(cls, smile: Smile, names: Sequence[str], breaks: Floats) -> "_SmileOfLeaves":
        pieces = (smile.splines.on(breaks), smile.variance.on(breaks), smile.by_shift.on(breaks))
        return cls(smile.expiry, tuple(names), smile.vols, *pieces)

    def with_numbers(self, line: Pieces, which: int, sourced: Callable[[str, Any], Operand]) -> "_SmileOfLeaves":
        """The smile with its numbers replaced; ``line`` has the pieces, ``which`` is part of the names."""

        def opened(name: str) -> Pieces:
            return replace(line, coefficients=sourced(f"{name} {which}", getattr(self, name).coefficients))

        expiry, vols = (sourced(f"{name} {which}", np.asarray(getattr(self, name))) for name in ("expiry", "vols"))
        return _SmileOfLeaves(expiry, self.names, vols, *map(opened, ("splines", "at_numbers", "by_shift")))

    def moved_by(self, live: list[int], leaves: Leaves, k: Operand, order: int) -> Operand:
        """The part that moves with the quotes that are Variables: T (q - q0)(q + q0 + 2s) times the spline of each."""
        quotes = [(leaves[self.names[i]], self.vols[i]) for i in live]
        moves = [self.expiry * (q - vol) * (q + vol + 2 * leaves["vol"]) for q, vol in quotes]
        return total(F.stack(moves) * piecewise(self.splines.only(live), k, order))
