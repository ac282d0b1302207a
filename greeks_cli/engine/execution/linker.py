"""Linker: the programs of several plans on the same paths become one, in which equal calls are made once."""

from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Self
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.backends.select import on_processor, processor
from greeks_cli.engine.compiler.builder import Builder
from greeks_cli.engine.compiler.ir import COMMUTATIVE, Program, Source, per_path
from greeks_cli.engine.execution.chunks import Chunked, InMarkets, Rows
from greeks_cli.engine.execution.lowering import lowered
from greeks_cli.engine.execution.numbers import Numbers, type_of
from greeks_cli.engine.execution.programs import MEASURED, Programs, Share, Stack, Wanted
from greeks_cli.engine.simulation.any_market import AnyMarkets
from greeks_cli.engine.simulation.sources import PathSource
from greeks_cli.terms.markets.joint_market import JointMarket
from greeks_cli.terms.markets.market import Market
from greeks_cli.terms.request import Request

Result = tuple[int, Wanted]
"""The number of a stack, and a derivative."""
Stacks = Sequence[tuple[int, slice]]
"""The numbers of a share's stacks, and their places in the share."""


@dataclass(frozen=True, slots=True)
class LinkedShare:
    """Plans that differ in numbers alone, linked with others."""

    slots: Mapping[Wanted, int]
    """The slots of the results."""
    stacks: Stacks
    is_single: bool
    """True if the share is one plan."""


class _Place(NamedTuple):
    """A constant of linked programs: the slot of a plan's number in the plan's program."""

    slot: int


@dataclass(frozen=True, eq=False)
class _Links:
    """Linked programs, and the stacks of their plans."""

    whole: Program[Result]
    dtype: type[np.floating]
    shares: Sequence[LinkedShare]
    kept: dict[tuple[bool, ...], Chunked[Result]] = field(default_factory=dict[tuple[bool, ...], Chunked[Result]])

    @classmethod
    def of(
        cls,
        merger: "_Merger",
        slots: Sequence[Mapping[Wanted, int]],
        stacked: Sequence[Stacks],
        single: Sequence[bool],
        dtype: type[np.floating],
    ) -> Self:
        """The links of shares, from the slots of their results, their stacks, and True for those of a single plan."""
        whole = merger.program({(i, name): slot for i, own in enumerate(slots) for name, slot in own.items()})
        shares = [LinkedShare(*one) for one in zip(slots, stacked, single, strict=True)]
        return cls(replace(whole, same_shape=per_path(whole)), dtype, shares)

    def chunked(self, biased: tuple[bool, ...]) -> Chunked[Result]:
        """The chunks of a block, in which the ``biased`` stacks measure the change by wider kernels."""
        if biased not in self.kept:  # two threads may make it; the results are equal
            self.kept[biased] = self._made(biased)
        return self.kept[biased]

    def _made(self, biased: tuple[bool, ...]) -> Chunked[Result]:
        single: dict[Result, int] = {}
        batches: list[list[Rows[Result]]] = []
        for share in self.shares:
            rows = []
            for stack, which in share.stacks:
                wanted = (name for name in share.slots if biased[stack] or name[0] not in MEASURED)
                rows.append(Rows(which, {(stack, name): share.slots[name] for name in wanted}))
            if share.is_single:
                single |= rows[0].results
            else:
                batches.append(rows)
        return Chunked.of(self.whole, self.dtype, single, batches)


_of_one: MutableMapping[Program[Any], _Links] = WeakKeyDictionary()
"""The links of single plans, by the program that plans of other numbers have in common."""


class Linked:
    """The programs of some plans of the same paths as one, to be run on every block."""

    def __init__(self, programs: Programs, numbers: Sequence[int] | None = None, most: int = 1):
        """``numbers`` are those of the plans, by default of all; ``most`` is the number of plans of a stack."""
        numbers = range(len(programs.plans)) if numbers is None else numbers
        self.stacks: list[Stack] = []
        """The places of each stack's plans in ``numbers``."""
        self.factors: dict[Result, NDArray[np.float64]] = {}
        """The factor of every result, for each plan of its stack."""
        shares = list(programs.shares(numbers, most > 1))
        places = {number: place for place, number in enumerate(numbers)}
        stacked = [self._in_stacks(share, places, most) for share in shares]
        request = programs.plans[numbers[0]].request
        compiles = on_processor(request.simulation) and processor(request.simulation).compiles
        self._alone = shares[0] if len(numbers) == 1 and not compiles else None
        """The only plan, whose links are those of others."""
        self._links = _links_of_one(self._alone) if self._alone else _links(shares, stacked, request, compiles)
        self._kept: dict[tuple[bool, ...], Chunked[Result]] = {}

    def _in_stacks(self, share: Share, places: Mapping[int, int], most: int) -> Stacks:
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
        return stacks

    def chunked(self, biased: tuple[bool, ...]) -> Chunked[Result]:
        """The chunks of a block, in which the ``biased`` stacks measure the change by wider kernels."""
        if biased not in self._kept:
            chunked = self._links.chunked(biased)
            self._kept[biased] = _filled(chunked, self._alone) if self._alone else chunked
        return self._kept[biased]


def _links(shares: Sequence[Share], stacked: Sequence[Stacks], request: Request, compiles: bool) -> _Links:
    """Links some plans; ``request`` is any of theirs."""
    merger = _Merger(request if compiles else None)
    slots = [merger.merged(share.batch.program, share.constants, merger.placed(share.numbers)) for share in shares]
    return _Links.of(merger, slots, stacked, [len(share.plans) == 1 for share in shares], type_of(request))


def _links_of_one(share: Share) -> _Links:
    """The links of a single plan, made for the first of those whose programs differ in numbers alone."""
    program = share.batch.program.origin or share.batch.program
    if program not in _of_one:
        merger = _Merger(None)
        opened = {slot: _Place(slot) if _is_number(value) else value for slot, value in share.constants.items()}
        slots = merger.merged(share.batch.program, opened, None)
        _of_one[program] = _Links.of(merger, [slots], [[(0, slice(0, 1))]], [True], share.numbers.dtype)
    return _of_one[program]


def _is_number(constant: Any) -> bool:
    return isinstance(constant, float) or (isinstance(constant, np.ndarray) and constant.dtype.kind == "f")


def _filled(chunked: Chunked[Result], share: Share) -> Chunked[Result]:
    """The chunks of a plan with its numbers and its market."""
    given = share.constants
    constants = {
        slot: given[constant.slot] if type(constant) is _Place else constant
        for slot, constant in chunked.common.constants.items()
    }
    return replace(chunked, common=chunked.common.with_constants(constants), markets=share.numbers.markets)


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

    def placed(self, numbers: Numbers) -> AnyMarkets:
        """The markets of some plans, one object for all plans of one market."""
        markets = numbers.markets
        return self._markets.setdefault(numbers.requests[0].market, markets) if markets.count == 1 else markets

    def merged(
        self, program: Program[Wanted], constants: Mapping[int, Any], markets: AnyMarkets | None
    ) -> dict[Wanted, int]:
        """The slots of the results of some plans, with their constants; ``markets`` are None where they stay open."""
        builder = self._builder
        slots = {slot: builder.constant(constant) for slot, constant in constants.items()}
        for source, slot in program.sources.items():
            if markets is not None and isinstance(source, PathSource) and source.of_market:
                source = InMarkets(source, markets)
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
