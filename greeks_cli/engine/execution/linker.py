"""Linker: the programs of several plans on the same paths become one, in which equal calls are made once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.backends.select import on_processor, processor
from greeks_cli.engine.compiler.builder import Builder
from greeks_cli.engine.compiler.ir import COMMUTATIVE, Program, Source, per_path
from greeks_cli.engine.execution.chunks import Chunked, InMarkets, Rows
from greeks_cli.engine.execution.lowering import lowered
from greeks_cli.engine.execution.numbers import type_of
from greeks_cli.engine.execution.programs import MEASURED, Programs, Share, Stack, Wanted
from greeks_cli.engine.simulation.any_market import AnyMarkets
from greeks_cli.engine.simulation.sources import PathSource
from greeks_cli.terms.joint_market import JointMarket
from greeks_cli.terms.market import Market
from greeks_cli.terms.request import Request

Result = tuple[int, Wanted]
"""The number of a stack, and a derivative."""


@dataclass(frozen=True, slots=True)
class LinkedShare:
    """Plans that differ in numbers alone, linked with others."""

    slots: Mapping[Wanted, int]
    """The slots of the results."""
    stacks: Sequence[tuple[int, slice]]
    """The numbers of the stacks, and their places in the share."""
    is_single: bool
    """True if the share is one plan."""


class Linked:
    """The programs of some plans of the same paths as one, to be run on every block."""

    def __init__(self, programs: Programs, numbers: Sequence[int] | None = None, most: int = 1):
        """``numbers`` are those of the plans, by default of all; ``most`` is the number of plans of a stack."""
        numbers = range(len(programs.plans)) if numbers is None else numbers
        self.stacks: list[Stack] = []
        """The places of each stack's plans in ``numbers``."""
        self.factors: dict[Result, NDArray[np.float64]] = {}
        """The factor of every result, for each plan of its stack."""
        request = programs.plans[numbers[0]].request
        self._dtype = type_of(request)
        shares = list(programs.shares(numbers, most > 1))
        compiles = on_processor(request.simulation) and processor(request.simulation).compiles
        merger = _Merger(request if compiles else None)
        slots = [merger.merged(share) for share in shares]
        whole = merger.program({(i, name): slot for i, own in enumerate(slots) for name, slot in own.items()})
        self._whole = replace(whole, same_shape=per_path(whole))
        places = {number: place for place, number in enumerate(numbers)}
        self._shares = [self._in_stacks(share, own, places, most) for share, own in zip(shares, slots, strict=True)]
        self._kept: dict[tuple[bool, ...], Chunked[Result]] = {}

    def _in_stacks(
        self, share: Share, slots: Mapping[Wanted, int], places: Mapping[int, int], most: int
    ) -> LinkedShare:
        n_plans = len(share.plans)
        factors = {name: factor[share.rows] for name, factor in share.batch.factors.items()}
        if n_plans > 1:
            most = 1 if share.is_one_by_one else most
        stacks = []
        for start in range(0, n_plans, most):
            stack, which = len(self.stacks), slice(start, min(start + most, n_plans))
            self.factors |= {(stack, name): factor[which] for name, factor in factors.items()}
            self.stacks.append(tuple(places[number] for number in share.plans[which]))
            stacks.append((stack, which))
        return LinkedShare(slots, stacks, n_plans == 1)

    def chunked(self, biased: tuple[bool, ...]) -> Chunked[Result]:
        """The chunks of a block, in which the ``biased`` stacks measure the change by wider kernels."""
        if biased not in self._kept:  # two threads may make it; the results are equal
            self._kept[biased] = self._made(biased)
        return self._kept[biased]

    def _made(self, biased: tuple[bool, ...]) -> Chunked[Result]:
        single: dict[Result, int] = {}
        batches: list[list[Rows[Result]]] = []
        for share in self._shares:
            rows = []
            for stack, which in share.stacks:
                wanted = (name for name in share.slots if biased[stack] or name[0] not in MEASURED)
                rows.append(Rows(which, {(stack, name): share.slots[name] for name in wanted}))
            if share.is_single:
                single |= rows[0].results
            else:
                batches.append(rows)
        return Chunked.of(self._whole, self._dtype, single, batches)


def _placed(argument: Any, slots: Mapping[int, int]) -> Any:
    """The argument of a call with other slots."""
    return tuple([slots[slot] for slot in argument]) if type(argument) is tuple else slots[argument]


class _Merger:
    """Merges programs, each with the numbers of some plans."""

    def __init__(self, lowered_for: Request | None) -> None:
        """``lowered_for`` is any request of the programs, where their sources are lowered."""
        self._builder, self._lowered_for = Builder(), lowered_for
        self._flat: set[int] = set()
        self._markets: dict[Market | JointMarket, AnyMarkets] = {}
        """One object for all plans of a market."""

    def merged(self, share: Share) -> dict[Wanted, int]:
        """The slots of the results of some plans."""
        program, builder = share.batch.program, self._builder
        placed = share.numbers.markets
        if placed.count == 1:
            placed = self._markets.setdefault(share.numbers.requests[0].market, placed)
        slots = {slot: builder.constant(constant) for slot, constant in share.constants.items()}
        for source, slot in program.sources.items():
            if isinstance(source, PathSource) and source.of_market:
                source = InMarkets(source, placed)
            slots[slot] = self._source(source)
        for call in program.calls:
            arguments = tuple([_placed(argument, slots) for argument in call.arguments])
            # Programs that are simplified apart have the factors of a product in different orders.
            if call.function in COMMUTATIVE:
                arguments = tuple(sorted(arguments))
            slots[call.result] = builder.call(call.function, arguments, call.keywords)
        self._flat.update(slots[slot] for slot in program.flat if slot in slots)
        return {name: slots[slot] for name, slot in program.results.items()}

    def _source(self, source: Source) -> int:
        """The slot of a source, or of the calls that make its array."""
        found = None
        if self._lowered_for:
            found = lowered(source, self._builder, self._lowered_for.path_dates, type_of(self._lowered_for))
        return self._builder.source(source) if found is None else found

    def program(self, results: Mapping[Any, int]) -> Program[Any]:
        """The program of the results."""
        return self._builder.program(results, frozenset(self._flat))
