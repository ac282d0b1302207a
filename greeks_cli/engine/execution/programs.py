"""Programs of plans, simplified once per structure: plans that differ in numbers alone are a batch."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.autodiff.mixed_partials import MultiIndex
from greeks_cli.engine.compiler.batching import PerTrade, chosen, in_batches
from greeks_cli.engine.compiler.ir import Program, Source
from greeks_cli.engine.compiler.parts import Part, together
from greeks_cli.engine.execution.chunks import is_one_by_one
from greeks_cli.engine.execution.numbers import Numbers, is_rounded_by_batch, numbers_of, simplified_as_one, widths_of
from greeks_cli.engine.execution.plan import Plan
from greeks_cli.engine.exercise.variants import HALVED, REFITTED, Variant
from greeks_cli.engine.payoffs.controls import control_of
from greeks_cli.terms.contracts.contract import Contract

ESTIMATE, NEAR, FAR, CONTROL, STEPS, UPPER = "estimate", "near", "far", "control", "steps", "upper"
REFIT, DATES, FAR_STEPS = "refit", "dates", "far steps"
"""Levels of a derivative: its estimate, the change from twice the width, from four times to twice, its control, and the
change from twice the time step; of a price, its upper bound; of early exercise, the change from another policy, and
from half as many dates; where the change from twice the time step is noisy, a share of that between longer steps."""
MEASURED = (NEAR, FAR, REFIT, DATES)
"""Levels that are evaluated in some blocks alone."""

Wanted = tuple[str, MultiIndex]
Stack = tuple[int, ...]
"""Numbers of plans that are computed at once, a row of paths for each."""

_MOST_LINKED, _DATES_LINKED = 256, 4096
"""Plans, and dates times plans, of the same paths that are linked as one; the arrays of more leave the cache."""
_SHARED_MARKET = 4
"""Plans of one market from which on its growth is computed once for all plans, and not a row for each."""


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Plans that differ in numbers alone, on any paths, and their one program."""

    numbers: Numbers
    program: Program[Wanted]
    factors: Mapping[Wanted, NDArray[np.float64]]
    """The factor of every result for each plan."""

    @classmethod
    def of(cls, plans: Sequence[Plan]) -> "Batch":
        """Simplifies the program. Raises Diverging where the plans need different programs."""
        numbers = numbers_of(plans)
        parts = _parts(plans, numbers)
        program, factors = plans[0].traced.together(parts) if len(plans) == 1 else together(parts)
        of_plans = {name: np.full(len(plans), np.asarray(factor)) for name, factor in factors.items()}
        return cls(numbers, program, of_plans)


@dataclass(frozen=True)
class Share:
    """Plans of a batch that are linked as one with others on the same paths."""

    batch: Batch
    rows: list[int]
    """The places of the plans in the batch."""
    plans: Stack

    @cached_property
    def numbers(self) -> Numbers:
        """The numbers of the plans."""
        return self.batch.numbers.some(self.rows)

    @cached_property
    def constants(self) -> dict[int, Any]:
        """The constants of the program for these plans."""
        dtype = self.numbers.dtype
        return {slot: chosen(value, self.rows, dtype) for slot, value in self.batch.program.constants.items()}

    @property
    def is_one_by_one(self) -> bool:
        """True if the plans must be computed one by one: a call works on whole arrays of one trade."""
        numbers = {slot for slot, value in self.constants.items() if isinstance(value, PerTrade)}
        return is_one_by_one(self.batch.program, numbers, self.numbers.markets)


class Programs:
    """The programs of some plans: one for plans of one structure, whatever their paths."""

    def __init__(self, plans: Sequence[Plan]):
        self.plans = plans
        self._places: dict[int, tuple[Batch, int]] = {}
        """The batch of each plan, and its place there, by the number of the plan."""

        def made(numbers: Sequence[int]) -> Batch:
            return Batch.of([plans[number] for number in numbers])

        with np.errstate(all="ignore"):  # numbers out of range are reported with the estimate
            for structure in _structures(plans):
                for numbers, batch in in_batches(made, structure):
                    self._places |= {number: (batch, row) for row, number in enumerate(numbers)}

    def shares(self, numbers: Sequence[int], is_stacked: bool) -> Iterator[Share]:
        """The plans of some numbers by batch; ``is_stacked`` if several may be computed at once."""
        of_market = Counter(self.plans[number].request.market for number in numbers)
        found: dict[Hashable, list[int]] = {}
        for number in numbers:
            market = self.plans[number].request.market
            shared = market if of_market[market] >= _SHARED_MARKET else None
            found.setdefault((id(self._places[number][0]), shared), []).append(number)
        for (_, shared), own in found.items():  # type: ignore[misc]
            n_dates = len(self.plans[own[0]].request.path_dates)
            size = _MOST_LINKED if shared else max(1, min(_MOST_LINKED, _DATES_LINKED // n_dates))
            size = size if is_stacked else 1
            for start in range(0, len(own), size):
                some = own[start : start + size]
                rows = [self._places[number][1] for number in some]
                yield Share(self._places[own[0]][0], rows, tuple(some))


def _structures(plans: Sequence[Plan]) -> Iterator[Sequence[int]]:
    """Numbers of plans that may be one batch; they measure their bias in the same blocks."""
    found: dict[Hashable, list[int]] = {}
    for number, plan in enumerate(plans):
        groups = tuple((group.method.pattern, group.wanted) for group in plan.groups)
        asked = tuple(greek.parameters for greek in plan.request.greeks)  # some perhaps twice, by other names
        alone = number if plan.controls or is_rounded_by_batch(plan.request) else None
        found.setdefault((id(plan.traced), groups, asked, alone, plan.blocks.doublings), []).append(number)
    requests = [plan.request for plan in plans]
    for numbers in found.values():
        yield from simplified_as_one(numbers, requests)


def _variants(contract: Contract) -> Sequence[tuple[str, Variant]]:
    """The policies at which a contract that is exercised early is evaluated too."""
    if not contract.is_early:
        return ()
    return ((REFIT, REFITTED), (DATES, HALVED)) if contract.exercises_today else ((REFIT, REFITTED),)


def _parts(plans: Sequence[Plan], numbers: Numbers) -> list[Part[MultiIndex, Wanted]]:
    """The programs of all levels of the derivatives of some plans."""
    plan = plans[0]
    traced, contract = plan.traced, plan.request.contract
    found: list[Part[MultiIndex, Wanted]] = []

    def add(
        level: str,
        program: Program[MultiIndex],
        bind: Callable[[Source], Any],
        indices: Mapping[MultiIndex, MultiIndex],
        less: int | None = None,
        always_defined: bool = True,
    ) -> int:
        """Adds derivatives at a level, by the Greek that each is for. Returns the number of the part."""
        named = tuple(((level, greek), index) for greek, index in indices.items())
        found.append(Part(program, bind, named, less, always_defined))
        return len(found) - 1

    if contract.is_early and not (plan.request.is_joint and plan.request.market.is_lognormal):
        bound = traced.of_bound(numbers), numbers.late(widths_of([plan.groups[0].method]))
        add(UPPER, *bound, {(): ()})
    for number, group in enumerate(plan.groups):
        widths = widths_of([own.groups[number].method for own in plans])
        program, wanted = traced.simplified(group.method.pattern, numbers, group.wanted), _same(group.wanted)
        defined = contract.always_defined
        last = add(ESTIMATE, program, numbers.late(widths), wanted, always_defined=defined)
        if plan.controls:
            pairs = {index: plan.controls[index] for index in group.wanted}
            others = tuple(dict.fromkeys(pairs.values()))
            of_control = traced.of_control(control_of(plan.request), group.method, others, numbers)
            add(CONTROL, of_control, numbers.late(widths), pairs)  # no formula is a control
        for level, variant in _variants(contract):
            add(level, program, numbers.late(widths, variant), wanted, less=last)
        smoothed = tuple(index for index in group.wanted if group.method.smooths(index, contract))
        for level, factor in ((NEAR, 2), (FAR, 4)) if smoothed else ():
            program = traced.simplified(group.method.pattern, numbers, smoothed)
            wider = numbers.late(group.method.wider(widths, factor))
            last = add(level, program, wider, _same(smoothed), less=last, always_defined=defined)
    return found


def _same(wanted: Sequence[MultiIndex]) -> dict[MultiIndex, MultiIndex]:
    return dict(zip(wanted, wanted, strict=True))
