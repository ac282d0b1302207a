"""What every block computes: recorded programs of one request or several, put together."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.autodiff.mixed_partials import MultiIndex
from greeks_cli.engine.compiler.batching import Unlike
from greeks_cli.engine.compiler.ir import Program
from greeks_cli.engine.compiler.rules import Scaled
from greeks_cli.engine.compiler.simplify import Algebra
from greeks_cli.engine.execution.chunks import Calculation, Rows
from greeks_cli.engine.execution.plan import Plan
from greeks_cli.engine.execution.traced import OpenNumbers, pattern, type_of, widths_of
from greeks_cli.engine.payoffs.controls import control_of

ESTIMATE, NEAR, FAR, CONTROL = "estimate", "near", "far", "control"
"""Of a derivative: its estimate, what twice the width changes, what four times changes from there, its control's."""

Wanted = tuple[str, MultiIndex]
Result = tuple[int, Wanted]
"""Of one of several stacks."""
Stack = tuple[int, ...]
"""Numbers of plans that are computed at once, a row of paths for each."""

_LARGEST_FAMILY = 256
"""Plans that are put together as one calculation, at most. It is run a stack at a time: the arrays of all would leave
the cache."""


@dataclass(frozen=True, slots=True)
class Family:
    """Plans that differ in numbers alone, put together as one calculation."""

    slots: Mapping[Wanted, int]
    """Where that has its results."""
    stacks: Sequence[tuple[int, slice]]
    """The numbers of its stacks, and where in the family they are."""
    is_single: bool
    """Whether it is of one plan, whose numbers are those of the calculation."""


class Programs:
    """The calculations of some plans of one market as one, so that what they have in common is computed once."""

    def __init__(self, plans: Sequence[Plan], most: int = 1):
        """For stacks of so many plans at most."""
        algebra = Algebra()
        found: dict[tuple[int, Wanted], Scaled] = {}
        self._families: list[Family] = []
        self.stacks: list[Stack] = []
        self.factors: dict[Result, NDArray[np.float64]] = {}
        """What every result is yet to be multiplied by, for each plan of its stack."""
        with np.errstate(all="ignore"):  # what leaves the range of its type is reported with the estimate
            for alike in _looking_alike(plans, _LARGEST_FAMILY if most > 1 else 1):
                for numbers, scaled in _put_together(plans, alike, algebra):
                    found |= {(len(self._families), name): each for name, each in scaled.items()}
                    self._families.append(self._in_stacks(numbers, scaled, most))
        whole = algebra.program(found, type_of(plans[0].request))
        self._whole = replace(whole, alike=_per_path(whole))
        self._wide = algebra.wide
        self._kept: dict[tuple[bool, ...], Calculation[Result]] = {}

    def _in_stacks(self, numbers: tuple[int, ...], scaled: Mapping[Wanted, Scaled], most: int) -> Family:
        factors = {name: np.broadcast_to(np.asarray(each.factor), len(numbers)) for name, each in scaled.items()}
        stacks = []
        for start in range(0, len(numbers), most):
            stack, which = len(self.stacks), slice(start, start + most)
            self.factors |= {(stack, name): factor[which] for name, factor in factors.items()}
            self.stacks.append(numbers[which])
            stacks.append((stack, which))
        return Family({name: each.slot for name, each in scaled.items()}, stacks, len(numbers) == 1)

    def where(self, biased: tuple[bool, ...]) -> Calculation[Result]:
        """The calculation of a block, some of whose stacks measure what wider smoothing changes."""
        if biased not in self._kept:  # two threads may make it, and it is the same
            self._kept[biased] = self._made(biased)
        return self._kept[biased]

    def _made(self, biased: tuple[bool, ...]) -> Calculation[Result]:
        single: dict[Result, int] = {}
        families: list[list[Rows[Result]]] = []
        for family in self._families:
            rows = []
            for stack, which in family.stacks:
                wanted = (name for name in family.slots if biased[stack] or name[0] not in (NEAR, FAR))
                rows.append(Rows(which, {(stack, name): family.slots[name] for name in wanted}))
            if family.is_single:
                single |= rows[0].results
            else:
                families.append(rows)
        return Calculation.of(self._whole, self._wide, single, families)


def _per_path(program: Program[Any]) -> frozenset[int]:
    """The slots of calls that are sure to have a number per path, for they have one at most and read such a slot."""
    sources = program.flat.intersection(program.sources.values())
    found = set(sources)
    for call in program.calls:
        if call.result in program.flat and not found.isdisjoint(call.inputs):
            found.add(call.result)
    return frozenset(found - sources)


def _looking_alike(plans: Sequence[Plan], most: int) -> Iterator[tuple[int, ...]]:
    """Numbers of plans that may be put together, by the look of them; they measure their bias in the same blocks."""
    found: dict[Hashable, list[int]] = {}
    for number, plan in enumerate(plans):
        groups = tuple((pattern(group.method), group.wanted) for group in plan.groups)
        asked = tuple(greek.parameters for greek in plan.request.greeks)  # some perhaps twice, by other names
        alone = number if plan.controls else None
        found.setdefault((id(plan.recordings), groups, asked, alone), []).append(number)
    for alike in found.values():
        yield from (tuple(alike[start : start + most]) for start in range(0, len(alike), most))


def _put_together(
    plans: Sequence[Plan], alike: tuple[int, ...], algebra: Algebra
) -> Iterator[tuple[tuple[int, ...], dict[Wanted, Scaled]]]:
    """The calculation of such plans, or those of each half of them, where they turn out to differ."""
    try:
        yield alike, dict(_assembled([plans[number] for number in alike], algebra))
    except Unlike:
        middle = len(alike) // 2
        for half in (alike[:middle], alike[middle:]):
            yield from _put_together(plans, half, algebra)


def _assembled(plans: Sequence[Plan], algebra: Algebra) -> Iterator[tuple[Wanted, Scaled]]:
    plan, numbers = plans[0], OpenNumbers([own.request for own in plans])
    recordings, contract = plan.recordings, plan.request.contract
    algebra.begin()
    for number, group in enumerate(plan.groups):
        widths = widths_of([own.groups[number].method for own in plans])
        program = recordings.of_some(group.method.estimator, group.wanted)
        found = algebra.include(program, numbers.at(widths), contract.always_defined)
        yield from (((ESTIMATE, index), found[index]) for index in group.wanted)
        if plan.controls:
            pairs = {index: plan.controls[index] for index in group.wanted}
            of_control = recordings.of_control(control_of(contract), group.method, tuple(dict.fromkeys(pairs.values())))
            controls = algebra.include(of_control, numbers.at(widths))  # no formula is a control
            yield from (((CONTROL, index), controls[other]) for index, other in pairs.items())
        smoothed = tuple(index for index in group.wanted if group.method.smooths(index, contract))
        program = recordings.of_some(group.method.estimator, smoothed)
        for level, factor in ((NEAR, 2), (FAR, 4)) if smoothed else ():
            wider = algebra.include(program, numbers.at(factor * widths), contract.always_defined)
            yield from (((level, index), algebra.difference(found[index], wider[index])) for index in smoothed)
            found = wider
