"""Bridges of a path that is watched at all times: between dates its logarithm is a Brownian bridge, given both ends.

The variance of a bridge is the integral of the variance along the path. A random variance moves with the price: on the
way to a level, the bridge has the variance that is expected there. All jumps of two bridges fall on the date between
them, their middle; their sizes are drawn given the whole change. What these leave out is of first order in the length
of bridges; bridges of twice the length measure it.
"""

from typing import NamedTuple, Protocol

import numpy as np

from greeks_cli.engine.autodiff.ops import Leaves, Operand, as_constant, at_most, concat, sqrt
from greeks_cli.engine.autodiff.rows import rows_before
from greeks_cli.engine.compiler.ir import Array
from greeks_cli.engine.simulation.models import local_levels
from greeks_cli.engine.simulation.models.conditional import Latents, accruals, differences, increments
from greeks_cli.engine.simulation.schedule import Schedule
from greeks_cli.terms.greek import TIME
from greeks_cli.terms.markets.models import Model


class BridgedLatents(Latents, Protocol):
    """The variance, the jumps and the bridges of some paths."""

    @property
    def joined(self) -> Array:
        """1 at every date that lies within a bridge, shape (n_dates, n_paths)."""

    @property
    def of_jumps(self) -> Array:
        """The standard normals of the sizes of jumps, shape (n_dates, n_paths)."""

    @property
    def exponentials(self) -> Array:
        """Standard exponentials by which the extreme of each interval is drawn, shape (n_dates, n_paths)."""


class Levels(NamedTuple):
    """The logarithm of the price today, a number or of shape (n_paths,), and at all dates, shape (n_dates, n_paths)."""

    first: Operand
    later: Operand


class Bridges(NamedTuple):
    """The bridges of a path, each operand of shape (n_bridges, n_paths), or one column for all paths."""

    starts: Operand
    """The logarithm of the price where a bridge starts."""
    ends: Operand
    variance: Operand
    slope: Operand
    """The change of the variance by that of the logarithm; the number 0 where variance is no process."""
    rate: Operand
    """The integral of the rate from today to the middle of a bridge."""
    joined: Operand
    """1 for a bridge that the next one contains, else 0."""
    latents: BridgedLatents
    own: range
    """The numbers of the intervals between dates."""

    def variance_to(self, level: Operand) -> Operand:
        """The variance of a bridge on its way to a level: midway between the middle of its ends and the level.

        For v + change that is v (1 + q), which stays positive as v (q + sqrt(1 + q^2)).
        """
        if isinstance(self.slope, float):
            return self.variance
        q = 0.5 * self.slope * (level - 0.5 * (self.starts + self.ends)) / self.variance
        return self.variance * (q + sqrt(1 + q * q))

    def extremes(self, sign: float) -> Operand:
        """The logarithm of each bridge's maximum, for sign -1 minimum; the start of one that the next contains.

        A maximum passes m with the probability exp(-2 (m - a) (m - b) / v): it is drawn at the variance of the middle,
        and then at that on the way to it.
        """
        start, end = sign * self.starts, sign * self.ends
        middle, square = 0.5 * (start + end), (start - end) * (start - end)
        drawn = 2 * self.latents.exponentials[self.own.start : self.own.stop]
        highest = middle + 0.5 * sqrt(square + drawn * self.variance)
        if not isinstance(self.slope, float):
            highest = middle + 0.5 * sqrt(square + drawn * self.variance_to(sign * highest))
        return sign * (start + (1 - self.joined) * (highest - start))

    def alone(self, probability: Operand) -> Operand:
        """A probability by bridge, 1 for a bridge that the next one contains."""
        return probability + self.joined * (1 - probability)


def bridges_of(
    model: Model, leaves: Leaves, schedule: Schedule, levels: Levels, latents: BridgedLatents, own: range
) -> Bridges:
    """The bridges of the intervals ``own`` between dates."""
    n_dates, rows = levels.later.shape[0], slice(own.start, own.stop)
    joined = latents.joined[rows]
    contained = rows_before(joined)

    def whole(levels: Operand) -> Operand:
        """The sum of a quantity over a bridge, of which two intervals may be one."""
        return levels[rows] + contained * rows_before(levels[rows])

    starts, ends = _before(levels, rows), levels.later[rows]
    starts = starts + contained * (rows_before(starts) - starts)
    rate = accruals(leaves, schedule, slice(0, n_dates)).rate
    middle = rate[rows] - 0.5 * whole(differences(rate))
    if not model.is_conditional:
        variance: Operand = whole(local_levels.variances(leaves, latents))
        return Bridges(starts, ends, variance, 0.0, middle, joined, latents, own)
    found = increments(model, leaves, schedule, n_dates, latents)
    diffusion = whole(found.diffusion)
    variance, slope = diffusion, 0.0
    if model.has_variance:
        correlation = leaves["spot_vol_correlation"]
        variance = diffusion * (1 / (1 - correlation * correlation))
        years = differences(schedule.time(slice(0, n_dates)) - leaves[TIME])
        slope = whole(years) * (correlation * leaves["vol_of_vol"])
    if model.has_jumps:
        unexpected = ends - starts - whole(differences(found.forward) + found.mean)
        jumped = _jumped(leaves, whole(latents.jump_counts), diffusion, unexpected, latents.of_jumps[rows])
        at_end = _at_end(len(own), contained)
        starts, ends = starts + (1 - at_end) * jumped, ends - at_end * jumped
    return Bridges(starts, ends, variance, slope, middle, joined, latents, own)


def _jumped(leaves: Leaves, counts: Array, diffusion: Operand, unexpected: Operand, normals: Array) -> Operand:
    """The part of a change that some jumps made, given the whole, which is normal."""
    deviation = leaves["jump_vol"]
    of_jumps = counts * (deviation * deviation)
    share = diffusion / (diffusion + of_jumps)
    some = at_most(-counts, -0.5)
    spread = deviation * some * sqrt((counts + 1 - some) * share)
    return counts * leaves["jump_mean"] + (1 - share) * unexpected + spread * normals


def _before(levels: Levels, rows: slice) -> Operand:
    """The levels at the dates before some dates."""
    if rows.start:
        return levels.later[rows.start - 1 : rows.stop - 1]
    first = levels.later[:1] * 0.0 + as_constant(levels.first)
    return concat([first, levels.later[: rows.stop - 1]])


def _at_end(n: int, contained: Operand) -> Operand:
    """1 where the jumps of a bridge fall on its end, 0 where they fall on its start."""
    number = np.arange(n)[:, None]
    alone, as_pair = ((number // length % 2 == 0).astype(float) for length in (1, 2))
    return alone + contained * (as_pair - alone)
