"""What every block computes: recorded programs of one request or several, put together."""

from collections.abc import Hashable, Iterator, Sequence

import numpy as np

from greeks_cli.engine.algebra import Algebra
from greeks_cli.engine.controls import control_of
from greeks_cli.engine.derivatives import MultiIndex
from greeks_cli.engine.many import Unlike
from greeks_cli.engine.plan import Plan
from greeks_cli.engine.program import Program
from greeks_cli.engine.recordings import bound_to_all, pattern, type_of
from greeks_cli.engine.rules import Scaled

ESTIMATE, NEAR, FAR, CONTROL = "estimate", "near", "far", "control"
"""Of a derivative: its estimate, what twice the width changes, what four times changes from there, its control's."""

Wanted = tuple[str, MultiIndex]
Result = tuple[int, Wanted]
"""Of one of several stacks."""
Stack = tuple[int, ...]
"""Numbers of plans that differ in numbers alone, so that they are computed as one, with a row of paths for each."""


class Programs:
    """The calculations of some plans of one market as one, so that what they have in common is computed once."""

    def __init__(self, plans: Sequence[Plan], most: int = 1):
        """For stacks of so many plans at most."""
        algebra = Algebra()
        found: dict[Result, Scaled] = {}
        self.stacks: list[Stack] = []
        with np.errstate(all="ignore"):  # what leaves the range of its type is reported with the estimate
            for stack in _stacks(plans, most):
                for numbers, scaled in _of_stack(plans, stack, algebra):
                    found |= {(len(self.stacks), name): each for name, each in scaled.items()}
                    self.stacks.append(numbers)
        self._whole = algebra.program(found, type_of(plans[0].request))
        self._kept: dict[tuple[bool, ...], Program[Result]] = {}
        self.factors = {
            (number, name): np.broadcast_to(np.asarray(scaled.factor), len(self.stacks[number]))
            for (number, name), scaled in found.items()
        }
        """What every result is yet to be multiplied by, for each plan of its stack."""

    def where(self, biased: tuple[bool, ...]) -> Program[Result]:
        """The program for a block, some of whose stacks measure what wider smoothing changes."""
        if biased not in self._kept:  # two threads may make it, and it is the same
            self._kept[biased] = self._whole.only(
                (number, name) for number, name in self._whole.results if biased[number] or name[0] not in (NEAR, FAR)
            )
        return self._kept[biased]


def _stacks(plans: Sequence[Plan], most: int) -> Iterator[Stack]:
    """Plans that may be computed as one, by the look of them; they measure their bias in the same blocks."""
    found: dict[Hashable, list[int]] = {}
    for number, plan in enumerate(plans):
        groups = tuple((pattern(group.method), group.wanted) for group in plan.groups)
        alone = number if plan.controls else None
        found.setdefault((id(plan.recordings), groups, alone), []).append(number)
    for alike in found.values():
        yield from (tuple(alike[start : start + most]) for start in range(0, len(alike), most))


def _of_stack(plans: Sequence[Plan], stack: Stack, algebra: Algebra) -> Iterator[tuple[Stack, dict[Wanted, Scaled]]]:
    """The calculation of a stack, or those of its halves, where its plans turn out to differ."""
    try:
        yield stack, dict(_assembled([plans[number] for number in stack], algebra))
    except Unlike:
        middle = len(stack) // 2
        for half in (stack[:middle], stack[middle:]):
            yield from _of_stack(plans, half, algebra)


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
