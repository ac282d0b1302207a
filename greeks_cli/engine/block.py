"""A block of paths: the unit of memory, of random numbers, of work, of progress."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.device import Device
from greeks_cli.engine.devices import device_of
from greeks_cli.engine.moments import Comoments, Moments
from greeks_cli.engine.plan import Plan
from greeks_cli.engine.programs import CONTROL, ESTIMATE, FOUR_TIMES, TWICE, Wanted
from greeks_cli.engine.scenario import Simulated
from greeks_cli.terms.simulation import Sampler

_BIAS_EVERY = {1: 8, 2: 8, 3: 4, 4: 1}
"""One block in so many, by the highest order of a kink's derivative, is evaluated at wider widths too.

Enough to measure the bias: it is larger, and its measurement noisier, at higher orders.
"""

Rows = list[NDArray[np.floating]]
Sums = TypeVar("Sums", Moments, Comoments)


@dataclass(frozen=True, slots=True)
class Tally:
    """What a block adds: moments of the estimates, and of what wider smoothing changes.

    ``near`` is the change from twice the width, ``far`` from four times to twice; both are
    measured in some blocks only. ``control`` is there where a control variate is asked for.
    """

    paths: int
    values: Moments
    near: Moments | None = None
    far: Moments | None = None
    control: Comoments | None = None

    def __add__(self, other: Self) -> Self:
        return type(self)(
            self.paths + other.paths,
            self.values + other.values,
            _together(self.near, other.near),
            _together(self.far, other.far),
            _together(self.control, other.control),
        )


def _together(one: Sums | None, other: Sums | None) -> Sums | None:
    if one is None or other is None:
        return one or other
    return one + other


def price_block(plan: Plan, block: int) -> Tally:
    """Simulate, price and differentiate one block; a pure function of its arguments."""
    device = device_of(plan.request.simulation, block)

    def work() -> Tally:
        return tally_of(plan, block, Simulated.of(plan.request, plan.normals(block, device)), device)[0]

    return device.run(work)


def tally_of(plan: Plan, block: int, simulated: Simulated, device: Device) -> tuple[Tally, Rows]:
    """What a block adds, given its paths on a device, and the samples there of every Greek that it was made of."""
    biased = plan.programs.biased if _measures_bias(plan, block) else None
    program = biased or plan.programs.usual
    with np.errstate(all="ignore"):  # a non-finite estimate is reported by name at the end
        found = program.run(simulated.fetch, simulated.n_paths, device.constants(program))
        values = _rows(plan, found, ESTIMATE)
        near, far = _changes(plan, found, values, device) if biased else (None, None)
        control = Comoments.of(values, _rows(plan, found, CONTROL), device) if plan.controls else None
        return Tally(simulated.n_paths, Moments.of(values, device), near, far, control), values


def _rows(plan: Plan, found: Mapping[Wanted, NDArray[np.floating]], level: str) -> Rows:
    """One row of independent samples per Greek of the request."""
    return [plan.samples(found[level, greek.parameters]) for greek in plan.request.greeks]


def _measures_bias(plan: Plan, block: int) -> bool:
    contract = plan.request.contract
    smoothed = [
        len(i) + contract.jumps for group in plan.groups for i in group.wanted if group.method.smooths(i, contract)
    ]
    if not smoothed:
        return False
    sobol = plan.request.simulation.sampler is Sampler.SOBOL  # few blocks, each a sample
    return sobol or block % _BIAS_EVERY[min(4, max(1, *smoothed))] == 0


def _changes(
    plan: Plan, found: Mapping[Wanted, NDArray[np.floating]], values: Rows, device: Device
) -> tuple[Moments, Moments]:
    """What twice and four times the width change; nothing, where nothing is smoothed."""
    near, far = [], []
    for greek, value in zip(plan.request.greeks, values, strict=True):
        if (TWICE, greek.parameters) in found:
            twice = plan.samples(found[TWICE, greek.parameters])
            near.append(value - twice)
            far.append(twice - plan.samples(found[FOUR_TIMES, greek.parameters]))
        else:
            near.append(np.zeros_like(value))
            far.append(near[-1])
    return Moments.of(near, device), Moments.of(far, device)
