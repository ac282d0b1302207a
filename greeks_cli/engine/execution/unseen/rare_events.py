"""Bound on the contribution of rare events that no simulated path shows.

When every path gives the same number, the sample says nothing of its error: an option far out
of the money is worth 0 on each. With n paths, an event that no path shows has a probability
of at most 3/n (the rule of three, 95%; J. Hanley and A. Lippman-Hand, JAMA 249, 1983). Its
contribution is measured on paths whose normals are stretched until some paths differ, and at one
stretch more, because the first paths to differ need not differ most. What lies between two kinks may be so narrow that
no path shows it; paths on either side of each kink do, found by halving the way between two paths. Of one normal alone
the contribution is an integral over all that occurs, and over what lies near the kinks.
"""

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.estimators.bandwidth import kink_arguments
from greeks_cli.engine.execution.choice.selection import in_float64, pilot_motion
from greeks_cli.engine.execution.near_kinks import aimed_at_kinks
from greeks_cli.engine.execution.numbers import Numbers
from greeks_cli.engine.execution.plan import Plan
from greeks_cli.engine.execution.regression import Controlled
from greeks_cli.engine.execution.samples import samples_of
from greeks_cli.engine.simulation.any_market import AnyMarkets, data_of
from greeks_cli.engine.simulation.importance import PLAIN_ONE_IN, spread
from greeks_cli.engine.simulation.path_data import Motion
from greeks_cli.terms.request import Request
from greeks_cli.terms.simulation import Dtype

_STRETCHES = (2, 4, 8, 16)
_ROUNDING = {Dtype.FLOAT64: 1e-9, Dtype.FLOAT32: 2e-6}
"""The share of a Greek's size that is rounding, by the type in which its common value was computed."""
_MARGIN = 2.0
"""The bound over the integral, for what its places do not meet."""
_HALVINGS, _MOST_KINKS = 30, 64


def unseen(
    plan: Plan, usual: NDArray[np.float64], scales: NDArray[np.float64], controlled: Controlled | None = None
) -> NDArray[np.float64]:
    """A bound per Greek on the value of unseen events; ``usual`` is the common value of all paths.

    ``scales`` are the sizes of the Greeks: a difference below a share of the size is rounding. ``controlled`` tells how
    the Greeks are regressed on their controls.
    """
    differences = _Differences(plan, usual, scales, controlled)
    request, markets = differences.request, differences.numbers.markets
    motion = pilot_motion(request)
    worst = np.zeros(len(request.greeks))
    done = np.zeros(len(request.greeks), dtype=bool)
    for stretch in _STRETCHES:
        stretched = _with_edges(request, motion.with_normals(motion.normals * stretch), markets)
        largest = differences(stretched).max(axis=1)
        seen = largest > 0
        worst, done = np.where(~done & seen, np.maximum(worst, largest), worst), worst > 0
    # Among shifted paths fewer keep their law.
    bound = worst * 3 / request.simulation.paths * (PLAIN_ONE_IN if plan.shift else 1)
    if len(motion.normals) > 1 or not worst.any():
        return bound
    evenly, aimed = spread(), aimed_at_kinks(request, markets, motion)
    integral = differences(motion.with_normals(evenly.normals)) @ evenly.weights
    near_kinks = differences(motion.with_normals(aimed.normals)) @ aimed.weights / len(aimed.weights)
    return np.minimum(bound, _MARGIN * np.maximum(integral, near_kinks))


class _Differences:
    """Greeks of a plan on some paths, less their common value on all paths of the run."""

    def __init__(
        self, plan: Plan, usual: NDArray[np.float64], scales: NDArray[np.float64], controlled: Controlled | None
    ):
        self.request = in_float64(plan.request)
        self.numbers = Numbers([self.request])
        self._plan, self._usual, self._scales, self._controlled = plan, usual, scales, controlled

    def __call__(self, motion: Motion) -> NDArray[np.float64]:
        """The size of each difference, shape (n_greeks, n_paths); 0 where it is rounding, or no number."""
        share = _ROUNDING[self._plan.request.simulation.dtype]
        with np.errstate(all="ignore"):
            plain, rows = samples_of(self._plan, self.numbers, motion, self._controlled)
            found: NDArray[np.float64] = np.abs(rows - self._usual[:, None])
            found[found <= share * np.abs(plain)] = 0
            # A derivative that is 0 on every path is rounded as the path's largest number is.
            sizes = np.nan_to_num(np.abs(rows) / self._scales[:, None], nan=0.0, posinf=0.0).max(axis=0)
            rounding = share * (np.abs(self._usual) + self._scales)
            found[found <= rounding[:, None] * np.maximum(1, sizes)] = 0
        return np.nan_to_num(found, nan=0.0, posinf=0.0)


def _with_edges(request: Request, motion: Motion, markets: AnyMarkets) -> Motion:
    """The paths, and for each kink that they reach two more on either side of it, as near as numbers tell."""

    def arguments(normals: NDArray[np.floating]) -> NDArray[np.floating]:
        return kink_arguments(request, data_of(motion.with_normals(normals), markets))[:_MOST_KINKS]

    values = arguments(motion.normals)
    crossed = np.flatnonzero((values > 0).any(axis=1) & (values <= 0).any(axis=1))
    if not len(crossed):
        return motion
    rows = values[crossed]
    below = motion.normals[:, np.where(rows <= 0, rows, -np.inf).argmax(axis=1)]
    above = motion.normals[:, np.where(rows > 0, rows, np.inf).argmin(axis=1)]
    for _ in range(_HALVINGS):
        middle = 0.5 * (below + above)
        is_above = arguments(middle)[crossed, np.arange(len(crossed))] > 0
        below, above = np.where(is_above, below, middle), np.where(is_above, middle, above)
    return motion.with_normals(np.concatenate([motion.normals, below, above], axis=1))
