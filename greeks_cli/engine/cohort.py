"""Requests on the same random numbers: each block is drawn once for all, and their sum has an error bar of its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.block import Tally, tally_of
from greeks_cli.engine.device import Device
from greeks_cli.engine.devices import device_of
from greeks_cli.engine.moments import Moments
from greeks_cli.engine.plan import Plan
from greeks_cli.engine.programs import ESTIMATE
from greeks_cli.engine.scenario import Simulated
from greeks_cli.terms.request import Request


@dataclass(frozen=True)
class Cohort:
    """Plans of the same dates that draw the same random numbers, so that their blocks are the same paths."""

    plans: tuple[Plan, ...]
    summed: bool
    """Whether the sum over all plans is wanted too."""

    @property
    def n_blocks(self) -> int:
        return self.plans[0].n_blocks

    @cached_property
    def common(self) -> tuple[str, ...]:
        """Names of the Greeks that are summed: those that all have, in the order of the first."""
        if not self.summed:
            return ()
        every = [{greek.name for greek in plan.request.greeks} for plan in self.plans]
        return tuple(g.name for g in self.plans[0].request.greeks if all(g.name in names for names in every))


@dataclass(frozen=True, slots=True)
class CohortTally:
    """What a block adds to each plan's estimates, and to the sums over all plans of the Greeks they have in common."""

    each: tuple[Tally, ...]
    total: Moments | None

    def __add__(self, other: "CohortTally") -> "CohortTally":
        total = self.total + other.total if self.total and other.total else None
        return CohortTally(tuple(a + b for a, b in zip(self.each, other.each, strict=True)), total)


def cohorts(plans: Mapping[int, Plan]) -> list[list[int]]:
    """The numbers of the plans that can share their paths, in order of appearance."""
    found: dict[object, list[int]] = {}
    for number, plan in plans.items():
        found.setdefault((plan.block_size, paths_key(plan.request)), []).append(number)
    return list(found.values())


def paths_key(request: Request) -> object:
    """Equal for requests that draw the same normals in the same place, if their blocks are as large."""
    contract, simulation = request.contract, request.simulation
    drawn = ("seed", "paths", "steps", "sampler", "antithetic", "dtype", "device")
    return contract.dates, contract.extra_normals, *(getattr(simulation, name) for name in drawn)


def price_cohort_block(cohort: Cohort, block: int) -> CohortTally:
    """One block of all plans; each plan's tally is what ``price_block`` gives, to the bit."""
    device = device_of(cohort.plans[0].request.simulation, block)
    return device.run(lambda: _tally(cohort, block, device))


def _tally(cohort: Cohort, block: int, device: Device) -> CohortTally:
    normals = cohort.plans[0].normals(block, device)
    markets: dict[tuple[float, ...], Simulated] = {}
    each: list[Tally] = []
    total: dict[str, NDArray[np.floating]] = {}
    for plan in cohort.plans:
        market = tuple(plan.request.market.model_dump().values())
        if market not in markets:
            markets[market] = Simulated.of(plan.request, normals)
        tally, samples = tally_of(plan, block, markets[market], device)
        each.append(tally)
        for greek in plan.request.greeks:
            if greek.name in cohort.common:
                name = ESTIMATE, greek.parameters
                row = samples[name] * plan.programs.factors[name]
                total[greek.name] = row + total[greek.name] if greek.name in total else row
    return CohortTally(tuple(each), Moments.of([total[name] for name in cohort.common], device) if total else None)
