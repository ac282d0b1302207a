"""Expansion of calls into operations on the numbers of one path, which a backend prints as the body of a loop.

Every array of a program has paths along its last axis, and a call acts on each path alone, or the call is refused. So
an array stands for the numbers of one path: the calls run on arrays of nodes, of one path each, and NumPy's own
functions take slices and join arrays of nodes as they do those of numbers.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.compiler.functions import as_type, rows_put
from greeks_cli.engine.compiler.ir import Call, Shape
from greeks_cli.engine.compiler.look_ups import Table, counted, looked_up
from greeks_cli.engine.compiler.loop_calls import LoopCalls
from greeks_cli.engine.compiler.operations import CONSTANT, ZERO, Graph, Kind, Node, Unfit

MOST_NODES = 4000
"""Operations of a kernel, at most: the time of a compiler grows faster than the number of operations."""
MOST_ROWS = 32
"""Rows of an array, at most, whose numbers are operations one by one; more rows are a loop."""

_SHAPES: Final = {
    operator.getitem,
    np.reshape,
    np.squeeze,
    np.concatenate,
    np.split,
    np.array_split,
    np.pad,
    np.broadcast_to,
    np.stack,
    np.expand_dims,
}
"""Functions that move numbers, and leave the paths along the last axis."""

Nodes = NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class _Given:
    """A constant of a slot."""

    slot: int
    value: Any


class Expansion:
    """Calls of a program on nodes."""

    def __init__(self, n_trades: int):
        """``n_trades`` are the rows of every array, where they are those of trades; 1 of a single trade."""
        self.graph = Graph()
        self.values: dict[int, Any] = {}
        """The nodes of each slot: an array whose last axis is one path, the node of a loop, or a constant."""
        self._loops = LoopCalls(self.graph, MOST_ROWS, self.operand, _raw)
        self._n_trades = n_trades
        self._constants: dict[int, Nodes] = {}
        self._tables: dict[int, Table] = {}

    def load(self, slot: int, array: NDArray[Any]) -> None:
        """Loads an array whose last axis are the paths, of which the shape and the type count. Raises Unfit."""
        own = array.shape[:-1] if self._n_trades == 1 else ()
        kind = _kind(array.dtype)
        count = int(np.prod(own, dtype=int))
        if count > MOST_ROWS:
            if len(own) != 1:
                raise Unfit
            self.values[slot] = self.graph.load(slot, 0, kind, count, 1)
            return
        found = np.empty(count, object)
        found[:] = [self.graph.load(slot, row, kind) for row in range(count)]
        self.values[slot] = found.reshape(*own, 1)

    def give(self, slot: int, value: Any) -> None:
        """Gives a slot a constant."""
        self.values[slot] = _Given(slot, value.of(1) if isinstance(value, Shape) else value)

    def call(self, call: Call) -> None:
        """Runs a call on nodes. Raises Unfit where it is none of numbers of one path."""
        arguments = [
            [self._part(self.values[slot]) for slot in argument] if type(argument) is tuple else self.values[argument]
            for argument in call.arguments
        ]
        self.values[call.result] = self._called(call.function, arguments, call.keywords)

    def _called(self, function: Callable[..., Any], arguments: list[Any], keywords: Mapping[str, Any]) -> Any:
        if isinstance(function, np.ufunc) and keywords.keys() == {"dtype"}:
            arguments = [self._called(as_type, [one, keywords["dtype"]], {}) for one in arguments]
            keywords = {}
        if function is np.take or "dtype" in keywords:
            return self._in_table(function, arguments, keywords)
        if self._is_loop(function, arguments):
            return self._loops.called(function, arguments, keywords)
        if function in _SHAPES:
            return self._shaped(function, arguments, keywords)
        if function is as_type:
            kind = _kind(_raw(arguments[1]))
            return self._each(lambda one: self.graph.converted(one, kind), arguments[:1])
        if function is np.sum:
            return self._summed(self._nodes(arguments[0]), **keywords)
        if function is np.cumsum and keywords == {"axis": 0}:
            return np.array(_running(self._nodes(arguments[0]), self._add))
        if function is np.einsum:
            return self._products(*map(_raw, arguments[:1]), *map(self._nodes, arguments[1:]))
        if keywords:
            raise Unfit
        return self._each(lambda *numbers: self.graph.call(function, numbers), arguments)

    def _shaped(self, function: Callable[..., Any], arguments: list[Any], keywords: Mapping[str, Any]) -> Any:
        first, *others = arguments
        others = [_raw(one) for one in others]
        if isinstance(first, list) and function is operator.getitem:
            return first[others[0]]
        if function is np.broadcast_to:
            first = self._each_of(self.graph.strong, self._nodes(first))
        if self._n_trades > 1:
            if function is np.broadcast_to:
                return first
            raise Unfit
        nodes = first if isinstance(first, list) else self._nodes(first)
        if function is np.pad and not isinstance(nodes, list):
            return self._padded(nodes, *others, **keywords)
        found = function(nodes, *others, **keywords)
        for one in found if isinstance(found, list) else [found]:
            if one.shape[-1:] != (1,):
                raise Unfit
        return found

    def _padded(self, nodes: Nodes, width: Any, mode: str = "constant", constant_values: Any = 0) -> Nodes:
        """Nodes between zeros. Raises Unfit for other padding."""
        if mode != "constant" or constant_values != 0:
            raise Unfit
        kind = next((node.kind for node in nodes.ravel() if node.kind != "number"), "float64")
        found = np.pad(nodes, width, "constant", constant_values=0)
        zero = self.graph.constant(ZERO, 0, kind)
        return self._each_of(lambda one: one or zero, found)

    def _each(self, function: Callable[..., Node], arguments: Sequence[Any]) -> Nodes:
        arrays = [self._nodes(one) for one in arguments]
        return np.asarray(np.frompyfunc(function, len(arrays), 1)(*arrays), object)

    def _each_of(self, function: Callable[[Any], Node], nodes: Nodes) -> Nodes:
        return np.asarray(np.frompyfunc(function, 1, 1)(nodes), object)

    def _add(self, one: Nodes, other: Nodes) -> Nodes:
        return self._each(lambda *numbers: self.graph.call(np.add, numbers), (one, other))

    def _summed(self, rows: Nodes, axis: Any = None, keepdims: bool = False) -> Nodes:
        if axis not in (0, (0,)) or self._n_trades > 1 or not len(rows):
            raise Unfit
        if rows.ndim == 1:
            if any(node.operation != CONSTANT for node in rows):  # a sum over paths
                raise Unfit
            rows = rows[:, None]
        total = reduce(self._add, rows)
        return total[None] if keepdims else total

    def _in_table(self, function: Callable[..., Any], arguments: list[Any], keywords: Mapping[str, Any]) -> Nodes:
        """Counts the rows that are true, or takes entries of a table of constants. Raises Unfit for other calls."""
        if self._n_trades > 1:
            raise Unfit
        if function is np.sum and keywords == {"axis": 0, "dtype": np.int16}:
            return counted(self.graph, self._nodes(arguments[0]))
        table, places = arguments[0], arguments[-1]
        if keywords != {"axis": -1} or len(arguments) != 2:
            raise Unfit
        (place,) = self._nodes(places)
        return looked_up(self.graph, self._table(table), place)

    def _table(self, value: Any) -> Table:
        if isinstance(value, Table):
            return value
        if not isinstance(value, _Given):
            raise Unfit
        if value.slot not in self._tables:
            node = self.graph.constants_of(value.slot, value.value.size, _kind(value.value.dtype))
            self._tables[value.slot] = Table(node, value.value.shape)
        return self._tables[value.slot]

    def _products(self, subscripts: Any, one: Nodes, other: Nodes) -> Nodes:
        """A sum over dates of products. Raises Unfit for other subscripts."""
        if subscripts not in ("t,tn->n", "tn,tn->n") or self._n_trades > 1:
            raise Unfit
        first = one[:, None] if subscripts == "t,tn->n" else one
        products = self._each(lambda *numbers: self.graph.call(np.multiply, numbers), (first, other))
        return reduce(self._add, products)

    def _is_loop(self, function: Callable[..., Any], arguments: list[Any]) -> bool:
        """True if an argument or the result of a call has many rows."""
        if self._n_trades > 1:
            return False
        first, *others = arguments
        if any(isinstance(one, Node) or _is_long(one) for one in arguments):
            return True
        if isinstance(first, list):
            if function is operator.getitem:
                return False
            return any(isinstance(one, Node) for one in first) or sum(len(one) for one in first) > MOST_ROWS
        if function in (np.broadcast_to, np.pad, rows_put):
            return bool(_rows_of(function, first, others) > MOST_ROWS)
        return False

    def _part(self, value: Any) -> Any:
        return value if isinstance(value, Node) else self._nodes(value)

    def operand(self, value: Any) -> Node:
        """A value as one node, of a loop or of a single number. Raises Unfit for several rows."""
        if isinstance(value, Node):
            return value
        if _is_long(value):
            return self.graph.constants_of(value.slot, value.value.size, _kind(value.value.dtype))
        nodes = self._nodes(value)
        if nodes.size != 1:
            raise Unfit
        one: Node = nodes.ravel()[0]
        return one

    def _nodes(self, value: Any) -> Nodes:
        """A value as an array of nodes; constants become nodes. Raises Unfit for what is no number."""
        if not isinstance(value, _Given):
            if isinstance(value, np.ndarray):
                return value
            raise Unfit
        if value.slot not in self._constants:
            self._constants[value.slot] = self._of_constant(value.slot, value.value)
        return self._constants[value.slot]

    def _of_constant(self, slot: int, value: Any) -> Nodes:
        is_number = isinstance(value, int | float) and not isinstance(value, bool | np.floating)
        if not (is_number or isinstance(value, np.ndarray | np.floating)):
            raise Unfit
        array = np.asarray(value)
        kind = "number" if is_number else _kind(array.dtype)
        if self._n_trades > 1 and array.size not in (1, self._n_trades):
            raise Unfit
        count = 1 if self._n_trades > 1 else array.size
        if count > MOST_ROWS or kind == "bool":
            raise Unfit
        found = np.empty(count, object)
        found[:] = [self.graph.constant(slot, place, kind) for place in range(count)]
        return found.reshape(array.shape or (1,)) if self._n_trades == 1 else found


def _raw(value: Any) -> Any:
    return value.value if isinstance(value, _Given) else value


def _is_long(value: Any) -> bool:
    """True for a constant that has one number for each of many rows."""
    one = _raw(value)
    is_rows = isinstance(one, np.ndarray) and one.ndim in (1, 2) and one.shape[1:] in ((), (1,))
    return is_rows and isinstance(value, _Given) and len(one) > MOST_ROWS


def _rows_of(function: Callable[..., Any], first: Any, others: list[Any]) -> int:
    """The rows of the result of a call that makes more rows."""
    sizes = [_raw(one) for one in others]
    if function is np.broadcast_to:
        return int(sizes[0][0]) if len(sizes[0]) == 2 else 0
    if function is rows_put:
        return int(sizes[1])
    return sum(sizes[0][0]) + len(first) if isinstance(first, np.ndarray) and np.ndim(sizes[0]) == 2 else 0


def _running(rows: Nodes, add: Callable[[Nodes, Nodes], Nodes]) -> list[Nodes]:
    found: list[Nodes] = []
    for row in rows:
        found.append(add(found[-1], row) if found else row)
    return found


def _kind(dtype: Any) -> Kind:
    name = np.dtype(dtype).name
    if name not in ("float64", "float32", "bool"):
        raise Unfit
    return name
