"""Path groups: trades on common random numbers. Blocks are drawn once, and the sum of all trades has an error bar."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, pairwise
from math import ceil
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.autodiff.mixed_partials import MultiIndex
from greeks_cli.engine.backends.backend import Device, SlicedSums
from greeks_cli.engine.backends.select import arithmetic, device_of, on_processor, processor
from greeks_cli.engine.compiler.functions import broadcast
from greeks_cli.engine.compiler.ir import small_buffers
from greeks_cli.engine.estimators.moments import Moments
from greeks_cli.engine.execution.accumulator import StackAccumulator, StackMoments
from greeks_cli.engine.execution.chunks import Chunked
from greeks_cli.engine.execution.linker import Linked, Result
from greeks_cli.engine.execution.plan import Plan
from greeks_cli.engine.execution.programs import ESTIMATE, FAR_STEPS, STEPS, Programs, Stack, Wanted
from greeks_cli.engine.execution.shared_normals import SharedNormals
from greeks_cli.engine.execution.spans import Span
from greeks_cli.engine.execution.unseen.tails import Tail, tails
from greeks_cli.engine.simulation.path_data import Motion
from greeks_cli.terms.simulation import Sampler

_SUMS_AT_ONCE = 1 << 23
"""Sums over time steps, times dates and paths, that are in memory at once: larger blocks are run in pieces."""
_NUMBERS_AT_ONCE = 1 << 18
"""Paths times plans of a stack: with fewer, threads wait for each other's Python; more leave the cache."""

_NUMBERS_OF_SPAN = 1 << 14
"""Numbers of the blocks that are run at once, at most: of so few, Python's part is most of the time."""


@dataclass(frozen=True, slots=True)
class WeightedSum:
    """Sum of Greeks of some plans of a group, each times a weight."""

    weights: Mapping[tuple[int, str], float]
    """The weight of each Greek that is summed, by the plan's number in the group and the Greek's name."""


@dataclass(frozen=True, slots=True)
class GroupMoments:
    """Moments of the estimates of each stack over some blocks, and of the sums over plans."""

    stacks: tuple[StackMoments, ...]
    total: Moments | None

    @property
    def paths(self) -> int:
        """The number of paths."""
        return self.stacks[0].paths

    def __add__(self, other: "GroupMoments") -> "GroupMoments":
        total = self.total + other.total if self.total and other.total else None
        return GroupMoments(tuple(a + b for a, b in zip(self.stacks, other.stacks, strict=True)), total)


@dataclass(frozen=True)
class Part:
    """Plans of a group on paths of the same dates that are shifted alike, linked."""

    shift: float
    numbers: tuple[int, ...]
    """The numbers of the plans in the group."""
    plans: tuple[Plan, ...]
    linked: Linked

    @classmethod
    def of(cls, programs: Programs, group: Sequence[int], places: Sequence[int], most: int) -> Self:
        """Links the plans at some places of a group, ``most`` to a stack; ``group`` are the numbers of all."""
        numbers = [group[place] for place in places]
        own = tuple(programs.plans[number] for number in numbers)
        return cls(own[0].shift, tuple(places), own, Linked(programs, numbers, most))

    @property
    def stacks(self) -> Iterator[Stack]:
        """The numbers in the group of the plans of each stack."""
        return (tuple(self.numbers[place] for place in stack) for stack in self.linked.stacks)


@dataclass(frozen=True)
class PathGroup:
    """Plans that draw the same random numbers, as one executable: a pure function of a block."""

    plans: tuple[Plan, ...]
    parts: tuple["Part", ...]
    sums: tuple[WeightedSum, ...]
    """The sums over plans that are wanted too."""

    @classmethod
    def of(cls, programs: Programs, numbers: Sequence[int] | None = None, sums: Sequence[WeightedSum] = ()) -> Self:
        """Links the programs of the plans of some numbers, by default of all; ``sums`` number them from 0."""
        numbers = range(len(programs.plans)) if numbers is None else numbers
        plans = [programs.plans[number] for number in numbers]
        simulation, n_paths = plans[0].request.simulation, plans[0].blocks.size
        most = max(1, _NUMBERS_AT_ONCE // n_paths) if on_processor(simulation) else 1
        alike: dict[object, list[int]] = {}
        for place, plan in enumerate(plans):
            blocks = plan.blocks
            key = plan.shift, blocks.grid, blocks.doublings, plan.request.path_dates
            alike.setdefault(key, []).append(place)
        parts = (Part.of(programs, numbers, places, most) for places in alike.values())
        return cls(tuple(plans), tuple(parts), tuple(sums))

    @property
    def stacks(self) -> tuple[Stack, ...]:
        """The numbers of the plans of each stack."""
        return tuple(chain.from_iterable(part.stacks for part in self.parts))

    @property
    def n_blocks(self) -> int:
        """The number of blocks."""
        return self.plans[0].blocks.count

    @property
    def numbers_of_block(self) -> int:
        """Paths of a block, times dates, times plans."""
        blocks = self.plans[0].blocks
        return blocks.size * blocks.grid.n_rows * len(self.plans)

    @cached_property
    def _places(self) -> Mapping[int, Sequence[tuple[str, int, float]]]:
        """The Greek, the place and the weight of each sum that a plan is part of."""
        found: dict[int, list[tuple[str, int, float]]] = {}
        for place, one in enumerate(self.sums):
            for (number, greek), weight in one.weights.items():
                found.setdefault(number, []).append((greek, place, weight))
        return found

    def tails(self, paths: int) -> list[Mapping[MultiIndex, Tail]]:
        """The tail of each Greek of each stack, for a run of some paths."""
        with arithmetic(self.plans[0].request.simulation):
            return [own for part in self.parts for own in tails(part.linked, part.plans, paths)]

    @property
    def spans(self) -> Iterator[range]:
        """The blocks that are run at once, in order: a few small ones of one size, in which the same is measured."""
        simulation = self.plans[0].request.simulation
        joins = on_processor(simulation) and not (processor(simulation).compiles or self.sums)
        most = max(1, _NUMBERS_OF_SPAN // self.numbers_of_block) if joins else 1
        start = 0
        while start < self.n_blocks:
            alike = self._kind(start)
            last = next((b for b in range(start + 1, start + most) if self._kind(b) != alike), start + most)
            yield range(start, min(last, self.n_blocks))
            start = last

    def _kind(self, block: int) -> Hashable:
        """The size of a block and what is measured in it, equal for blocks that may be run at once."""
        size = self.plans[0].blocks.paths_in(block)
        return size, [(plan.measures_bias(block), plan.measures_steps(block)) for plan in self.plans]

    def accumulate(self, block: int, shared: "SharedNormals | None" = None) -> GroupMoments:
        """Simulates, prices and differentiates one block of all plans; a pure function of group and block.

        The moments of a plan are to the bit those of the plan alone. ``shared`` are normals of several groups.
        """
        return self.accumulate_span(range(block, block + 1), shared)[0]

    def accumulate_span(self, span: range, shared: "SharedNormals | None" = None) -> list[GroupMoments]:
        """The moments of each block of a span, to the bit those of the block alone."""
        blocks = self.plans[0].blocks
        device = device_of(blocks.request.simulation, span.start)

        def accumulated(pieces: int) -> list[GroupMoments]:
            normals = [shared.of(b, device) if shared else blocks.normals(b, device) for b in span]
            return self._moments(Span(span, normals), device, pieces)

        with arithmetic(blocks.request.simulation):
            return device.run(accumulated)

    @small_buffers()
    @np.errstate(all="ignore")  # a non-finite estimate is reported by name at the end
    def _moments(self, span: Span, device: Device, pieces: int) -> list[GroupMoments]:
        total: dict[int, NDArray[np.floating]] = {}
        stacks = [found for part in self.parts for found in self._of_part(part, span, device, pieces, total)]
        sums = Moments.of([total[place] for place in range(len(self.sums))], device) if total else None
        return [GroupMoments(of_block, sums) for of_block in zip(*map(span.divided, stacks), strict=True)]

    def _of_part(
        self,
        part: "Part",
        span: Span,
        device: Device,
        pieces: int,
        total: dict[int, NDArray[np.floating]],
    ) -> list[StackMoments]:
        """The moments of each stack of a part, by plan and block; adds its samples to the sums over plans."""
        block = span.blocks.start
        linked, dates, grid = part.linked, part.plans[0].request.path_dates, part.plans[0].blocks.grid
        first_plans = [part.plans[stack[0]] for stack in linked.stacks]
        chunked = linked.chunked(tuple(plan.measures_bias(block) for plan in first_plans))
        factors: list[dict[Wanted, NDArray[np.float64]]] = [{} for _ in linked.stacks]
        for stack, name in chunked.results():
            factors[stack][name] = np.repeat(linked.factors[stack, name], len(span.blocks))
        accumulators: dict[int, StackAccumulator] = {}
        found: dict[int, StackMoments] = {}
        normals, weights = span.shifted(dates, part.shift)
        if device.processor is device:
            n_sums = chunked.n_latents * len(dates) * normals.shape[1]
            pieces = max(pieces, min(normals.shape[1], ceil(n_sums / _SUMS_AT_ONCE)))
        motions = [Motion(dates, piece, grid) for piece in _divided(normals, pieces)]
        changes = _changes_of_steps(first_plans[0], block)
        for own in factors:
            of_values = {index: factor for (level, index), factor in own.items() if level == ESTIMATE}
            for level, doublings in changes.items():
                own |= {(level, index): factor / 2**doublings for index, factor in of_values.items()}
        sums = (
            device.compiles
            and len(motions) == 1
            and weights is None
            and not (changes or self.sums)
            and self._takes_sums
        )
        runs = _rows(linked, chunked, motions, device, sums)
        coarser = {
            doublings: _rows(linked, chunked, [motion.coarser(doublings) for motion in motions], device)
            for doublings in {n for first in changes.values() for n in (first, first + 1) if n}
        }
        for (stack, name), rows in runs:
            plan = first_plans[stack]
            if stack not in accumulators:
                accumulators[stack] = StackAccumulator(plan, factors[stack], device)
            if isinstance(rows, SlicedSums):
                accumulators[stack].add(name, rows, rows.count)
            else:
                samples = plan.blocks.samples(span.rows(rows if weights is None else rows * weights))
                accumulators[stack].add(name, samples, span.n_paths)
            others = {doublings: next(own)[1] for doublings, own in coarser.items()}
            for level, first in changes.items() if name[0] == ESTIMATE else ():
                change = span.rows(others.get(first, rows) - others[first + 1])
                accumulators[stack].add((level, name[1]), plan.blocks.samples(change), span.n_paths)
            if accumulators[stack].is_complete:
                found[stack] = accumulators.pop(stack).moments()
            if self.sums and name[0] == ESTIMATE:
                numbers = [part.numbers[place] for place in linked.stacks[stack]]
                self._sum(total, numbers, name, samples, factors[stack][name])
        return [found[stack] for stack in range(len(found))]

    @property
    def _takes_sums(self) -> bool:
        """True if every path is a sample, and no sample meets another: sums of the rows suffice."""
        simulation = self.plans[0].request.simulation
        is_plain = simulation.sampler is not Sampler.SOBOL and not simulation.antithetic
        return is_plain and not any(plan.controls for plan in self.plans)

    def _sum(
        self,
        total: dict[int, NDArray[np.floating]],
        numbers: Sequence[int],
        name: Wanted,
        samples: NDArray[np.floating],
        factors: NDArray[np.float64],
    ) -> None:
        """Adds the samples of a stack of plans to their sums, path by path."""
        for number, row, factor in zip(numbers, samples, factors, strict=True):
            names = {greek.name for greek in self.plans[number].request.greeks if greek.parameters == name[1]}
            for greek, place, weight in self._places.get(number, ()):
                if greek not in names:
                    continue
                added = row * (float(factor) * weight)
                total[place] = added + total[place] if place in total else added


def _changes_of_steps(plan: Plan, block: int) -> Mapping[str, int]:
    """The levels of changes from twice the time step in a block, and how often the step is doubled before."""
    found = {STEPS: 0} if plan.measures_steps(block) else {}
    return found | {FAR_STEPS: plan.far_doublings} if plan.far_doublings else found


def _rows(
    linked: Linked, chunked: Chunked[Result], pieces: Sequence[Motion], device: Device, sums: bool = False
) -> Iterator[tuple[Result, Any]]:
    """The concatenated rows of all pieces: paths are independent, so the numbers equal those of the whole block."""

    def of_piece(piece: Motion) -> Iterator[tuple[Result, Any]]:
        n_paths = piece.n_paths
        for result, rows in chunked.run(piece, device, sums):
            if isinstance(rows, SlicedSums):
                yield result, rows
            else:
                yield result, broadcast(rows, (len(linked.stacks[result[0]]), n_paths))
        piece.kept.clear()  # sums of all pieces would fill the memory

    if len(pieces) == 1:
        return of_piece(pieces[0])
    found = [dict(of_piece(piece)) for piece in pieces]
    return ((result, np.concatenate([piece[result] for piece in found], axis=1)) for result in chunked.results())


def _divided(normals: NDArray[np.floating], pieces: int) -> list[NDArray[np.floating]]:
    n_paths = normals.shape[1]
    ends = [n_paths * i // pieces for i in range(pieces + 1)]
    return [normals[:, start:end] for start, end in pairwise(ends)]
