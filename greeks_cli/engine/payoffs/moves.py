"""Moves of a price between exercise dates: its logarithm, given its variance and its jumps."""

from collections.abc import Mapping
from math import exp
from typing import NamedTuple

import numpy as np

from greeks_cli.engine.autodiff.ops import Leaves, Operand, as_constant, concat, log, values_of
from greeks_cli.engine.simulation.conditional import differences
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
    levels: tuple[Operand, Operand] | None
    """The variance at both dates, without derivatives; None where it is no process."""
    jumps: tuple[Operand, Operand] | None
    """The number of jumps and its mean; None without."""

    def at(self, date: int) -> "Move":
        """The move up to one of the dates, of plain arrays."""
        levels, jumps = (
            None if pair is None else (np.asarray(pair[0])[date], np.asarray(pair[1])[date])
            for pair in (self.levels, self.jumps)
        )
        return Move(self.before[date], self.after[date], self.mean[date], self.variance[date], levels, jumps)


OF_VARIANCE = ("mean of variance", "kept of variance", "noise", "noise per variance")
"""Coefficients of the conditional mean of the variance, and of its conditional variance."""


def move_of(path: Path, leaves: Leaves, logs: Operand) -> Move:
    """The moves of a path up to its dates; ``logs`` are the logarithms of its lognormal."""
    own, levels = path.increments(leaves), levels_of(path, leaves)
    first = as_constant(log(path.start(leaves))) + 0.0 * values_of(logs[:1])
    before = _before(first, logs)
    pair = jumps = None
    if levels is not None:
        start = values_of(leaves["initial_variance"]) + 0.0 * levels[:1]
        pair = _before(start, levels), levels
    if path.model.has_jumps:
        years = differences(path.times(range(path.n_dates)) - leaves[TIME])
        jumps = path.latents.jump_counts, leaves["jump_intensity"] * years
    mean = before + differences(own.forward) + own.mean
    return Move(values_of(before), logs, mean, own.variance, pair, jumps)


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


def shocks_of_variance(
    policy: Mapping[str, Operand], levels: tuple[Operand, Operand], of: str = ""
) -> tuple[Operand, Operand]:
    """A variance less its mean at the date before, and the square of that less its mean; ``of`` ends names."""
    before, after = levels
    shock = after - policy[f"mean of variance{of}"] - policy[f"kept of variance{of}"] * before
    return shock, shock * shock - policy[f"noise{of}"] - policy[f"noise per variance{of}"] * before


def moments_of_variance(values: Mapping[str, float], years: float) -> tuple[float, float, float, float]:
    """The coefficients of the variance's conditional mean and variance after some years, by ``OF_VARIANCE``."""
    speed, level, xi = values["mean_reversion"], values["long_run_variance"], values["vol_of_vol"]
    kept = exp(-speed * years)
    share = xi * xi / speed * (1 - kept)
    return level * (1 - kept), kept, 0.5 * level * share * (1 - kept), share * kept
