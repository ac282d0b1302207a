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
from greeks_cli.engine.programs import CONTROL, ESTIMATE, FAR, NEAR, Wanted
from greeks_cli.engine.scenario import Simulated
from greeks_cli.terms.simulation import Sampler

_BIAS_EVERY = {1: 8, 2: 8, 3: 4, 4: 1}
"""One block in so many, by the highest order of a kink's derivative, is evaluated at wider widths too.

Enough to measure the bias: it is larger, and its measurement noisier, at higher orders.
"""

Samples = Mapping[Wanted, NDArray[np.floating]]
"""By name, yet to be multiplied by the factors of ``Programs``."""
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


def tally_of(plan: Plan, block: int, simulated: Simulated, device: Device) -> tuple[Tally, Samples]:
    """What a block adds, given its paths on a device, and the samples there that it was made of."""
    biased = plan.programs.biased if _measures_bias(plan, block) else None
    program = biased or plan.programs.usual
    with np.errstate(all="ignore"):  # a non-finite estimate is reported by name at the end
        found = program.run(simulated.fetch, simulated.n_paths, device.constants(program))
        samples = {name: plan.samples(row) for name, row in found.items()}
        tally = Tally(
            simulated.n_paths,
            _moments(plan, samples, ESTIMATE, device),
            _moments(plan, samples, NEAR, device) if biased else None,
            _moments(plan, samples, FAR, device) if biased else None,
            _comoments(plan, samples, device) if plan.controls else None,
        )
        return tally, samples


def _moments(plan: Plan, samples: Samples, level: str, device: Device) -> Moments:
    """The moments of every Greek of the request at a level; zero where it has no samples there."""
    names = [(level, greek.parameters) for greek in plan.request.greeks]
    moments = Moments.of([samples[name] for name in names if name in samples], device)
    return moments.scaled([plan.programs.factors.get(name) for name in names])


def _comoments(plan: Plan, samples: Samples, device: Device) -> Comoments:
    own, other = ([(level, greek.parameters) for greek in plan.request.greeks] for level in (ESTIMATE, CONTROL))
    comoments = Comoments.of([samples[name] for name in own], [samples[name] for name in other], device)
    return comoments.scaled(*([plan.programs.factors[name] for name in names] for names in (own, other)))


def _measures_bias(plan: Plan, block: int) -> bool:
    contract = plan.request.contract
    smoothed = [
        len(i) + contract.jumps for group in plan.groups for i in group.wanted if group.method.smooths(i, contract)
    ]
    if not smoothed:
        return False
    sobol = plan.request.simulation.sampler is Sampler.SOBOL  # few blocks, each a sample
    return sobol or block % _BIAS_EVERY[min(4, max(1, *smoothed))] == 0
