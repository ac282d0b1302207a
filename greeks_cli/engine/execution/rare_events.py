"""Bound on the contribution of rare events that no simulated path shows.

When every path gives the same number, the sample says nothing of its error: an option far out of the money is worth 0
on each. At one date the contribution is integrated over the law of the end. Elsewhere, an event that no
path shows has a probability of at most 3/n (the rule of three, 95%; J. Hanley and A. Lippman-Hand, JAMA 249, 1983). Its
contribution is measured on paths whose normals are stretched until some paths differ, and at one stretch more, because
the first paths to differ need not differ most.
"""

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.autodiff.mixed_partials import Derivatives
from greeks_cli.engine.execution.chunks import run_batch
from greeks_cli.engine.execution.numbers import Numbers, widths_of
from greeks_cli.engine.execution.plan import Plan
from greeks_cli.engine.execution.selection import in_float64, pilot_motion
from greeks_cli.engine.execution.traced import traced
from greeks_cli.engine.simulation.importance import spread
from greeks_cli.engine.simulation.path_data import Motion

_STRETCHES = (2, 4, 8, 16)
_MARGIN = 2
"""The bound over the integral, which the sum over spread ends gives to a few per cent."""


def unseen(plan: Plan, usual: NDArray[np.float64], scales: NDArray[np.float64]) -> NDArray[np.float64]:
    """A bound per Greek on the value of unseen events; ``usual`` is the common value of all paths.

    ``scales`` are the sizes of the Greeks: a difference below 1e-9 of the size is rounding.
    """
    motion = pilot_motion(in_float64(plan.request))
    rounding = 1e-9 * (np.abs(usual) + scales)
    if is_integrated(plan):
        normals, weights, _ = spread(motion.normals, motion.dates)
        missed = _differences(plan, Motion(motion.dates, normals), usual)
        return _MARGIN * np.where(missed > rounding[:, None], missed, 0.0) @ weights
    worst = np.zeros(len(usual))
    done = np.zeros(len(usual), dtype=bool)
    for stretch in _STRETCHES:
        largest = _differences(plan, Motion(motion.dates, motion.normals * stretch), usual).max(axis=1)
        worst, done = np.where(~done & (largest > rounding), np.maximum(worst, largest), worst), worst > 0
    return worst * 3 / plan.request.simulation.paths


def is_integrated(plan: Plan) -> bool:
    """True if the bound is an integral over all ends of a path, not a guess from some."""
    return len(plan.request.contract.dates) == 1 and not plan.controls


@np.errstate(all="ignore")  # what is not finite counts as no difference
def _differences(plan: Plan, motion: Motion, usual: NDArray[np.float64]) -> NDArray[np.float64]:
    """The distance of each Greek from its usual value, on each path."""
    request = in_float64(plan.request)
    numbers = Numbers([request])
    found: Derivatives = {}
    for group in plan.groups:
        program = traced(request, dict.fromkeys(group.wanted, (group.method,))).simplified(
            group.method.pattern, numbers
        )
        for index, row in run_batch(program, motion, numbers, widths_of([group.method])).items():
            found[index] = np.broadcast_to(row, (motion.n_paths,))
    rows = np.array([found[greek.parameters] for greek in request.greeks])
    return np.nan_to_num(np.abs(rows - usual[:, None]))
