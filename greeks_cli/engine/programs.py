"""What every block computes: recorded programs of one request or several, put together."""

from collections.abc import Iterator, Sequence

import numpy as np

from greeks_cli.engine.algebra import Algebra, Scaled
from greeks_cli.engine.controls import control_of
from greeks_cli.engine.derivatives import MultiIndex
from greeks_cli.engine.plan import Plan
from greeks_cli.engine.program import Program
from greeks_cli.engine.recordings import bound

ESTIMATE, NEAR, FAR, CONTROL = "estimate", "near", "far", "control"
"""Of a derivative: its estimate, what twice the width changes, what four times changes from there, its control's."""

Wanted = tuple[str, MultiIndex]
Result = tuple[int, Wanted]
"""Of one of several plans."""


class Programs:
    """The calculations of some plans of one market as one, so that what they have in common is computed once."""

    def __init__(self, plans: Sequence[Plan]):
        algebra = Algebra()
        found: dict[Result, Scaled] = {}
        with np.errstate(all="ignore"):  # what leaves the range of its type is reported with the estimate
            for number, plan in enumerate(plans):
                found |= {(number, name): scaled for name, scaled in _assembled(plan, algebra)}
        self._whole = algebra.program(found)
        self._kept: dict[tuple[bool, ...], Program[Result]] = {}
        self.factors = {result: scaled.factor for result, scaled in found.items()}
        """What every result is yet to be multiplied by."""

    def where(self, biased: tuple[bool, ...]) -> Program[Result]:
        """The program for a block, some of whose plans measure what wider smoothing changes."""
        if biased not in self._kept:  # two threads may make it, and it is the same
            self._kept[biased] = self._whole.only(
                (number, name) for number, name in self._whole.results if biased[number] or name[0] not in (NEAR, FAR)
            )
        return self._kept[biased]


def _assembled(plan: Plan, algebra: Algebra) -> Iterator[tuple[Wanted, Scaled]]:
    request, recordings, defined = plan.request, plan.recordings, plan.request.contract.always_defined
    for group in plan.groups:
        program = recordings.by(group.method.estimator)
        found = algebra.include(program, bound(request, group.method), defined)
        yield from (((ESTIMATE, index), found[index]) for index in group.wanted)
        if plan.controls:
            pairs = {index: plan.controls[index] for index in group.wanted}
            of_control = recordings.of_control(
                control_of(request.contract), group.method, tuple(dict.fromkeys(pairs.values()))
            )
            controls = algebra.include(of_control, bound(request, group.method))  # no formula is a control
            yield from (((CONTROL, index), controls[other]) for index, other in pairs.items())
        smoothed = [index for index in group.wanted if group.method.smooths(index, request.contract)]
        for level, factor in ((NEAR, 2), (FAR, 4)) if smoothed else ():
            wider = algebra.include(program, bound(request, group.method.widened(factor)), defined)
            yield from (((level, index), algebra.difference(found[index], wider[index])) for index in smoothed)
            found = wider
