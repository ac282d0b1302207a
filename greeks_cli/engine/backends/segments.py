"""Segments of a program: kernels, each of as many calls as fit, and calls of NumPy between them.

Segments are found on the first run, when the shapes of all arrays are known, and depend on the structure alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from threading import RLock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.backends.backend import Rows, SlicedSums
from greeks_cli.engine.backends.code import function_of
from greeks_cli.engine.backends.llvm_text import LANES, Kernel
from greeks_cli.engine.backends.native import Function
from greeks_cli.engine.compiler.expand import MOST_NODES, Expansion
from greeks_cli.engine.compiler.ir import Array, Call, Shape
from greeks_cli.engine.compiler.operations import CONSTANT, LOAD, ZERO, Node, Unfit

_SLICES = 128
"""Slices of a row of samples, about: the spread of their sums gives the error of the whole."""

Values = dict[int, Any]


class Segments:
    """A program's calls as kernels and calls of NumPy."""

    def __init__(self, calls: Sequence[Call], results: frozenset[int], summed: frozenset[int], n_trades: int):
        """``results`` are slots; sums suffice of those in ``summed``. ``n_trades`` are the rows of arrays of trades."""
        self._calls, self._results, self._summed, self._n_trades = calls, results, summed, n_trades
        self._found: list[Launch | Call] | None = None
        self._sums: frozenset[int] = frozenset()
        """The slots that kernels sum."""
        self._lock = RLock()

    def run(self, constants: Mapping[int, Any], sources: Values, n_paths: int) -> Iterator[tuple[int, Rows]]:
        """Yields the slot and the rows, or the sums, of every result."""
        values = {slot: one.of(n_paths) if isinstance(one, Shape) else one for slot, one in constants.items()}
        values |= sources
        found: list[tuple[int, Rows]] | None = None
        if self._found is None:
            with self._lock:
                if self._found is None:
                    found = list(self._searched(constants, values, n_paths))
        if found is not None:
            yield from found
        else:
            for step in self._found or ():
                yield from _made(step, values, n_paths)
        for slot in self._results - self._sums:
            is_number = slot in self._summed and not _is_of_paths(values[slot], n_paths)
            yield slot, self._sums_of_number(values[slot], n_paths) if is_number else values[slot]

    def _sums_of_number(self, value: Any, n_paths: int) -> SlicedSums:
        """The sums of a result that is one number on all paths of a trade, in the slices of other results."""
        length = _slice_length(n_paths)
        nothing = np.zeros((self._n_trades, -(-n_paths // length)))
        centres = np.broadcast_to(np.ravel(value).astype(np.float64), self._n_trades)
        return SlicedSums(n_paths, length, centres, nothing, nothing)

    def _searched(self, constants: Mapping[int, Any], values: Values, n_paths: int) -> Iterator[tuple[int, Rows]]:
        """Finds the segments, running each. Yields sums."""
        found: list[Launch | Call] = []
        sums: set[int] = set()
        left = list(self._calls)
        for call in _of_constants(left, constants):  # their arrays have no axis of paths
            found.append(call)
            yield from _made(call, values, n_paths)
        left = [call for call in left if call.result not in values]
        apart: set[int] = set()
        while left:
            group, expansion = self._group(left, constants, values, apart, n_paths)
            if group:
                left = [call for call in left if call.result not in group]
                found.append(self._launch(expansion, group, left))
                sums |= group & self._summed
                yield from _made(found[-1], values, n_paths)
            ready = [call for call in left if call.result in apart and values.keys() >= {*call.inputs}]
            for call in ready:
                found.append(call)
                yield from _made(call, values, n_paths)
            done = {call.result for call in ready}
            left = [call for call in left if call.result not in done]
        arrays = [s for s in self._summed - sums if s not in constants and _is_of_paths(values[s], n_paths)]
        if arrays:
            found.append(self._sum_of(arrays, values))
            yield from _made(found[-1], values, n_paths)
        self._sums = frozenset(sums.union(arrays))
        self._found = found

    def _sum_of(self, slots: Sequence[int], values: Values) -> "Launch":
        """The kernel that sums arrays which no kernel makes."""
        expansion = Expansion(self._n_trades)
        for slot in slots:
            expansion.load(slot, values[slot])
        return Launch.of(expansion, {}, {slot: expansion.values[slot] for slot in slots}, self._n_trades)

    def _group(
        self, left: Sequence[Call], constants: Mapping[int, Any], values: Values, apart: set[int], n_paths: int
    ) -> tuple[set[int], Expansion]:
        """The calls that one kernel makes, and their expansion; adds to ``apart`` the calls that none makes."""
        expansion = Expansion(self._n_trades)
        for slot in {slot for call in left for slot in call.inputs} & values.keys():
            value = values[slot]
            if slot in constants or not _is_of_paths(value, n_paths):
                expansion.give(slot, constants.get(slot, value))
                continue
            with suppress(Unfit):
                expansion.load(slot, value)
        group: set[int] = set()
        for call in left:
            if call.result in apart or not expansion.values.keys() >= {*call.inputs}:
                if all(slot in values for slot in call.inputs):
                    apart.add(call.result)
                continue
            try:
                expansion.call(call)
            except (Unfit, TypeError, ValueError, IndexError):
                apart.add(call.result)
                continue
            if len(expansion.graph.nodes) > MOST_NODES and group:
                break
            group.add(call.result)
        return group, expansion

    def _launch(self, expansion: Expansion, group: set[int], left: Sequence[Call]) -> "Launch":
        read = {slot for call in left for slot in call.inputs}
        outputs = {slot: expansion.values[slot] for slot in group if slot in read or slot in self._results}
        arrays = {slot: nodes for slot, nodes in outputs.items() if slot in read or slot not in self._summed}
        sums = {slot: nodes for slot, nodes in outputs.items() if slot in self._summed}
        return Launch.of(expansion, arrays, sums, self._n_trades)


def _of_constants(calls: Sequence[Call], constants: Mapping[int, Any]) -> list[Call]:
    """The calls on constants alone that broadcast nothing over the paths."""
    known, found = {*constants}, []
    for call in calls:
        if known.issuperset(call.inputs) and call.function is not np.broadcast_to:
            known.add(call.result)
            found.append(call)
    return found


def _made(step: "Launch | Call", values: Values, n_paths: int) -> Iterator[tuple[int, Rows]]:
    """Makes a step, whose results it puts among the values. Yields sums."""
    if not isinstance(step, Call):
        yield from step.run(values, n_paths)
        return
    arguments = [[values[i] for i in a] if type(a) is tuple else values[a] for a in step.arguments]
    values[step.result] = step.function(*arguments, **step.keywords)


@dataclass(frozen=True)
class _Stored:
    """Where the rows of a slot are stored: the shape of its array but for the paths, and its type."""

    slot: int
    lengths: tuple[int, ...]
    dtype: str
    part: int | None = None
    """The place in a list of arrays, where the slot has one."""


@dataclass(frozen=True)
class Launch:
    """A call of a kernel's code: the rows, the constants and the results of the kernel."""

    function: Function
    n_trades: int
    rows: tuple[tuple[int, int], ...]
    constants: tuple[tuple[int, int], ...]
    stored: tuple[_Stored, ...]
    summed: tuple[int, ...]

    @classmethod
    def of(cls, expansion: Expansion, arrays: Mapping[int, Any], sums: Mapping[int, Any], n_trades: int) -> "Launch":
        """Compiles the operations that some slots need; ``arrays`` are stored, ``sums`` are summed."""
        stored, nodes = [], list[Node]()
        for slot, value in arrays.items():
            for part, one in enumerate(value) if isinstance(value, list) else [(None, value)]:
                own = [expansion.graph.strong(node) for node in one.ravel()]
                stored.append(_Stored(slot, one.shape[:-1], own[0].kind, part))
                nodes += own
        last = [expansion.graph.strong(one.ravel()[0]) for one in sums.values()]
        kernel, rows, constants = kernel_of(expansion, nodes, last)
        return cls(function_of(kernel), n_trades, rows, constants, tuple(stored), tuple(sums))

    def run(self, values: Values, n_paths: int) -> Iterator[tuple[int, Rows]]:
        """Runs the code; puts the stored arrays among the values, and yields the sums."""
        pointers, strides, kept = self._pointers(values)
        out: list[int] = []
        for one in self.stored:
            lengths = one.lengths if self.n_trades == 1 else (self.n_trades,)
            array = np.empty((*lengths, n_paths), one.dtype)
            out += [array.ctypes.data + row * array.itemsize * n_paths for row in range(int(np.prod(one.lengths)))]
            if one.part is None:
                values[one.slot] = array
            else:
                values.setdefault(one.slot, []).append(array)
        length = _slice_length(n_paths) if self.summed else n_paths
        n_slices = -(-n_paths // length)
        sums = np.empty((len(self.summed), self.n_trades, 1 + 2 * n_slices))
        numbers = [
            np.array(pointers, np.uintp),
            np.array(strides, np.int64),
            self._numbers(values),
            np.array(out, np.uintp),
            sums,
            np.array([self.n_trades, n_paths, length, n_slices], np.int64),
        ]
        self.function(*(one.ctypes.data for one in numbers))
        del kept
        for slot, table in zip(self.summed, sums, strict=True):
            yield slot, SlicedSums(n_paths, length, table[:, 0], table[:, 1::2], table[:, 2::2])

    def _pointers(self, values: Values) -> tuple[list[int], list[int], list[Array]]:
        """The address of each row, the bytes between the rows of two trades, and the arrays."""
        arrays = {slot: _contiguous(values[slot]) for slot in dict.fromkeys(slot for slot, _ in self.rows)}
        pointers, strides = [], []
        for slot, row in self.rows:
            array = arrays[slot]
            of_trades = self.n_trades > 1 and array.ndim > 1
            place = 0 if of_trades else sum(np.multiply(np.unravel_index(row, array.shape[:-1]), array.strides[:-1]))
            pointers.append(array.ctypes.data + int(place))
            strides.append(array.strides[0] if of_trades else 0)
        return pointers, strides, list(arrays.values())

    def _numbers(self, values: Values) -> NDArray[np.float64]:
        """The constants of each trade, shape (n_trades, n_constants)."""
        table = np.empty((self.n_trades, len(self.constants)))
        for column, (slot, place) in enumerate(self.constants):
            value = values.get(slot)
            if slot == ZERO:
                table[:, column] = 0.0
            elif isinstance(value, np.ndarray):
                table[:, column] = value.ravel()[place] if self.n_trades == 1 else value.ravel()
            else:
                table[:, column] = value
        return table


def kernel_of(
    expansion: Expansion, stored: Sequence[Node], summed: Sequence[Node]
) -> tuple[Kernel, tuple[tuple[int, int], ...], tuple[tuple[int, int], ...]]:
    """The kernel of the nodes that some nodes need, numbered anew, with its rows and its constants."""
    needed = {node.number for node in (*stored, *summed)}
    for node in reversed(expansion.graph.nodes):
        if node.number in needed:
            needed.update(one.number for one in node.operands)
    placed: dict[int, Node] = {}
    rows, constants, kinds = list[tuple[int, int]](), list[tuple[int, int]](), list[str]()
    for node in expansion.graph.nodes:
        if node.number not in needed:
            continue
        place = 0
        if node.operation == LOAD:
            place = len(rows)
            rows.append(expansion.rows[node.place])
            kinds.append(node.kind)
        elif node.operation == CONSTANT:
            place = len(constants)
            constants.append(expansion.graph.constants[node.place])
        operands = tuple(placed[one.number] for one in node.operands)
        placed[node.number] = replace(node, number=len(placed), operands=operands, place=place)
    kernel = Kernel(
        tuple(placed.values()),
        tuple(kinds),
        len(constants),
        tuple(placed[node.number] for node in stored),
        tuple(placed[node.number] for node in summed),
    )
    return kernel, tuple(rows), tuple(constants)


def _slice_length(n_paths: int) -> int:
    """Samples of a slice: whole steps of a kernel."""
    return max(LANES, n_paths // _SLICES // LANES * LANES)


def _contiguous(array: Array) -> Array:
    """An array whose paths are next to each other in memory."""
    is_dense = array.strides[-1] == array.itemsize and array.dtype.isnative
    return array if is_dense else np.ascontiguousarray(array)


def _is_of_paths(value: Any, n_paths: int) -> bool:
    return isinstance(value, np.ndarray) and value.ndim > 0 and value.shape[-1] == n_paths
