"""Path groups: trades on common random numbers. Blocks are drawn once, and the sum of all trades has an error bar."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import chain
from typing import Self

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.autodiff.mixed_partials import MultiIndex
from greeks_cli.engine.backends.backend import Device
from greeks_cli.engine.backends.select import arithmetic, device_of, on_processor, processor
from greeks_cli.engine.compiler.ir import small_buffers
from greeks_cli.engine.estimators.moments import Moments
from greeks_cli.engine.execution.accumulator import StackMoments
from greeks_cli.engine.execution.part import Part, PartRun
from greeks_cli.engine.execution.plan import Plan
from greeks_cli.engine.execution.programs import Programs, Stack, Wanted
from greeks_cli.engine.execution.shared_normals import SharedNormals
from greeks_cli.engine.execution.spans import Span
from greeks_cli.engine.execution.unseen.tails import Tail, tails
from greeks_cli.terms.simulation import Sampler

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
class PathGroup:
    """Plans that draw the same random numbers, as one executable: a pure function of a block."""

    plans: tuple[Plan, ...]
    parts: tuple[Part, ...]
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
        note = partial(self._sum, total) if self.sums else None
        runs = (PartRun(part, span, device) for part in self.parts)
        stacks = [found for run in runs for found in run.moments(pieces, note, self._takes_sums)]
        sums = Moments.of([total[place] for place in range(len(self.sums))], device) if total else None
        return [GroupMoments(of_block, sums) for of_block in zip(*map(span.divided, stacks), strict=True)]

    @property
    def _takes_sums(self) -> bool:
        """True if every path is a sample, and no sample meets another: sums of the rows suffice."""
        simulation = self.plans[0].request.simulation
        is_plain = simulation.sampler is not Sampler.SOBOL and not simulation.antithetic
        return is_plain and not self.sums and not any(plan.controls for plan in self.plans)

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
