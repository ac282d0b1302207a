"""Paths aimed at the kinks of a payoff: what lies in a narrow place, or far out, is met by some of them.

A path moves along its end, as in importance sampling, until it meets a kink; there its end is spread evenly, by
a distance of several orders of magnitude. Plain and stretched paths complete the mixture, so that weights are bounded
(E. Veach and L. Guibas, Optimally combining sampling techniques for Monte Carlo rendering, SIGGRAPH 1995).
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.simulation.importance import Moved, density, ends_of, moved_by

Normals = NDArray[np.floating]
Arguments = Callable[[Normals], Normals]
"""The arguments of kinks on paths of some normals: a row per kink, which changes its sign where a path meets it."""

_PLACES = np.array([-8.0, -5.5, -4.0, -2.5, -1.2, 0.0, 1.2, 2.5, 4.0, 5.5, 8.0])
"""Ends between which a change of sign is looked for."""
_ITERATIONS = 6
_DISTANCES = np.array([0.3, 0.03, 0.003, 1e-4, 3e-6, 1e-7, 3e-9])
"""Distances from a kink, in standard deviations of the end, at which paths are spread."""
_OF_KINKS, _OF_DISTANCES, _OF_SIDES = 0.6180339887, 0.7548776662, 0.5698402910
"""Irrational steps, which spread paths evenly over kinks, distances and sides (M. Roberts, 2018)."""


class _Ways(NamedTuple):
    """Paths, each of which moves along its end."""

    normals: Normals
    """The normals of all underlyings."""
    rows: Sequence[slice]
    """The rows of normals of each underlying."""
    times: tuple[float, ...]
    own: Normals
    """The end of each path, of the underlying that moves."""

    def at(self, ends: Normals) -> Normals:
        """The normals of the paths with other ends; each underlying moves on every n-th path."""
        found = self.normals.copy()
        for k, rows in enumerate(self.rows):
            mine = slice(k, None, len(self.rows))
            by = (ends - self.own)[mine]
            found[rows, mine] = moved_by(found[rows, mine], self.times, by)
        return found


@np.errstate(all="ignore")  # where a path meets no kink, the search for one has no numbers
def aimed(
    normals: Normals, rows: Sequence[slice], times: tuple[float, ...], arguments: Arguments, shift: float = 0.0
) -> Moved:
    """Paths of which a third are plain, a third stretched, around no shift or a shift, and a third aimed at kinks.

    ``rows`` are those of the normals that move each underlying's price, whose increments end at ``times``. The weights
    are for means over plain paths.
    """
    each = [ends_of(normals[own], times) for own in rows]
    places = np.arange(normals.shape[1])
    own = np.choose(places % len(rows), each)
    ways = _Ways(normals, rows, times, own)
    turn = places // len(rows)
    crossings = _crossings(ways, arguments, _nth(turn, _OF_KINKS))
    ends = own * np.where(turn % 3 == 0, 1.0, 2.0)
    ends = ends + np.where(turn % 6 == 1, shift, 0.0)
    below, above = crossings
    some, others = (np.where(np.isfinite(one), one, other) for one, other in ((below, above), (above, below)))
    chosen = np.where(_nth(turn, _OF_SIDES) < 0.5, some, others)
    distances = _DISTANCES[(_nth(turn, _OF_DISTANCES) * len(_DISTANCES)).astype(int)]
    is_aimed = (turn % 3 == 2) & np.isfinite(chosen)
    ends = np.where(is_aimed, chosen + distances * _even(own), ends)
    nearby = 0.5 * (_near(ends, some) + _near(ends, others))
    stretched = 0.5 * (_stretched(ends) + _stretched(ends - shift))
    proposal = (density(ends) + stretched + np.where(np.isfinite(chosen), nearby, _stretched(ends))) / 3
    return Moved(ways.at(ends), density(ends) / proposal, ends)


def _nth(turn: NDArray[np.int64], step: float) -> Normals:
    """Numbers from 0 to 1 for numbers of paths, evenly spread."""
    found: Normals = (turn // 6 + 0.5) * step % 1
    return found


def _even(normal: Normals) -> Normals:
    """Numbers between -1 and 1, evenly spread where ``normal`` are standard normals, by their order."""
    ranks = np.empty(len(normal))
    ranks[normal.argsort(kind="stable")] = np.arange(len(normal))
    return 2 * (ranks + 0.5) / len(normal) - 1


def _near(ends: Normals, crossings: Normals) -> Normals:
    """The density of ends spread around crossings, but for the constant of the normal density."""
    away = np.abs(ends - crossings)
    within = [np.where(away < distance, 1 / (2 * distance), 0.0) for distance in _DISTANCES.tolist()]
    found: Normals = np.sqrt(2 * np.pi) * sum(within) / len(within)
    return found


def _stretched(ends: Normals) -> Normals:
    return 0.5 * density(ends / 2)


def _crossings(ways: _Ways, arguments: Arguments, share: Normals) -> tuple[Normals, Normals]:
    """The ends at which each path meets a kink, the nearest below the middle and above it; NaN where it does not.

    ``share`` chooses among the kinks.
    """
    paths = np.arange(len(ways.own))

    def at(ends: Normals) -> Normals:
        values = arguments(ways.at(ends))
        return values[(share * len(values)).astype(int), paths] if len(values) else np.ones(len(paths))

    values = np.array([at(np.full(len(paths), place)) for place in _PLACES])
    changes = (values[1:] > 0) != (values[:-1] > 0)
    middle = len(_PLACES) // 2
    below = middle - 1 - changes[:middle][::-1].argmax(axis=0)
    above = middle + changes[middle:].argmax(axis=0)
    found = []
    for place, exists in ((below, changes[:middle].any(axis=0)), (above, changes[middle:].any(axis=0))):
        ends, between = _PLACES[[place, place + 1]], values[[place, place + 1], paths]
        found.append(np.where(exists, _root(at, ends, between), np.nan))
    return found[0], found[1]


def _root(function: Callable[[Normals], Normals], ends: Normals, values: Normals) -> Normals:
    """The change of sign of a function between two ends, by the Illinois method.

    M. Dowell and P. Jarratt, A modified regula falsi method for computing the root of an equation, BIT 11, 1971. The
    interval is halved where the chord is no number.
    """
    (low, high), (at_low, at_high) = ends, values
    is_above, kept = at_high > 0, np.zeros(len(low))
    for _ in range(_ITERATIONS):
        chord = (low * at_high - high * at_low) / (at_high - at_low)
        tried = np.where((chord > low) & (chord < high), chord, 0.5 * (low + high))
        found = function(tried)
        is_high = (found > 0) == is_above
        at_low = np.where(is_high, np.where(kept > 0, 0.5, 1.0) * at_low, found)
        at_high = np.where(is_high, found, np.where(kept < 0, 0.5, 1.0) * at_high)
        low, high = np.where(is_high, low, tried), np.where(is_high, tried, high)
        kept = np.where(is_high, 1.0, -1.0)
    return np.where(np.abs(at_low) < np.abs(at_high), low, high)
