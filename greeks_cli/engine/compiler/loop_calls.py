"""Calls on arrays of many rows, as operations in loops over rows."""

import operator
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.compiler import row_loops
from greeks_cli.engine.compiler.functions import as_type, recurrence, rows_at, rows_put
from greeks_cli.engine.compiler.operations import Graph, Kind, Node, Unfit
from greeks_cli.engine.compiler.row_loops import Part, at, join, running, spread, total, view

Value = Any
"""A node of a loop, an array of nodes of one path each, or a constant."""
_EXTREMES: Final = {np.max: np.maximum, np.min: np.minimum, np.prod: np.multiply, np.sum: np.add}
_RUNNING: Final = {np.cumsum: np.add, np.cumprod: np.multiply}


class LoopCalls:
    """Calls of functions some of whose arguments, or whose result, have too many rows for an operation on each."""

    def __init__(
        self, graph: Graph, most_rows: int, operand: Callable[[Value], Node], raw: Callable[[Value], Any]
    ) -> None:
        """``operand`` makes a value one node; ``raw`` is a constant itself, and Unfit where a value is none."""
        self._graph, self._most, self._operand, self._raw = graph, most_rows, operand, raw

    def called(self, function: Callable[..., Any], arguments: list[Any], keywords: Mapping[str, Any]) -> Value:
        """The result of a call. Raises Unfit for one that is no loop over rows."""
        if function in _EXTREMES:
            return self._reduced(_EXTREMES[function], arguments, **keywords)
        if function in _RUNNING and keywords == {"axis": 0}:
            return running(self._graph, _RUNNING[function], self._loop(arguments[0]))
        if function in _BY_NAME:
            return _BY_NAME[function](self, *arguments, **keywords)
        if keywords:
            raise Unfit
        if function is as_type:
            return self._graph.converted(self._loop(arguments[0]), _kind(self._raw(arguments[1])))
        return self._graph.call(function, tuple(map(self._operand, arguments)))

    def _loop(self, value: Value) -> Node:
        node = self._operand(value)
        if not node.count:
            raise Unfit
        return node

    def _reduced(self, function: Any, arguments: Sequence[Value], axis: Any = None, keepdims: bool = False) -> Value:
        if axis not in (0, (0,)):
            raise Unfit
        return _row(total(self._graph, function, self._loop(arguments[0])), keepdims)

    def products(self, subscripts: Value, one: Value, other: Value) -> Value:
        """A sum over rows of products."""
        if self._raw(subscripts) not in ("t,tn->n", "tn,tn->n"):
            raise Unfit
        rows = self._graph.call(np.multiply, (self._operand(one), self._operand(other)))
        return _row(total(self._graph, np.add, rows), False)

    def taken(self, value: Value, index: Value) -> Value:
        """Rows at an index."""
        place, rows = self._raw(index), self._loop(value)
        if isinstance(place, tuple) and len(place) == 1:
            (place,) = place
        if isinstance(place, slice):
            start, stop, step = place.indices(rows.count)
            return self._viewed(rows, start, step, len(range(start, stop, step)))
        if not isinstance(place, int | np.integer):
            raise Unfit
        return _row(at(self._graph, rows, range(rows.count)[place]), False)

    def _viewed(self, rows: Node, start: int, step: int, count: int) -> Value:
        if count > self._most:
            return view(self._graph, rows, start, step, count)
        return _rows([at(self._graph, rows, start + step * row) for row in range(count)])

    def joined(self, arrays: Sequence[Value], axis: Any = 0) -> Value:
        """Arrays one after the other."""
        if self._raw(axis) != 0:
            raise Unfit
        found: list[Part] = []
        for array in arrays:
            found += self._parts(array, found[-1].after if found else 0)
        return join(self._graph, found, found[-1].after)

    def stacked(self, rows: Sequence[Value]) -> Value:
        """Rows of paths as an array."""
        return join(self._graph, [Part(place, self._single(row)) for place, row in enumerate(rows)], len(rows))

    def _single(self, value: Value) -> Node:
        if not isinstance(value, np.ndarray) or value.shape != (1,):
            raise Unfit
        node: Node = value[0]
        return node

    def padded(self, value: Value, width: Value, mode: Value = "constant", constant_values: Any = 0) -> Value:
        """Rows between zeros."""
        (before, after), *others = self._raw(width)
        if any(map(any, others)) or self._raw(mode) != "constant" or constant_values != 0:
            raise Unfit
        parts = self._parts(value, before)
        count = parts[-1].after + after
        if len(others) != 1 or count <= self._most:
            raise Unfit
        return join(self._graph, parts, count)

    def _parts(self, value: Value, first: int) -> list[Part]:
        if isinstance(value, Node):
            return [Part(first, value)]
        if not isinstance(value, np.ndarray) or value.ndim != 2 or value.shape[1] != 1:
            raise Unfit
        return [Part(first + row, node) for row, node in enumerate(value[:, 0])]

    def split(self, value: Value, places: Value, axis: Any = 0) -> list[Value]:
        """The rows between some places, or in equal shares."""
        rows, ends = self._loop(value), self._raw(places)
        if self._raw(axis) != 0:
            raise Unfit
        if isinstance(ends, int | np.integer):
            ends = [rows.count * part // int(ends) for part in range(1, int(ends))]
        return [self._viewed(rows, a, 1, b - a) for a, b in pairwise((0, *map(int, ends), rows.count))]

    def spread(self, value: Value, shape: Value) -> Value:
        """One row, or one number, on all rows."""
        count, *others = self._raw(shape)
        node = self._operand(value)
        if len(others) != 1 or count <= self._most or node.count not in (0, count):
            raise Unfit
        return node if node.count else spread(self._graph, node, int(count))

    def same(self, value: Value, shape: Value) -> Value:
        """Rows in the shape that they have."""
        rows, lengths = self._loop(value), self._raw(shape)
        if len(lengths) != 2 or lengths[0] not in (rows.count, -1):
            raise Unfit
        return rows

    def recurrence(self, factors: Value, addends: Value, from_last: Value) -> Value:
        """y_k = a_k y_(k-1) + b_k."""
        return row_loops.recurrence(self._graph, self._loop(factors), self._loop(addends), bool(self._raw(from_last)))

    def rows_at(self, value: Value, places: Value) -> Value:
        """Rows at some places, few of many."""
        rows, chosen = self._loop(value), [int(place) for place in self._raw(places)]
        found = [at(self._graph, rows, place) for place in chosen]
        if len(found) <= self._most:
            return _rows(found)
        steps = {b - a for a, b in pairwise(chosen)}
        if len(steps) == 1:
            return view(self._graph, rows, chosen[0], steps.pop(), len(chosen))
        return join(self._graph, [Part(row, node) for row, node in enumerate(found)], len(found))

    def rows_put(self, value: Value, places: Value, n_rows: Value) -> Value:
        """Rows at some places of zeros."""
        chosen, count = [int(place) for place in self._raw(places)], int(self._raw(n_rows))
        if count <= self._most:
            raise Unfit
        if isinstance(value, Node):
            found = [at(self._graph, value, row) for row in range(value.count)]
            if chosen == [*range(chosen[0], chosen[0] + len(chosen))]:
                return join(self._graph, [Part(chosen[0], value)], count)
        else:
            found = [part.node for part in self._parts(value, 0)]
        return join(self._graph, [Part(*one) for one in zip(chosen, found, strict=True)], count)


def _row(node: Node, keepdims: bool) -> NDArray[np.object_]:
    found = _rows([node])
    return found if keepdims else found[0]


def _rows(nodes: Sequence[Node]) -> NDArray[np.object_]:
    found = np.empty((len(nodes), 1), object)
    found[:, 0] = nodes
    return found


def _kind(dtype: Any) -> Kind:
    name = np.dtype(dtype).name
    if name not in ("float64", "float32"):
        raise Unfit
    return name


_BY_NAME: Final[dict[Callable[..., Any], Callable[..., Any]]] = {
    operator.getitem: LoopCalls.taken,
    np.einsum: LoopCalls.products,
    np.concatenate: LoopCalls.joined,
    np.stack: LoopCalls.stacked,
    np.pad: LoopCalls.padded,
    np.split: LoopCalls.split,
    np.array_split: LoopCalls.split,
    np.broadcast_to: LoopCalls.spread,
    np.reshape: LoopCalls.same,
    recurrence: LoopCalls.recurrence,
    rows_at: LoopCalls.rows_at,
    rows_put: LoopCalls.rows_put,
}
