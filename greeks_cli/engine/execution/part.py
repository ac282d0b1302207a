"""Parts of a path group: plans on paths of the same dates that are shifted by the same distance, linked as one."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import ceil
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.backends.backend import Device, SlicedSums
from greeks_cli.engine.compiler.functions import broadcast
from greeks_cli.engine.execution.accumulator import StackAccumulator, StackMoments
from greeks_cli.engine.execution.chunks import Chunked
from greeks_cli.engine.execution.linker import Linked, Result
from greeks_cli.engine.execution.plan import Plan
from greeks_cli.engine.execution.programs import ESTIMATE, FAR_STEPS, STEPS, Programs, Stack, Wanted
from greeks_cli.engine.execution.spans import Span
from greeks_cli.engine.simulation.path_data import Motion

Samples = NDArray[np.floating]
"""Independent samples, a row for each plan of a stack in each block."""
Factors = dict[Wanted, NDArray[np.float64]]
Note = Callable[[Sequence[int], Wanted, Samples, NDArray[np.float64]], None]
"""Takes the samples of some plans of the group, by their numbers, and the factor of each."""
_SUMS_AT_ONCE = 1 << 23
"""Sums over time steps, times dates and paths, that are in memory at once: larger blocks are run in pieces."""


@dataclass(frozen=True)
class Part:
    """Plans of a group on paths of the same dates and the same shift, linked."""

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
class PartRun:
    """A part on the paths of a span."""

    part: Part
    span: Span
    device: Device

    @cached_property
    def _plans(self) -> Sequence[Plan]:
        """A plan of each stack."""
        return [self.part.plans[stack[0]] for stack in self.part.linked.stacks]

    @cached_property
    def _changes(self) -> Mapping[str, int]:
        """The levels of changes from twice the time step, and how often the step is doubled before."""
        plan = self._plans[0]
        found = {STEPS: 0} if plan.measures_steps(self.span.blocks.start) else {}
        return found | {FAR_STEPS: plan.far_doublings} if plan.far_doublings else found

    def moments(self, pieces: int, note: Note | None, takes_sums: bool) -> list[StackMoments]:
        """The moments of each stack, by plan and block, computed in ``pieces`` of the paths at least.

        ``note`` takes the samples of every estimate. ``takes_sums`` says that sums of the rows suffice.
        """
        linked, device = self.part.linked, self.device
        chunked = linked.chunked(tuple(plan.measures_bias(self.span.blocks.start) for plan in self._plans))
        factors = self._factors(chunked)
        motions, weights = self._motions(chunked.n_latents, pieces)
        sums = device.compiles and len(motions) == 1 and weights is None and not self._changes and takes_sums
        runs = _rows(linked, chunked, motions, device, sums)
        doublings = {n for first in self._changes.values() for n in (first, first + 1) if n}
        coarser = {n: _rows(linked, chunked, [one.coarser(n) for one in motions], device) for n in doublings}
        accumulators: dict[int, StackAccumulator] = {}
        found: dict[int, StackMoments] = {}
        for (stack, name), rows in runs:
            if stack not in accumulators:
                accumulators[stack] = StackAccumulator(self._plans[stack], factors[stack], device)
            own = accumulators[stack]
            samples = rows if isinstance(rows, SlicedSums) else self._samples(stack, rows, weights)
            own.add(name, samples, rows.count if isinstance(rows, SlicedSums) else self.span.n_paths)
            others = {n: next(of_steps)[1] for n, of_steps in coarser.items()}
            for level, first in self._changes.items() if name[0] == ESTIMATE else ():
                change = self._samples(stack, others.get(first, rows) - others[first + 1])
                own.add((level, name[1]), change, self.span.n_paths)
            if own.is_complete:
                found[stack] = accumulators.pop(stack).moments()
            if note and name[0] == ESTIMATE and not isinstance(samples, SlicedSums):
                note([self.part.numbers[place] for place in linked.stacks[stack]], name, samples, factors[stack][name])
        return [found[stack] for stack in range(len(found))]

    def _factors(self, chunked: Chunked[Result]) -> list[Factors]:
        """The factors of the rows of each stack, those of changes from twice the time step among them."""
        found: list[Factors] = [{} for _ in self.part.linked.stacks]
        for stack, name in chunked.results():
            found[stack][name] = np.repeat(self.part.linked.factors[stack, name], len(self.span.blocks))
        for own in found:
            of_values = {index: factor for (level, index), factor in own.items() if level == ESTIMATE}
            for level, doublings in self._changes.items():
                own |= {(level, index): factor / 2**doublings for index, factor in of_values.items()}
        return found

    def _motions(self, n_latents: int, pieces: int) -> tuple[list[Motion], Samples | None]:
        """The paths in pieces, as many as memory asks for, and the weights of shifted paths."""
        request = self.part.plans[0].request
        dates, grid = request.path_dates, self.part.plans[0].blocks.grid
        normals, weights = self.span.shifted(dates, self.part.shift)
        if self.device.processor is self.device:
            n_sums = n_latents * len(dates) * normals.shape[1]
            pieces = max(pieces, min(normals.shape[1], ceil(n_sums / _SUMS_AT_ONCE)))
        return [Motion(dates, piece, grid) for piece in _divided(normals, pieces)], weights

    def _samples(self, stack: int, rows: Samples, weights: Samples | None = None) -> Samples:
        """The independent samples of rows of a number for each path."""
        weighed = rows if weights is None else rows * weights
        return self._plans[stack].blocks.samples(self.span.rows(weighed))


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
