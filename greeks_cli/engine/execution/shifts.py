"""Shifts of importance sampling, for payoffs that few paths reach: chosen on paths whose ends are spread evenly.

One set of paths tells the variance under any shift: the density of the end is known.
"""

from collections.abc import Hashable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.compiler.batching import in_batches
from greeks_cli.engine.compiler.ir import small_buffers
from greeks_cli.engine.execution.chunks import run_batch
from greeks_cli.engine.execution.numbers import Numbers, widths_of
from greeks_cli.engine.execution.plan import Plan
from greeks_cli.engine.execution.selection import in_float64, pilot_motion
from greeks_cli.engine.simulation.importance import shift_weights, spread
from greeks_cli.engine.simulation.path_data import Motion
from greeks_cli.terms.simulation import Sampler

_RARE = 0.1
"""The share of pilot paths beyond a kink below which a shift is tried."""
_FARTHEST, _STEP = 36.0, 0.5
"""Shifts that are tried, up to this size, in standard deviations."""
_WORTH = 1.5
"""The least gain in the variance of every Greek for which paths are shifted."""
_PLANS_AT_ONCE = 16


def with_shifts(plans: Sequence[Plan]) -> list[Plan]:
    """The plans, those shifted that gain in every Greek."""
    batches: dict[Hashable, list[int]] = {}
    for number, plan in enumerate(plans):
        if _is_tried(plan):
            groups = tuple((group.method.pattern, group.wanted) for group in plan.groups)
            simulation, dates = plan.request.simulation, plan.request.contract.dates
            batches.setdefault((id(plan.traced), groups, simulation, dates), []).append(number)
    found = list(plans)
    for numbers in batches.values():
        for start in range(0, len(numbers), _PLANS_AT_ONCE):
            some = numbers[start : start + _PLANS_AT_ONCE]
            for part, shifts in in_batches(_shifts, some_plans := [plans[number] for number in some]):
                own = {id(plan): shift for plan, shift in zip(part, shifts, strict=True)}
                for number, plan in zip(some, some_plans, strict=True):
                    if id(plan) in own:
                        found[number] = replace(plan, shift=own[id(plan)])
    return found


def _is_tried(plan: Plan) -> bool:
    simulation = plan.request.simulation
    if not simulation.importance or simulation.control or simulation.sampler is Sampler.SOBOL:
        return False
    return any(kink.rarest < _RARE for kink in plan.kinks)


@small_buffers()
@np.errstate(all="ignore")  # what is not finite gains nothing
def _shifts(plans: Sequence[Plan]) -> list[float]:
    """The shift of least noise of each plan, 0 where a Greek gains too little; the plans differ in numbers alone."""
    numbers = Numbers([in_float64(plan.request) for plan in plans])
    motion = pilot_motion(numbers.requests[0])
    normals, density, ends = spread(motion.normals, motion.dates)
    moved = Motion(motion.dates, normals)
    half = np.arange(_STEP, _FARTHEST + _STEP / 2, _STEP)
    tried = np.concatenate([[0.0], half, -half])
    weights = np.array([shift_weights(ends, shift) for shift in tried]) * density
    gains = []
    for number, group in enumerate(plans[0].groups):
        program = plans[0].traced.simplified(group.method.pattern, numbers, group.wanted)
        rows = run_batch(program, moved, numbers, widths_of([plan.groups[number].method for plan in plans]))
        for row in rows.values():
            samples = np.broadcast_to(row, (len(plans), motion.n_paths))
            variances = np.square(samples) @ weights.T - np.square(samples @ density)[:, None]
            gain = variances[:, :1] / variances
            gains.append(np.where(variances[:, :1] > 0, np.nan_to_num(gain, nan=0.0), 1.0))
    return [_best(tried, np.array([gain[place] for gain in gains])) for place in range(len(plans))]


def _best(tried: NDArray[np.float64], gains: NDArray[np.float64]) -> float:
    """The shift that gains most in all Greeks, by the geometric mean, if every one that varies gains enough."""
    varies = gains[:, 1:].max(axis=1) != 1.0
    if not varies.any():
        return 0.0
    gains = gains[varies]
    best = int(np.log(np.maximum(gains, 1e-9)).mean(axis=0).argmax())
    return float(tried[best]) if gains[:, best].min() >= _WORTH else 0.0
