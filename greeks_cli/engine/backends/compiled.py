"""Compiled executor: the calls of a program as a few loops over paths, in machine code of the processor.

A program is compiled once per structure: its numbers are inputs of the code. Calls that are no operations on the
numbers of one path are NumPy's.
"""

from collections.abc import Callable, Hashable, Iterator
from dataclasses import replace
from functools import cache
from threading import RLock
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from greeks_cli.engine.backends.backend import ALONE, FEWEST_IN_STEPS, Fill, Host, Rows, SlicedSums, Stack
from greeks_cli.engine.backends.code import normals_of
from greeks_cli.engine.backends.operation_text import LANES
from greeks_cli.engine.backends.portable import PORTABLE
from greeks_cli.engine.backends.segments import Segments, sums_of_rows
from greeks_cli.engine.backends.ziggurat import BITS, StandardNormals
from greeks_cli.engine.compiler.elementary import in_place
from greeks_cli.engine.compiler.ir import Array, Call, Name, Program, Source

_KEPT = 256
"""Structures of programs that are kept, at most."""


class Compiled(Host):
    """LLVM on the processor."""

    compiles = True
    functions = PORTABLE

    def __init__(self) -> None:
        self._lock = RLock()
        self._of_programs: WeakKeyDictionary[Program[Any], dict[Hashable, Segments]] = WeakKeyDictionary()
        self._of_structures: dict[Hashable, tuple[tuple[Call, ...], Segments]] = {}
        """Segments by structure, with the calls, whose identity is part of the structure."""

    def normals(self, address: np.random.SeedSequence, count: int) -> Fill:
        """NumPy's words of SFC64, and the normals that NumPy's executor makes of them."""
        with in_place(self.functions):
            return StandardNormals(np.random.Generator(np.random.SFC64(address)), count, _draw).fill

    def results(
        self,
        program: Program[Name],
        fetch: Callable[[Source], Any],
        n_paths: int,
        dtype: type[np.floating],
        stack: Stack[Name] = ALONE,
    ) -> Iterator[tuple[Name, Rows]]:
        if n_paths < LANES:
            yield from super().results(program, fetch, n_paths, dtype)
            return
        if n_paths < FEWEST_IN_STEPS:
            stack = replace(stack, summed=frozenset())
        values: dict[int, Any] = {slot: fetch(source) for source, slot in program.sources.items()}
        names: dict[int, list[Name]] = {}
        for name, slot in program.results.items():
            names.setdefault(slot, []).append(name)
        segments = self._segments(program, values, stack)
        for slot, rows in segments.run(program.constants, values, n_paths):
            yield from ((name, rows) for name in names[slot])

    def sums(self, rows: Array) -> SlicedSums | None:
        return sums_of_rows(rows) if rows.shape[-1] >= FEWEST_IN_STEPS else None

    def _segments(self, program: Program[Any], values: dict[int, Any], stack: Stack[Any]) -> Segments:
        """The segments of a program, for arrays of some shapes and types."""
        key = tuple(_form(value) for value in values.values()), stack
        with self._lock:
            kept = self._of_programs.setdefault(program, {})
            if key not in kept:
                kept[key] = self._new(program, values, stack)
            return kept[key]

    def _new(self, program: Program[Any], values: dict[int, Any], stack: Stack[Any]) -> Segments:
        summed = frozenset(program.results[name] for name in stack.summed)
        results = frozenset(program.results.values())
        forms = tuple((slot, _form(value)) for slot, value in (*program.constants.items(), *values.items()))
        key = id(program.calls), results, summed, stack.n_trades, forms
        if key not in self._of_structures:
            if len(self._of_structures) >= _KEPT:
                del self._of_structures[next(iter(self._of_structures))]
            segments = Segments(program.calls, results, summed, stack.n_trades)
            self._of_structures[key] = program.calls, segments
        return self._of_structures[key][1]


def _form(value: Any) -> Any:
    """The form of a value: an array's type, its shape but for paths, and True for one number; else the value's type."""
    if not isinstance(value, np.ndarray):
        return type(value)
    return value.dtype.char, value.shape[:-1], value.shape[-1:] == (1,)


def _draw(generator: np.random.Generator, units: Array, out: Array) -> None:
    """Normals in the rectangles, from the next words of a generator."""
    state = generator.bit_generator.state
    words = np.array(state["state"]["state"], np.uint64)
    fill = normals_of("double" if out.dtype == np.float64 else "float", BITS)
    fill(words.ctypes.data, units.ctypes.data, out.ctypes.data, len(out))
    state["state"]["state"] = words
    generator.bit_generator.state = state


@cache
def compiled() -> Compiled:
    """The compiled executor of this process."""
    return Compiled()
