"""Paths aimed at the kinks of a payoff: what lies in a narrow place, or far out, is met by some of them.

Each path is given a kink, and moves until it meets it, along the direction in which the kink's argument rises most:
that of the end of an underlying, or of one increment. There its place is spread evenly, by a distance of several orders
of magnitude. Plain and stretched paths complete the mixture, so that weights are bounded (E. Veach and L. Guibas,
Optimally combining sampling techniques for Monte Carlo rendering, SIGGRAPH 1995). What lies near some kinks is counted
on their own paths alone, and the rest on all.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.simulation.importance import Moved, density

Normals = NDArray[np.floating]
Arguments = Callable[[Normals], Normals]
"""The arguments of kinks on paths of some normals: a row per kink, which changes its sign where a path meets it."""

_PLACES = np.array([-8.0, -5.5, -4.0, -2.5, -1.2, 0.0, 1.2, 2.5, 4.0, 5.5, 8.0])
"""Places between which a change of sign is looked for."""
_ITERATIONS = 5
_DISTANCES = np.array([0.3, 0.03, 0.003, 1e-4, 3e-6, 1e-7, 3e-9])
"""Distances from a kink, in standard deviations, at which paths are spread."""
_CLEAR = 2.0
"""The square of a direction over that of its noise, from which on it is one."""
_RARE = 0.05
"""The share of plain paths on a side of a kink that few reach."""
_OF_KINKS, _OF_DISTANCES, _OF_SIDES = 0.6180339887, 0.7548776662, 0.5698402910
"""Irrational steps, which spread paths evenly over kinks, distances and sides (M. Roberts, 2018)."""


class _Ways(NamedTuple):
    """Paths, each of which moves along its direction, and looks at one kink."""

    normals: Normals
    directions: Normals
    own: Normals
    """The place of each path on its direction: a standard normal."""
    kinks: NDArray[np.int64]
    arguments: Arguments

    def at(self, places: Normals) -> Normals:
        """The normals of the paths at other places."""
        return self.normals + self.directions * (places - self.own)

    def argument(self, places: Normals) -> Normals:
        """The argument of the kink of each path at a place."""
        found: Normals = self.arguments(self.at(places))[self.kinks, np.arange(len(places))]
        return found


@np.errstate(all="ignore")  # where a path meets no kink, the search for one has no numbers
def aimed(normals: Normals, ends: Normals, arguments: Arguments, shift: float = 0.0) -> Moved:
    """Paths of which a third are plain, a third stretched, around no shift or a shift, and a third aimed at kinks.

    ``ends`` are unit vectors along the end of each underlying, shape (n_rows, n_underlyings). ``shift`` is one of the
    first end. The weights are for means over plain paths; the ends of the paths found are places on their directions.
    """
    values, n_paths = arguments(normals), normals.shape[1]
    numbers = np.arange(n_paths)
    turn, way = numbers // ends.shape[1], numbers % ends.shape[1]
    kinks = (_nth(turn, _OF_KINKS) * len(values)).astype(int)
    directions = ends[:, way]
    if len(values):
        steepest = _steepest(values, normals)[:, kinks]
        directions = np.where(steepest.any(axis=0), steepest, directions)
    ways = _Ways(normals, directions, np.einsum("ij,ij->j", directions, normals), kinks, arguments)
    nothing = np.full(n_paths, np.nan)
    below, above = _crossings(ways) if len(values) else (nothing, nothing)
    shifts = shift * (ends[:, :1] * directions).sum(axis=0)
    places = ways.own * np.where(turn % 3 == 0, 1.0, 2.0) + np.where(turn % 6 == 1, shifts, 0.0)
    some, others = (np.where(np.isfinite(one), one, other) for one, other in ((below, above), (above, below)))
    chosen = np.where(_nth(turn, _OF_SIDES) < 0.5, some, others)
    distances = _DISTANCES[(_nth(turn, _OF_DISTANCES) * len(_DISTANCES)).astype(int)]
    is_aimed = (turn % 3 == 2) & np.isfinite(chosen)
    places = np.where(is_aimed, chosen + distances * _even(ways.own), places)
    nearby = 0.5 * (_near(places, some) + _near(places, others))
    stretched = 0.5 * (_stretched(places) + _stretched(places - shifts))
    proposal = (density(places) + stretched + np.where(np.isfinite(chosen), nearby, _stretched(places))) / 3
    moved = ways.at(places)
    shares = _shares(arguments(moved), values, kinks, is_aimed) if len(values) > 1 else 1.0
    return Moved(moved, shares * density(places) / proposal, places)


def _steepest(values: Normals, normals: Normals) -> Normals:
    """The direction in which the argument of each kink rises most, shape (n_rows, n_kinks); 0 where noise hides it.

    The mean of a product with a normal is that of the derivative in it (Stein's lemma).
    """
    signs = np.sign(values - values.mean(axis=1, keepdims=True))
    found = normals @ signs.T / normals.shape[1]
    squares = np.square(found).sum(axis=0)
    steepest: Normals = np.where(squares > _CLEAR * len(normals) / normals.shape[1], found / np.sqrt(squares), 0.0)
    return steepest


def _shares(arguments: Normals, values: Normals, kinks: NDArray[np.int64], is_aimed: NDArray[np.bool_]) -> Normals:
    """The factors by which each path counts, whose mean is 1 at every place: it is near its own kink, or near none.

    What lies on the side of a kink that few plain paths reach is near the kink. ``values`` are arguments of plain ones.
    """
    sizes = np.abs(arguments)
    own = sizes[kinks, np.arange(len(kinks))]
    reach = np.zeros(len(sizes))
    np.maximum.at(reach, kinks[is_aimed], own[is_aimed])
    share = np.count_nonzero(values > 0, axis=1) / values.shape[1]
    is_beyond = np.where(arguments > 0, share[:, None] < _RARE, share[:, None] > 1 - _RARE)
    is_near = (sizes <= reach[:, None]) | is_beyond
    count = np.count_nonzero(is_near, axis=0)
    is_own = is_near[kinks, np.arange(len(kinks))]
    return np.where(count == 0, 1.0, np.where(is_own, len(sizes) / np.maximum(count, 1), 0.0))


def _nth(turn: NDArray[np.int64], step: float) -> Normals:
    """Numbers from 0 to 1 for numbers of paths, evenly spread."""
    found: Normals = (turn // 6 + 0.5) * step % 1
    return found


def _even(normal: Normals) -> Normals:
    """Numbers between -1 and 1, evenly spread where ``normal`` are standard normals, by their order."""
    ranks = np.empty(len(normal))
    ranks[normal.argsort(kind="stable")] = np.arange(len(normal))
    return 2 * (ranks + 0.5) / len(normal) - 1


def _near(places: Normals, crossings: Normals) -> Normals:
    """The density of places spread around crossings, but for the constant of the normal density."""
    away = np.abs(places - crossings)
    within = [np.where(away < distance, 1 / (2 * distance), 0.0) for distance in _DISTANCES.tolist()]
    found: Normals = np.sqrt(2 * np.pi) * sum(within) / len(within)
    return found


def _stretched(places: Normals) -> Normals:
    return 0.5 * density(places / 2)


def _crossings(ways: _Ways) -> tuple[Normals, Normals]:
    """The places where each path meets its kink, the nearest below the middle and above it; NaN where there is none."""
    n_paths = len(ways.own)
    is_positive = np.array([ways.argument(np.full(n_paths, place)) > 0 for place in _PLACES])
    changes = is_positive[1:] != is_positive[:-1]
    middle = len(_PLACES) // 2
    below = middle - 1 - changes[:middle][::-1].argmax(axis=0)
    above = middle + changes[middle:].argmax(axis=0)
    found = []
    for place, exists in ((below, changes[:middle].any(axis=0)), (above, changes[middle:].any(axis=0))):
        found.append(np.where(exists, _root(ways.argument, _PLACES[place], _PLACES[place + 1]), np.nan))
    return found[0], found[1]


def _root(function: Callable[[Normals], Normals], low: Normals, high: Normals) -> Normals:
    """The change of sign of a function between two places, by Ridders' method, which halves the way at least.

    C. Ridders, A new algorithm for computing a single root of a real continuous function, IEEE Transactions on Circuits
    and Systems 26, 1979. It suits functions that rise exponentially, as prices do.
    """
    at_low, at_high = function(low), function(high)
    is_above = at_high > 0
    for _ in range(_ITERATIONS):
        middle = 0.5 * (low + high)
        at_middle = function(middle)
        step = (middle - low) * np.sign(at_low) * at_middle / np.sqrt(at_middle * at_middle - at_low * at_high)
        tried = middle + np.where(np.isfinite(step), step, 0.0)
        at_tried = function(tried)
        is_left = tried < middle
        left, at_left = np.where(is_left, tried, middle), np.where(is_left, at_tried, at_middle)
        right, at_right = np.where(is_left, middle, tried), np.where(is_left, at_middle, at_tried)
        left_is_high, right_is_high = ((value > 0) == is_above for value in (at_left, at_right))
        low, at_low = (
            np.where(left_is_high, old, np.where(right_is_high, one, other))
            for old, one, other in ((low, left, right), (at_low, at_left, at_right))
        )
        high, at_high = (
            np.where(left_is_high, one, np.where(right_is_high, other, old))
            for old, one, other in ((high, left, right), (at_high, at_left, at_right))
        )
    return np.where(np.abs(at_low) < np.abs(at_high), low, high)
