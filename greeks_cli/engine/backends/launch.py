"""Launches: calls of a kernel's code, with the memory that it reads and writes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.backends.backend import Rows, SlicedSums, slice_length
from greeks_cli.engine.backends.code import function_of
from greeks_cli.engine.backends.llvm_text import Kernel
from greeks_cli.engine.backends.native import Function
from greeks_cli.engine.compiler.expand import Expansion
from greeks_cli.engine.compiler.ir import Array
from greeks_cli.engine.compiler.operations import CONSTANT, LOAD, PER_ROW, ZERO, Node

_LANE_BYTES = 64
"""Bytes of a row of the scratch memory."""

Values = dict[int, Any]
Row = tuple[int, int, int]
"""The slot of a row that is loaded, its number, and the step to the next row of a loop."""
Constant = tuple[int, int | slice]
"""The slot of a constant, and its place there, or its places in a loop."""


@dataclass(frozen=True)
class Stored:
    """Where the rows of a slot are stored: the shape of its array but for the paths, and its type."""

    slot: int
    lengths: tuple[int, ...]
    dtype: str
    part: int | None = None
    """The place in a list of arrays, where the slot has one."""
    is_loop: bool = False
    """True if the rows are those of a loop."""


@dataclass(frozen=True)
class Launch:
    """A call of a kernel's code: the rows, the constants and the results of the kernel."""

    function: Function
    n_trades: int
    rows: tuple[Row, ...]
    constants: tuple[Constant, ...]
    n_scratch: int
    stored: tuple[Stored, ...]
    summed: tuple[int, ...]

    @classmethod
    def of(
        cls,
        expansion: Expansion,
        arrays: Mapping[int, Any],
        sums: Mapping[int, Any],
        n_trades: int,
        carried: Sequence[tuple[Node, Node]] = (),
    ) -> "Launch":
        """Compiles the operations that some slots need; ``arrays`` are stored, ``sums`` are summed.

        ``carried`` is as in ``kernel_of``.
        """
        stored, nodes = [], list[Node]()
        for slot, value in arrays.items():
            for part, one in enumerate(value) if isinstance(value, list) else [(None, value)]:
                is_loop = isinstance(one, Node)
                own = [expansion.graph.strong(node) for node in ([one] if is_loop else one.ravel())]
                lengths = (one.count,) if is_loop else one.shape[:-1]
                stored.append(Stored(slot, lengths, own[0].kind, part, is_loop))
                nodes += own
        last = [expansion.graph.strong(one.ravel()[0]) for one in sums.values()]
        kernel, rows, constants = kernel_of(expansion, nodes, last, carried)
        n_scratch = kernel.sections.n_scratch
        return cls(function_of(kernel), n_trades, rows, constants, n_scratch, tuple(stored), tuple(sums))

    def run(self, values: Values, n_paths: int, n_rows: int = 0) -> Iterator[tuple[int, Rows]]:
        """Runs the code; puts the stored arrays among the values, and yields the sums.

        ``n_rows`` are those of a loop of any number of rows.
        """
        pointers, strides, kept = self._pointers(values)
        out: list[int] = []
        for one in self.stored:
            lengths = one.lengths if self.n_trades == 1 else (self.n_trades,)
            array = np.empty((*lengths, n_paths), one.dtype)
            n_pointers = 1 if one.is_loop else int(np.prod(one.lengths))
            out += [array.ctypes.data + row * array.itemsize * n_paths for row in range(n_pointers)]
            if one.part is None:
                values[one.slot] = array
            else:
                values.setdefault(one.slot, []).append(array)
        scratch = np.zeros(self.n_scratch * _LANE_BYTES + _LANE_BYTES, np.uint8)
        out.append(-(-scratch.ctypes.data // _LANE_BYTES) * _LANE_BYTES)
        length = slice_length(n_paths) if self.summed else n_paths
        n_slices = -(-n_paths // length)
        sums = np.empty((len(self.summed), self.n_trades, 1 + 2 * n_slices))
        numbers = [
            np.array(pointers, np.uintp),
            np.array(strides, np.int64),
            self._numbers(values),
            np.array(out, np.uintp),
            sums,
            np.array([self.n_trades, n_paths, length, n_slices, n_rows], np.int64),
        ]
        self.function(*(one.ctypes.data for one in numbers))
        del kept
        for slot, table in zip(self.summed, sums, strict=True):
            yield slot, SlicedSums(n_paths, length, table[:, 0], table[:, 1::2], table[:, 2::2])

    def _pointers(self, values: Values) -> tuple[list[int], list[int], list[Array]]:
        """The address of each row, the bytes between the rows of two trades, and the arrays."""
        arrays = {slot: _contiguous(values[slot]) for slot in dict.fromkeys(slot for slot, _, _ in self.rows)}
        pointers, strides = [], []
        for slot, row, step in self.rows:
            array = arrays[slot]
            of_trades = self.n_trades > 1 and array.ndim > 1
            place = 0 if of_trades else sum(np.multiply(np.unravel_index(row, array.shape[:-1]), array.strides[:-1]))
            pointers.append(array.ctypes.data + int(place))
            strides.append(array.strides[0] * (1 if of_trades else step) if array.ndim > 1 else 0)
        return pointers, strides, list(arrays.values())

    def _numbers(self, values: Values) -> NDArray[np.float64]:
        """The constants of each trade, shape (n_trades, n_constants)."""
        table = np.empty((self.n_trades, sum(map(_width, self.constants))))
        column = 0
        for slot, place in self.constants:
            value, after = values.get(slot), column + _width((slot, place))
            if slot == ZERO:
                table[:, column] = 0.0
            elif isinstance(value, np.ndarray):
                table[:, column:after] = value.ravel()[place] if self.n_trades == 1 else value.reshape(-1, 1)
            else:
                table[:, column] = value
            column = after
        return table


def _width(constant: "Constant") -> int:
    _, place = constant
    return place.stop - place.start if isinstance(place, slice) else 1


def kernel_of(
    expansion: Expansion, stored: Sequence[Node], summed: Sequence[Node], carried: Sequence[tuple[Node, Node]] = ()
) -> tuple[Kernel, tuple[Row, ...], tuple[Constant, ...]]:
    """The kernel of the nodes that some nodes need, numbered anew, with its rows and its constants.

    ``carried`` are nodes that a loop carries to its next row, each with what a row leaves; results need the latter.
    """
    needed = {node.number for node in (*stored, *summed)}
    for node in reversed(expansion.graph.nodes):
        if node.number in needed:
            needed.update(one.number for one in node.operands)
    placed: dict[int, Node] = {}
    rows, constants, kinds, n_constants = list[Row](), list[Constant](), list[str](), 0
    for node in expansion.graph.nodes:
        if node.number not in needed:
            continue
        place = node.place
        if node.operation in (LOAD, PER_ROW):
            place = len(rows)
            rows.append(expansion.graph.rows[node.place])
            kinds.append(node.kind)
        elif node.operation == CONSTANT:
            (slot, first), place = expansion.graph.constants[node.place], n_constants
            constants.append((slot, slice(first, first + node.count) if node.count else first))
            n_constants += max(1, node.count)
        operands = tuple(placed[one.number] for one in node.operands)
        placed[node.number] = replace(node, number=len(placed), operands=operands, place=place)
    kernel = Kernel(
        tuple(placed.values()),
        tuple(kinds),
        n_constants,
        tuple(placed[node.number] for node in stored),
        tuple(placed[node.number] for node in summed),
        tuple((placed[one.number].number, placed[left.number].number) for one, left in carried if one.number in placed),
    )
    return kernel, tuple(rows), tuple(constants)


def _contiguous(array: Array) -> Array:
    """An array whose paths are next to each other in memory."""
    is_dense = array.strides[-1] == array.itemsize and array.dtype.isnative
    return array if is_dense else np.ascontiguousarray(array)
