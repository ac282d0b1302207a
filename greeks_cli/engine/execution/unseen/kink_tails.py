"""Tails at kinks: what a Greek owes to the few paths near a kink that a run may miss, whatever place they end at.

A kernel far out is met by a handful of paths, and a digital of a narrow range by none, behind an ordinary payoff. The
paths of the run's pilot and of its tails may miss them as well; aimed paths do not. Of all paths, those are counted as
missed that move the mean most, up to the probability that a run may miss.
"""

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.execution.choice.selection import in_float64
from greeks_cli.engine.execution.choice.shifts import UNSEEN, may_be_shifted
from greeks_cli.engine.execution.near_kinks import aimed_at_kinks
from greeks_cli.engine.execution.numbers import Numbers
from greeks_cli.engine.execution.plan import Plan
from greeks_cli.engine.execution.regression import Controlled
from greeks_cli.engine.execution.samples import samples_of
from greeks_cli.engine.execution.unseen.tails import Tail
from greeks_cli.engine.simulation.importance import ends_of, shift_weights
from greeks_cli.engine.simulation.normals import TAILS, standard_normals
from greeks_cli.engine.simulation.path_data import Motion

_PATHS, _FEWEST_PATHS = 2048, 256
_MOST_NORMALS, _MOST_OF_STEPS = 1 << 19, 1 << 13
"""Normals of aimed paths, also where a path to a kink takes time steps."""
_RARE = 0.05
"""The share of paths beyond a kink below which few of a run's paths may be near it."""


def rare_kinks(plan: Plan) -> list[int]:
    """The numbers of the kinks that few paths reach, and of those that may be close together.

    None of a payoff of one kink at one date, if paths may be shifted to it. None where a few paths would take as long
    as the run, as notes do that look at many underlyings every day.
    """
    kinks, contract = plan.kinks, plan.request.contract
    if _FEWEST_PATHS * plan.blocks.grid.n_rows > _MOST_NORMALS:
        return []
    if plan.request.simulation.fixed_width is not None:
        return []
    if len(kinks) * len(plan.request.path_dates) == 1 and may_be_shifted(plan):
        return []
    close = contract.several_kinks and len(kinks) > 1
    return [number for number, kink in enumerate(kinks) if close or kink.rarer_share < _RARE]


@np.errstate(all="ignore")  # numbers that are not finite are left out
def kink_tails(plan: Plan, controlled: Controlled | None, paths: int) -> Tail:
    """The tail of each Greek, one entry for each; ``controlled`` tells how the Greeks are regressed on controls."""
    request, wanted = in_float64(plan.request), rare_kinks(plan)
    numbers, grid = Numbers([request]), plan.blocks.grid
    most = _MOST_NORMALS if grid.is_conditional else _MOST_OF_STEPS
    n_paths = max(_FEWEST_PATHS, min(_PATHS, most // grid.n_rows))
    drawn = standard_normals(request.simulation.seed, TAILS, 1, (1,) * grid.n_rows, n_paths, np.float64)
    motion = Motion(request.path_dates, drawn, grid)
    moved = aimed_at_kinks(request, numbers.markets, motion, wanted, plan.shift)
    _, samples = samples_of(plan, numbers, motion.moved(moved.normals), controlled)
    weights = moved.weights
    if plan.shift:
        first, times = grid.of_price(request.path_dates)
        factors = shift_weights(ends_of(moved.normals[first:], times), plan.shift)
        samples, weights = samples * factors, weights / factors
    return _tail(samples, weights, UNSEEN / paths)


def _tail(samples: NDArray[np.floating], weights: NDArray[np.floating], probability: float) -> Tail:
    """The tail of each row of samples: the paths that move its mean most, of at most some probability in all."""
    mass = weights / len(weights)
    distances = np.abs(samples - (np.einsum("ij,j->i", samples, mass) / mass.sum())[:, None])
    distances = np.where(np.isfinite(distances), distances, 0.0)
    order = np.argsort(-distances, axis=1, kind="stable")
    sorted_mass, sorted_distances = mass[order], np.take_along_axis(distances, order, axis=1)
    moves = sorted_mass * sorted_distances
    squares = moves * sorted_distances
    missed = np.cumsum(sorted_mass, axis=1) <= probability
    shares = (squares * missed).sum(axis=1) / np.maximum(squares.sum(axis=1), np.finfo(float).tiny)
    return Tail((moves * missed).sum(axis=1), shares)
