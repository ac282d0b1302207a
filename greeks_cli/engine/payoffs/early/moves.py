"""Moves of a price between exercise dates: its logarithm, given its variance and its jumps."""

from typing import NamedTuple

import numpy as np

from greeks_cli.engine.autodiff.ops import Leaves, Operand, as_constant, concat, exp, log, values_of
from greeks_cli.engine.simulation.models.conditional import differences
from greeks_cli.engine.simulation.paths import Path
from greeks_cli.terms.greek import TIME


class Move(NamedTuple):
    """The move of a price between two dates, or the moves up to several, each of shape (n_dates, n_paths)."""

    before: Operand
    """The logarithm at the first date, without derivatives."""
    after: Operand
    mean: Operand
    """The mean of the logarithm given variance and jumps."""
    variance: Operand
    """The variance of the logarithm given variance and jumps."""
    level: Operand | None
    """The variance at the first date, without derivatives; None where it is no process."""
    shock: Operand | None
    """The variance less its mean at the first date, without derivatives."""
    square: Operand | None
    """The square of that, less its mean at the first date."""
    end: Operand | None
    """The variance at the last date, without derivatives."""
    jumps: tuple[Operand, Operand] | None
    """The number of jumps and its mean; None without."""

    def at(self, date: int) -> "Move":
        """The move up to one of the dates, of plain arrays."""
        level, shock, square, end = (
            None if own is None else np.asarray(own)[date] for own in (self.level, self.shock, self.square, self.end)
        )
        jumps = self.jumps and (np.asarray(self.jumps[0])[date], np.asarray(self.jumps[1])[date])
        first = self.before[date], self.after[date], self.mean[date], self.variance[date]
        return Move(*first, level, shock, square, end, jumps)


def move_of(path: Path, leaves: Leaves, logs: Operand) -> Move:
    """The moves of a path up to its dates; ``logs`` are the logarithms of its lognormal."""
    own, levels = path.increments(leaves), levels_of(path, leaves)
    first = as_constant(log(path.start(leaves))) + 0.0 * values_of(logs[:1])
    before = _before(first, logs)
    years = differences(path.times(range(path.n_dates)) - leaves[TIME])
    level = shock = square = jumps = None
    if levels is not None:
        level = _before(values_of(leaves["initial_variance"]) + 0.0 * levels[:1], levels)
        mean, variance = moments_of_variance(leaves, values_of(years), level)
        shock = levels - mean
        square = shock * shock - variance
    if path.model.has_jumps:
        jumps = path.latents.jump_counts, leaves["jump_intensity"] * years
    mean_of_log = before + differences(own.forward) + own.mean
    return Move(values_of(before), logs, mean_of_log, own.variance, level, shock, square, levels, jumps)


def levels_of(path: Path, leaves: Leaves) -> Operand | None:
    """The variance at each date, without derivatives; None where it is no process."""
    if not path.model.has_variance:
        return None
    return values_of(leaves["initial_variance"]) + np.cumsum(path.latents.latent("path", "change", ()), axis=0)


def deviations_of(levels: Operand) -> Operand:
    """The standard deviation per year of variances."""
    return np.sqrt(np.maximum(levels, 0.0))


def _before(first: Operand, later: Operand) -> Operand:
    """Quantities at the date before each."""
    return concat([first, later[:-1]]) if later.shape[0] > 1 else first


def moments_of_variance(leaves: Leaves, years: Operand, before: Operand) -> tuple[Operand, Operand]:
    """The mean and the variance of a variance some years later, by J. Cox, J. Ingersoll and S. Ross, no derivatives."""
    names = ("mean_reversion", "long_run_variance", "vol_of_vol")
    speed, level, xi = (values_of(leaves[name]) for name in names)
    kept = exp(-speed * years)
    share = xi * xi / speed * (1 - kept)
    return level + (before - level) * kept, share * (kept * before + 0.5 * level * (1 - kept))
