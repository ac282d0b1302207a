"""Payments on two underlyings, given the second: rules of quadrature, chosen in NumPy.

Given B, a payment that is piecewise linear in A is a line and puts on A, whose values are formulas of Black. Their mean
over B is an integral over a normal x, by the rule of Gauss and Legendre on panels in which no argument of a normal
distribution function changes by much.

Where two lines meet at A = B above 0 or below, the mean given B bends at one value of B. Places are then measured from
there, so that no derivative moves the bend over a place.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import log, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.compiler import elementary

Array = NDArray[np.float64]

_PER_PANEL = 16
_PLACES, _SHARES = np.polynomial.legendre.leggauss(_PER_PANEL)
_REACH = 11.0
"""Standard deviations beyond which a normal density no longer counts, nor its derivatives."""
_WIDEST = 1.5
_LARGEST_STEP, _SATURATED = 2.0, 11.0
"""The change within a panel of an argument of the normal distribution function, and where that is 0 or 1."""
_MOST_HALVINGS = 60
_LADDER = (16, 20, 24, 32, 40, 48, 64, 80, 96, 128, 192, 256)
"""Numbers of panels; rules are filled up to one of them, so that many trades have rules of one size."""
_INSIDE = (1e-9, 0.5, 1 - 1e-9)


class Line(NamedTuple):
    """The line of_given B + of_strike K + slope A."""

    slope: float
    of_given: float
    of_strike: float


class Puts(NamedTuple):
    """Puts on A at each value of B: their strikes of_given B + of_strike K, and their number."""

    of_given: Array
    of_strike: Array
    number: Array


@dataclass(frozen=True)
class Payment:
    """The positive part of one line where A < B, and of another one where A > B, equal where A = B."""

    low: Line
    high: Line

    @cached_property
    def is_line(self) -> bool:
        """True if the two lines are one."""
        return self.low == self.high

    def bend(self, strike: float) -> float | None:
        """The value of B at which the lines meet at 0; None where there is none."""
        if self.is_line or self.low.slope == self.high.slope:
            return None
        return _root(self.low.slope + self.low.of_given, self.low.of_strike, strike)

    def splits(self, strike: float) -> Iterator[float]:
        """The values of B at which the payment given B is another function."""
        roots = [_root(line.of_given, line.of_strike, strike) for line in (self.low, self.high)]
        yield from (root for root in (*roots, self.bend(strike)) if root is not None)

    def beyond(self, given: Array, strike: float) -> tuple[Array, Array, Array]:
        """The line that the payment is for large A: its slope, its shares of B and of K."""
        line = self.high
        counts = np.full_like(given, line.slope > 0)
        if line.slope == 0:
            counts = (line.of_given * given + line.of_strike * strike > 0).astype(float)
        return line.slope * counts, line.of_given * counts, line.of_strike * counts

    def puts(self, given: Array, strike: float) -> Puts:
        """The puts that make up the difference, a row for each of the places where the payment bends in A."""
        low, high = self.low, self.high
        start = low.of_given * given + low.of_strike * strike
        if self.is_line:
            return _stacked([_at_root(low, start * low.slope < 0)])
        middle = start + low.slope * given
        number: Array = np.where(middle > 0, high.slope - low.slope, 0.0)
        at_given = Puts(np.ones_like(given), np.zeros_like(given), number)
        return _stacked([_at_root(low, start * middle < 0), at_given, _at_root(high, middle * high.slope < 0)])


def _root(of_given: float, of_strike: float, strike: float) -> float | None:
    root = -of_strike * strike / of_given if of_given else 0.0
    return root if root > 0 else None


def _at_root(line: Line, counts: NDArray[np.bool_]) -> Puts:
    """The puts of a line that crosses 0; where it does not count, of a strike that can be priced."""
    number: Array = np.where(counts, 1.0, 0.0)
    slope = line.slope or 1.0
    of_given = np.where(counts, -line.of_given / slope, 1.0)
    return Puts(of_given, number * (-line.of_strike / slope), abs(line.slope) * number)


def _stacked(puts: list[Puts]) -> Puts:
    return Puts(*(np.stack(rows) for rows in zip(*puts, strict=True)))


class Laws(NamedTuple):
    """The laws of two underlyings: means and standard deviations of their logarithms, forwards, the correlation."""

    forward: float
    deviation: float
    given_mean: float
    given_deviation: float
    correlation: float

    def given(self, x: Array) -> Array:
        """The value of B."""
        return elementary.exp(self.given_mean + self.given_deviation * x)

    def argument(self, x: Array, strike: Array) -> Array:
        """The distance of the forward of A given B from a strike, in standard deviations."""
        moved = self.correlation * self.deviation
        left = self.deviation * sqrt((1 - self.correlation) * (1 + self.correlation))
        distance: Array = (log(self.forward) + moved * x - 0.5 * moved * moved - elementary.log(strike)) / left
        return distance


@dataclass(frozen=True)
class Rule:
    """Places and their shares, and what is paid at each given B."""

    is_anchored: bool
    """True if places are logarithms of B over its value at the bend; else they are standard normals."""
    n_puts: int
    numbers: dict[str, tuple[Array, Array]]
    """Inputs by name, each by two rules."""


def chosen_rule(payment: Payment, strike: float, laws: Laws) -> Rule | None:
    """The rule for a payment; None where it would take too many places."""
    with np.errstate(all="ignore"):
        return _Choice(payment, strike, laws).rule()


@dataclass(frozen=True)
class _Choice:
    payment: Payment
    strike: float
    laws: Laws

    @cached_property
    def ends(self) -> tuple[float, float]:
        """The first and the last standard normal; payments that grow with prices move the weight."""
        drifts = (0.0, self.laws.given_deviation, self.laws.correlation * self.laws.deviation)
        return min(drifts) - _REACH, max(drifts) + _REACH

    @cached_property
    def anchor(self) -> float | None:
        """The bend as a standard normal, where it lies within reach."""
        bend = self.payment.bend(self.strike)
        place = None if bend is None else self.place(bend)
        return place if place is not None and self.ends[0] < place < self.ends[1] else None

    def place(self, given: float) -> float:
        return (log(given) - self.laws.given_mean) / self.laws.given_deviation

    def rule(self) -> Rule | None:
        if not self.laws.given_deviation > 0 or not self.laws.deviation > 0 or abs(self.laws.correlation) >= 1:
            return None
        first, last = self.ends
        fixed = [x for x in map(self.place, self.payment.splits(self.strike)) if first < x < last]
        fixed = sorted({first, last, *fixed})
        whole = self._halved(fixed)
        if whole is None or not np.isfinite(whole).all():
            return None
        between = np.unique([*fixed, *(0.5 * (whole[1:] + whole[:-1]))])
        n_panels = next((n for n in _LADDER if n >= len(between)), None)
        if n_panels is None:
            return None
        rules = [self._numbers(breaks, n_panels) for breaks in (whole, between)]
        counting = [row for row in range(len(rules[0][1])) if any(puts[row][2].any() for _, puts in rules)]
        names = {name: (rules[0][0][name], rules[1][0][name]) for name in rules[0][0]}
        for number, row in enumerate(counting):
            for k, part in enumerate(Puts._fields):
                names[f"{part} {number}"] = rules[0][1][row][k], rules[1][1][row][k]
        return Rule(self.anchor is not None, len(counting), names)

    def _halved(self, fixed: list[float]) -> Array | None:
        """The ends of panels, halved until no argument changes by much in any of them."""
        runs = [np.linspace(a, b, 1 + int(np.ceil((b - a) / _WIDEST)))[:-1] for a, b in pairwise(fixed)]
        breaks = np.concatenate([*runs, fixed[-1:]])
        for _ in range(_MOST_HALVINGS):
            wide = self._changes(breaks[:-1], breaks[1:])
            if not wide.any():
                return breaks
            if len(breaks) > _LADDER[-1]:
                return None
            breaks = np.sort(np.concatenate([breaks, 0.5 * (breaks[:-1] + breaks[1:])[wide]]))
        return breaks

    def _changes(self, first: Array, last: Array) -> NDArray[np.bool_]:
        """True for panels in which an argument changes by much, other than where it is far from 0."""
        x = np.stack([first + share * (last - first) for share in _INSIDE])
        given = self.laws.given(x)
        puts = self.payment.puts(given, self.strike)
        strikes = puts.of_given * given + puts.of_strike * self.strike
        arguments = np.where(puts.number != 0, self.laws.argument(x, strikes), 0.0)
        low, high = arguments.min(axis=1), arguments.max(axis=1)
        counts = (low < _SATURATED) & (high > -_SATURATED)
        return ((high - low > _LARGEST_STEP) & counts).any(axis=0)

    def _numbers(self, breaks: Array, n_panels: int) -> tuple[dict[str, Array], list[Array]]:
        halves, middles = 0.5 * np.diff(breaks), 0.5 * (breaks[1:] + breaks[:-1])
        missing = n_panels - len(halves)
        x = (middles[:, None] + halves[:, None] * _PLACES).ravel()
        shares = (halves[:, None] * _SHARES).ravel()
        x = np.concatenate([x, np.full(missing * _PER_PANEL, x[len(x) // 2])])
        shares = np.concatenate([shares, np.zeros(missing * _PER_PANEL)])
        given = self.laws.given(x)
        slope, of_given, of_strike = self.payment.beyond(given, self.strike)
        puts = np.stack(self.payment.puts(given, self.strike), axis=1)
        scale = 1.0 if self.anchor is None else self.laws.given_deviation
        place = x if self.anchor is None else (x - self.anchor) * scale
        found = {"place": place, "share": shares * scale, "slope": slope}
        if self.anchor is not None:
            bend = self.payment.bend(self.strike)
            assert bend is not None  # else there is no anchor
            found["bend"] = np.array([log(bend / self.strike)])
        return found | {"of_given": of_given, "of_strike": of_strike}, list(puts)
