"""Requests on the same random numbers: each block is drawn once for all, and their sum has an error bar of its own."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from threading import Lock
from typing import Self

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.backends.backend import Device
from greeks_cli.engine.backends.select import device_of, on_processor
from greeks_cli.engine.compiler.ir import small_buffers
from greeks_cli.engine.estimators.moments import Moments
from greeks_cli.engine.execution.accumulator import Gathering, Tally
from greeks_cli.engine.execution.chunks import Calculation
from greeks_cli.engine.execution.linker import ESTIMATE, Programs, Result, Wanted
from greeks_cli.engine.execution.plan import Plan
from greeks_cli.engine.simulation.path_data import Simulated
from greeks_cli.terms.market import Market
from greeks_cli.terms.request import Request

_NUMBERS_AT_ONCE = 1 << 18
"""Paths times plans computed as one: with fewer, threads wait for each other's Python; more leave the cache."""


@dataclass(frozen=True)
class Cohort:
    """Plans of the same dates that draw the same random numbers, so that their blocks are the same paths."""

    plans: tuple[Plan, ...]
    markets: tuple[tuple[tuple[int, ...], Programs], ...]
    """Numbers of the plans of the same market, and what they compute."""
    summed: bool
    """Whether the sum over all plans is wanted too."""

    @classmethod
    def of(cls, plans: Sequence[Plan], summed: bool = False) -> Self:
        simulation, n_paths = plans[0].request.simulation, plans[0].block_size
        most = max(1, _NUMBERS_AT_ONCE // n_paths) if on_processor(simulation) else 1
        numbers: dict[Market, list[int]] = {}
        for number, plan in enumerate(plans):
            numbers.setdefault(plan.request.market, []).append(number)
        markets = [(tuple(alike), Programs([plans[number] for number in alike], most)) for alike in numbers.values()]
        return cls(tuple(plans), tuple(markets), summed)

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

    def summed_as(self, plan: Plan, name: Wanted) -> Iterator[str]:
        """The Greeks to whose sums a row of a plan adds."""
        if self.common and name[0] == ESTIMATE:
            yield from (g.name for g in plan.request.greeks if g.parameters == name[1] and g.name in self.common)

    def by_stack(self, tally: "CohortTally") -> Iterator[tuple[list[int], Tally]]:
        """The numbers of the plans that are computed as one, and what is theirs."""
        stacks = ([numbers[own] for own in stack] for numbers, programs in self.markets for stack in programs.stacks)
        return zip(stacks, tally.stacks, strict=True)


@dataclass(frozen=True, slots=True)
class CohortTally:
    """What a block adds to the estimates of each stack, and to the sums over all plans of the Greeks all have."""

    stacks: tuple[Tally, ...]
    total: Moments | None

    @property
    def paths(self) -> int:
        return self.stacks[0].paths

    def __add__(self, other: "CohortTally") -> "CohortTally":
        total = self.total + other.total if self.total and other.total else None
        return CohortTally(tuple(a + b for a, b in zip(self.stacks, other.stacks, strict=True)), total)


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


class SharedNormals:
    """The normals of each block, drawn once for several cohorts of the same paths, each of which asks once.

    They are kept until all have them. For cohorts that are priced on threads of the processor.
    """

    def __init__(self, plan: Plan, n_cohorts: int):
        self._plan, self._n_cohorts = plan, n_cohorts
        self._kept: dict[int, tuple[int, Future[NDArray[np.floating]]]] = {}
        self._lock = Lock()

    def of(self, block: int, device: Device) -> NDArray[np.floating]:
        """As the plan's, read-only; other blocks are drawn at the same time."""
        with self._lock:
            left, drawing = self._kept.pop(block, (self._n_cohorts, Future()))
            if left > 1:
                self._kept[block] = left - 1, drawing
        if left == self._n_cohorts:
            try:
                normals = self._plan.normals(block, device)
                normals.setflags(write=False)
                drawing.set_result(normals)
            except BaseException as error:  # the others wait for it
                drawing.set_exception(error)
        return drawing.result()


def price_block(cohort: Cohort, block: int, shared: SharedNormals | None = None) -> CohortTally:
    """Simulate, price and differentiate one block of all plans; a pure function of cohort and block.

    Each plan's tally is the one that it has alone, to the bit. ``shared`` spares others drawing the same normals.
    """
    plan = cohort.plans[0]
    device = device_of(plan.request.simulation, block)

    def tally(pieces: int) -> CohortTally:
        normals = shared.of(block, device) if shared else plan.normals(block, device)
        return _tally(cohort, block, normals, device, pieces)

    return device.run(tally)


@small_buffers()
@np.errstate(all="ignore")  # a non-finite estimate is reported by name at the end
def _tally(cohort: Cohort, block: int, normals: NDArray[np.floating], device: Device, pieces: int) -> CohortTally:
    tallies: list[Tally] = []
    total: dict[str, NDArray[np.floating]] = {}
    for numbers, programs in cohort.markets:
        plans = [cohort.plans[number] for number in numbers]
        simulated = [Simulated.of(plans[0].request, piece) for piece in _divided(normals, pieces)]
        calculation = programs.where(tuple(plans[stack[0]].measures_bias(block) for stack in programs.stacks))
        factors: list[dict[Wanted, NDArray[np.float64]]] = [{} for _ in programs.stacks]
        for number, name in calculation.results():
            factors[number][name] = programs.factors[number, name]
        gathered: dict[int, Gathering] = {}
        found: dict[int, Tally] = {}
        for (number, name), rows in _rows(programs, calculation, simulated, device):
            plan = plans[programs.stacks[number][0]]
            if number not in gathered:
                gathered[number] = Gathering(plan, factors[number], device)
            samples = plan.samples(rows)
            gathered[number].add(name, samples, rows.shape[-1])
            if gathered[number].is_whole:
                found[number] = gathered.pop(number).tally()
            for greek in cohort.summed_as(plan, name):
                for row, factor in zip(samples, factors[number][name], strict=True):
                    added = row * float(factor)
                    if greek in total:
                        added += total[greek]
                    total[greek] = added
        tallies += (found[number] for number in range(len(found)))
    sums = Moments.of([total[name] for name in cohort.common], device) if total else None
    return CohortTally(tuple(tallies), sums)


def _rows(
    programs: Programs, calculation: Calculation[Result], pieces: Sequence[Simulated], device: Device
) -> Iterator[tuple[Result, NDArray[np.floating]]]:
    """The rows of all pieces as one: no path knows of another, so their numbers are those of the whole."""

    def of_piece(piece: Simulated) -> Iterator[tuple[Result, NDArray[np.floating]]]:
        for result, rows in calculation.run(piece, device):
            yield result, np.broadcast_to(rows, (len(programs.stacks[result[0]]), piece.n_paths))

    if len(pieces) == 1:
        return of_piece(pieces[0])
    found = [dict(of_piece(piece)) for piece in pieces]
    return ((result, np.concatenate([piece[result] for piece in found], axis=1)) for result in calculation.results())


def _divided(normals: NDArray[np.floating], pieces: int) -> list[NDArray[np.floating]]:
    n_paths = normals.shape[1]
    ends = [n_paths * i // pieces for i in range(pieces + 1)]
    return [normals[:, start:end] for start, end in pairwise(ends)]
