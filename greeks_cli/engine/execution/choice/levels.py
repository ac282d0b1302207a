"""Levels of derivatives, methods at some widths, as one program: calls that no width enters are made once for all."""

from collections.abc import Callable, Hashable, MutableMapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from greeks_cli.engine.autodiff.mixed_partials import MultiIndex
from greeks_cli.engine.compiler.batching import PerTrade, chosen
from greeks_cli.engine.compiler.builder import Builder
from greeks_cli.engine.compiler.ir import Program, Source, readers
from greeks_cli.engine.compiler.key import Key
from greeks_cli.engine.execution.numbers import Numbers, Width, Widths


@dataclass(frozen=True, eq=False)
class Level:
    """A method at some widths for each request."""

    pattern: Hashable
    widths: Widths

    @cached_property
    def key(self) -> Hashable:
        """Key of a level: derivatives of levels of one key are computed once."""
        return self.pattern, self.widths.tobytes()


class _Constant(Key):
    """A number in the program of a pattern: the place of the program, and the slot of the number there."""

    place: int
    slot: int


class _WidthAt(Key):
    """A width at a level."""

    level: int
    of: Width


Wanted = tuple[int, tuple[MultiIndex, ...]]
"""The place of a level's program among those of all patterns, and the derivatives that are wanted of it."""
AtLevel = tuple[int, MultiIndex]
"""The number of a level, and a derivative."""


class Levels:
    """The simplified programs of some levels, as one."""

    def __init__(self, programs: Sequence[Program[MultiIndex]], levels: Sequence[Level], wanted: Sequence[Wanted]):
        self._programs, self._levels = programs, levels
        origins = [program.origin or program for program in programs]
        kept = _kept.setdefault(origins[0], {}) if origins else {}
        key = (*map(id, origins[1:]), *wanted)
        if key not in kept:
            kept[key] = origins[1:], _joined(programs, wanted)
        self.program = kept[key][1]

    def bound(self, numbers: Numbers, rows: list[int]) -> Callable[[Source], Any]:
        """Binds the open sources of the program for some requests; ``numbers`` are those of these requests."""
        lates = [numbers.late(level.widths[rows]) for level in self._levels]

        def bind(source: Source) -> Any:
            if isinstance(source, _Constant):
                return chosen(self._programs[source.place].constants[source.slot], rows, np.float64)
            if isinstance(source, _WidthAt):
                return lates[source.level](source.of)
            return lates[0](source)

        return bind


def _joined(programs: Sequence[Program[MultiIndex]], wanted: Sequence[Wanted]) -> Program[AtLevel]:
    """One program of all levels, in which the numbers of the programs and the widths of the levels are sources."""
    builder, results = Builder(), dict[AtLevel, int]()
    shared = {place: _placed(programs[place], place, builder) for place, _ in wanted}
    moving = {place: readers(programs[place], _widths(programs[place]).values())[0] for place in shared}
    for level, (place, indices) in enumerate(wanted):
        program = programs[place].only(indices)
        slots = shared[place].copy()
        slots |= {slot: builder.source(_WidthAt(level, width)) for width, slot in _widths(program).items()}
        for call in program.calls:
            if call.result in slots:
                continue
            arguments = tuple([tuple([slots[i] for i in a]) if type(a) is tuple else slots[a] for a in call.arguments])
            slots[call.result] = builder.call(call.function, arguments, call.keywords)
            if call.result not in moving[place]:
                shared[place][call.result] = slots[call.result]
        results |= {(level, index): slots[program.results[index]] for index in indices}
    return builder.program(results)


def _placed(program: Program[Any], place: int, builder: Builder) -> dict[int, int]:
    """The slots of the constants of a program, and of its sources but for widths."""
    slots = {slot: builder.source(source) for source, slot in program.sources.items() if not isinstance(source, Width)}
    for slot, constant in program.constants.items():
        slots[slot] = builder.source(_Constant(place, slot)) if _is_number(constant) else builder.constant(constant)
    return slots


def _widths(program: Program[Any]) -> dict[Width, int]:
    return {source: slot for source, slot in program.sources.items() if isinstance(source, Width)}


_kept: MutableMapping[Program[Any], dict[Hashable, tuple[Sequence[Program[Any]], Program[AtLevel]]]] = (
    WeakKeyDictionary()
)
"""The joined programs by the first of the programs, of which those of other numbers have the same calls."""


def _is_number(constant: Any) -> bool:
    is_array = isinstance(constant, np.ndarray) and constant.dtype.kind == "f"
    return is_array or isinstance(constant, float | PerTrade)
