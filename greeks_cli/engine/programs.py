"""What every block computes: recorded programs of one request or several, put together."""

from collections.abc import Hashable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.algebra import Algebra
from greeks_cli.engine.calculation import Calculation, Rows
from greeks_cli.engine.controls import control_of
from greeks_cli.engine.derivatives import MultiIndex
from greeks_cli.engine.many import Unlike
from greeks_cli.engine.plan import Plan
from greeks_cli.engine.recordings import bound_to_all, pattern, type_of
from greeks_cli.engine.rules import Scaled

ESTIMATE, NEAR, FAR, CONTROL = "estimate", "near", "far", "control"
"""Of a derivative: its estimate, what twice the width changes, what four times changes from there, its control's."""

Wanted = tuple[str, MultiIndex]
Result = tuple[int, Wanted]
"""Of one of several stacks."""
Stack = tuple[int, ...]
"""Numbers of plans that differ in numbers alone, so that they are computed as one, with a row of paths for each."""

_TOGETHER = 256
"""Plans that are put together as one at most, and computed a stack at a time: the arrays of all leave the cache."""


class Programs:
    """The calculations of some plans of one market as one, so that what they have in common is computed once."""

    def __init__(self, plans: Sequence[Plan], most: int = 1):
        """For stacks of so many plans at most."""
        algebra = Algebra()
        found: dict[Result, Scaled] = {}
        self._alike: list[list[tuple[int, slice]]] = []
        """Of plans that were put together as one: their stacks, and where these are among them."""
        self.stacks: list[Stack] = []
        self.factors: dict[Result, NDArray[np.float64]] = {}
        """What every result is yet to be multiplied by, for each plan of its stack."""
        with np.errstate(all="ignore"):  # what leaves the range of its type is reported with the estimate
            for alike in _looking_alike(plans, _TOGETHER if most > 1 else 1):
                for numbers, scaled in _of_alike(plans, alike, algebra):
                    found |= {(len(self._alike), name): each for name, each in scaled.items()}
                    self._alike.append(self._divided(numbers, scaled, most))
        self._whole = algebra.program(found, type_of(plans[0].request))
        self._wide = algebra.wide
        self._slots: list[dict[Wanted, int]] = [{} for _ in self._alike]
        for (number, name), slot in self._whole.results.items():
            self._slots[number][name] = slot
        self._kept: dict[tuple[bool, ...], Calculation[Result]] = {}

    def _divided(self, numbers: Stack, scaled: Mapping[Wanted, Scaled], most: int) -> list[tuple[int, slice]]:
        factors = {name: np.broadcast_to(np.asarray(each.factor), len(numbers)) for name, each in scaled.items()}
        parts = []
        for start in range(0, len(numbers), most):
            part = slice(start, start + most)
            parts.append((len(self.stacks), part))
            self.factors |= {(len(self.stacks), name): factor[part] for name, factor in factors.items()}
            self.stacks.append(numbers[part])
        return parts

    def where(self, biased: tuple[bool, ...]) -> Calculation[Result]:
        """The calculation of a block, some of whose stacks measure what wider smoothing changes."""
        if biased not in self._kept:  # two threads may make it, and it is the same
            self._kept[biased] = self._made(biased)
        return self._kept[biased]

    def _made(self, biased: tuple[bool, ...]) -> Calculation[Result]:
        single: dict[Result, int] = {}
        alike: list[Sequence[Rows[Result]]] = []
        for parts, slots in zip(self._alike, self._slots, strict=True):
            (first, _), *others = parts
            wanted = {name: slot for name, slot in slots.items() if biased[first] or name[0] not in (NEAR, FAR)}
            rows: list[Rows[Result]] = [
                (part, {(stack, name): slot for name, slot in wanted.items()}) for stack, part in parts
            ]
            if others or len(self.stacks[first]) > 1:
                alike.append(rows)
            else:
                single |= rows[0][1]
        return Calculation.of(self._whole, self._wide, single, alike)


def _looking_alike(plans: Sequence[Plan], most: int) -> Iterator[Stack]:
    """Plans that may be put together as one, by the look of them; they measure their bias in the same blocks."""
    found: dict[Hashable, list[int]] = {}
    for number, plan in enumerate(plans):
        groups = tuple((pattern(group.method), group.wanted) for group in plan.groups)
        alone = number if plan.controls else None
        found.setdefault((id(plan.recordings), groups, alone), []).append(number)
    for alike in found.values():
        yield from (tuple(alike[start : start + most]) for start in range(0, len(alike), most))


def _of_alike(plans: Sequence[Plan], alike: Stack, algebra: Algebra) -> Iterator[tuple[Stack, dict[Wanted, Scaled]]]:
    """The calculation of such plans, or those of each half of them, where they turn out to differ."""
    try:
        yield alike, dict(_assembled([plans[number] for number in alike], algebra))
    except Unlike:
        middle = len(alike) // 2
        for half in (alike[:middle], alike[middle:]):
            yield from _of_alike(plans, half, algebra)


def _assembled(plans: Sequence[Plan], algebra: Algebra) -> Iterator[tuple[Wanted, Scaled]]:
    plan, requests = plans[0], [own.request for own in plans]
    recordings, contract = plan.recordings, plan.request.contract
    algebra.begin()
    for number, group in enumerate(plan.groups):
        methods = [own.groups[number].method for own in plans]
        program = recordings.of_some(group.method.estimator, group.wanted)
        found = algebra.include(program, bound_to_all(requests, methods), contract.always_defined)
        yield from (((ESTIMATE, index), found[index]) for index in group.wanted)
        if plan.controls:
            pairs = {index: plan.controls[index] for index in group.wanted}
            of_control = recordings.of_control(control_of(contract), group.method, tuple(dict.fromkeys(pairs.values())))
            controls = algebra.include(of_control, bound_to_all(requests, methods))  # no formula is a control
            yield from (((CONTROL, index), controls[other]) for index, other in pairs.items())
        smoothed = tuple(index for index in group.wanted if group.method.smooths(index, contract))
        program = recordings.of_some(group.method.estimator, smoothed)
        for level, factor in ((NEAR, 2), (FAR, 4)) if smoothed else ():
            widened = [method.widened(factor) for method in methods]
            wider = algebra.include(program, bound_to_all(requests, widened), contract.always_defined)
            yield from (((level, index), algebra.difference(found[index], wider[index])) for index in smoothed)
            found = wider
