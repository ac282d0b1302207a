"""Linker: the programs of several trades become one, in which equal calls are made once."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.autodiff.mixed_partials import MultiIndex
from greeks_cli.engine.compiler.batching import in_batches
from greeks_cli.engine.compiler.ir import Program, Source
from greeks_cli.engine.compiler.simplify import Scaled, Simplifier
from greeks_cli.engine.execution.chunks import Chunked, InMarkets, Rows, is_one_by_one, per_path
from greeks_cli.engine.execution.numbers import Numbers, is_rounded_by_batch, type_of, widths_of
from greeks_cli.engine.execution.plan import Plan
from greeks_cli.engine.payoffs.controls import control_of
from greeks_cli.engine.simulation.laws import Markets
from greeks_cli.engine.simulation.sources import PathSource

ESTIMATE, NEAR, FAR, CONTROL = "estimate", "near", "far", "control"
"""Levels of a derivative: its estimate, the change from twice the width, from four times to twice, and its control."""

Wanted = tuple[str, MultiIndex]
Result = tuple[int, Wanted]
"""The number of a stack, and a derivative."""
Stack = tuple[int, ...]
"""Numbers of plans that are computed at once, a row of paths for each."""

_LARGEST_BATCH, _DATES_OF_BATCH = 256, 4096
"""Plans of a batch, at most, and dates times plans; the arrays of a larger batch leave the cache between stacks."""
_SHARED_MARKET = 4
"""Plans of one market from which on its growth is computed once for all plans, and not a row for each."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Plans that differ in numbers alone, linked as one."""

    slots: Mapping[Wanted, int]
    """The slots of the results."""
    stacks: Sequence[tuple[int, slice]]
    """The numbers of the batch's stacks, and their places in the batch."""
    is_single: bool
    """True if the batch is one plan, whose numbers are folded."""


class Linked:
    """The programs of some plans of the same paths as one, to be run on every block."""

    def __init__(self, plans: Sequence[Plan], most: int = 1):
        """``most`` is the number of plans of a stack."""
        simplifier = Simplifier()
        self.stacks: list[Stack] = []
        self.factors: dict[Result, NDArray[np.float64]] = {}
        """The factor of every result, for each plan of its stack."""
        self._dtype = type_of(plans[0].request)
        found: list[tuple[Stack, dict[Wanted, Scaled]]] = []
        with np.errstate(all="ignore"):  # numbers out of range are reported with the estimate
            markets: dict[Hashable, Markets] = {}

            def include(numbers: Sequence[int]) -> dict[Wanted, Scaled]:
                return dict(_included([plans[number] for number in numbers], simplifier, markets))

            for batch in _batches(plans, _LARGEST_BATCH if most > 1 else 1):
                found += ((tuple(numbers), results) for numbers, results in in_batches(include, batch))
        named = {(i, name): scaled for i, (_, results) in enumerate(found) for name, scaled in results.items()}
        whole = simplifier.program(named)
        self._whole = replace(whole, same_shape=per_path(whole))
        self._batches = [self._in_stacks(numbers, results, most) for numbers, results in found]
        self._kept: dict[tuple[bool, ...], Chunked[Result]] = {}

    def _in_stacks(self, numbers: Stack, results: Mapping[Wanted, Scaled], most: int) -> Batch:
        slots = {name: scaled.slot for name, scaled in results.items()}
        factors = {name: np.broadcast_to(np.asarray(each.factor), len(numbers)) for name, each in results.items()}
        if len(numbers) > 1:
            own: Program[Any] = replace(self._whole, results=slots)  # type: ignore[arg-type]  # by other names
            most = 1 if is_one_by_one(own.only(slots)) else most
        stacks = []
        for start in range(0, len(numbers), most):
            stack, which = len(self.stacks), slice(start, min(start + most, len(numbers)))
            self.factors |= {(stack, name): factor[which] for name, factor in factors.items()}
            self.stacks.append(numbers[which])
            stacks.append((stack, which))
        return Batch(slots, stacks, len(numbers) == 1)

    def chunked(self, biased: tuple[bool, ...]) -> Chunked[Result]:
        """The chunks of a block, in which the ``biased`` stacks measure the change by wider kernels."""
        if biased not in self._kept:  # two threads may make it; the results are equal
            self._kept[biased] = self._made(biased)
        return self._kept[biased]

    def _made(self, biased: tuple[bool, ...]) -> Chunked[Result]:
        single: dict[Result, int] = {}
        batches: list[list[Rows[Result]]] = []
        for batch in self._batches:
            rows = []
            for stack, which in batch.stacks:
                wanted = (name for name in batch.slots if biased[stack] or name[0] not in (NEAR, FAR))
                rows.append(Rows(which, {(stack, name): batch.slots[name] for name in wanted}))
            if batch.is_single:
                single |= rows[0].results
            else:
                batches.append(rows)
        return Chunked.of(self._whole, self._dtype, single, batches)


def _batches(plans: Sequence[Plan], most: int) -> Iterator[Stack]:
    """Numbers of plans that may be linked as one batch; they measure their bias in the same blocks."""
    of_market: dict[Hashable, int] = {}
    for plan in plans:
        of_market[plan.request.market] = of_market.get(plan.request.market, 0) + 1
    found: dict[Hashable, list[int]] = {}
    for number, plan in enumerate(plans):
        market = plan.request.market
        groups = tuple((group.method.pattern, group.wanted) for group in plan.groups)
        asked = tuple(greek.parameters for greek in plan.request.greeks)  # some perhaps twice, by other names
        alone = number if plan.controls or is_rounded_by_batch(plan.request) else None
        shared = market if of_market[market] >= _SHARED_MARKET else None
        found.setdefault((id(plan.traced), groups, asked, alone, shared), []).append(number)
    for (*_, shared), numbers in found.items():  # type: ignore[misc]
        size = most if shared else max(1, min(most, _DATES_OF_BATCH // len(plans[numbers[0]].request.path_dates)))
        yield from (tuple(numbers[start : start + size]) for start in range(0, len(numbers), size))


def _included(
    plans: Sequence[Plan], simplifier: Simplifier, markets: dict[Hashable, Markets]
) -> Iterator[tuple[Wanted, Scaled]]:
    plan, numbers = plans[0], Numbers([own.request for own in plans])
    traced, contract = plan.traced, plan.request.contract
    placed = numbers.markets
    if placed.count == 1:  # one object for all batches of the market
        placed = markets.setdefault(plan.request.market, placed)
    simplifier.begin()

    def bind(widths: Any) -> Any:
        late = numbers.late(widths)

        def bound(source: Source) -> Any:
            if isinstance(source, PathSource):
                return InMarkets(source, placed) if source.of_market else source
            return late(source)

        return bound

    for number, group in enumerate(plan.groups):
        widths = widths_of([own.groups[number].method for own in plans])
        program = traced.simplified(group.method.pattern, numbers, group.wanted)
        found = simplifier.include(program, bind(widths), contract.always_defined)
        yield from (((ESTIMATE, index), found[index]) for index in group.wanted)
        if plan.controls:
            pairs = {index: plan.controls[index] for index in group.wanted}
            others = tuple(dict.fromkeys(pairs.values()))
            of_control = traced.of_control(control_of(plan.request), group.method, others, numbers)
            controls = simplifier.include(of_control, bind(widths))  # no formula is a control
            yield from (((CONTROL, index), controls[other]) for index, other in pairs.items())
        smoothed = tuple(index for index in group.wanted if group.method.smooths(index, contract))
        for level, factor in ((NEAR, 2), (FAR, 4)) if smoothed else ():
            program = traced.simplified(group.method.pattern, numbers, smoothed)
            wider = simplifier.include(program, bind(factor * widths), contract.always_defined)
            yield from (((level, index), simplifier.difference(found[index], wider[index])) for index in smoothed)
            found = wider
