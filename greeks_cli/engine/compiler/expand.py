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

from greeks_cli.engine.compiler.ir import Call, Shape, as_type

LOAD, CONSTANT = "load", "constant"
"""Operations of a node that is a number of an input, and of one that is a constant."""
ZERO = -1
"""In place of the slot of a constant: the number zero."""
MOST_NODES = 4000
"""Operations of a kernel, at most: the time of a compiler grows faster than the number of operations."""
MOST_ROWS = 32
"""Rows of an array, at most, whose numbers are operations one by one."""

_NUMBERS: Final = {
    np.add: 2,
    np.subtract: 2,
    np.multiply: 2,
    np.divide: 2,
    np.negative: 1,
    np.square: 1,
    np.absolute: 1,
    np.sqrt: 1,
    np.exp: 1,
    np.log: 1,
    np.log1p: 1,
    np.sin: 1,
    np.cos: 1,
    np.copysign: 2,
    np.maximum: 2,
    np.minimum: 2,
    np.floor: 1,
}
"""Operations on numbers, with their number of operands."""
_COMPARISONS: Final = {np.greater, np.greater_equal, np.less, np.less_equal, np.equal, np.not_equal}
_LOGIC: Final = {np.logical_and, np.logical_or, np.logical_not}
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

Kind = str
"""The type of a node: float64, float32, bool, or number, a Python number that takes the type of its partner."""
Nodes = NDArray[np.object_]


class Unfit(Exception):
    """A call is none of numbers of one path."""


@dataclass(frozen=True, slots=True)
class Node:
    """One operation on numbers of a path."""

    number: int
    operation: Any
    """A function of NumPy, ``as_type``, or LOAD or CONSTANT."""
    operands: tuple["Node", ...]
    kind: Kind
    place: int = 0
    """The place of a loaded number among the rows of the inputs, or of a constant in the table."""


class Graph:
    """Operations on the numbers of one path, equal ones once."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.constants: list[tuple[int, int]] = []
        """The slot of each constant, and its place in the array there."""
        self._kept: dict[Any, Node] = {}

    def _node(self, operation: Any, operands: tuple[Node, ...], kind: Kind, place: int = 0) -> Node:
        key = operation, tuple(one.number for one in operands), kind, place
        if key not in self._kept:
            self._kept[key] = Node(len(self.nodes), operation, operands, kind, place)
            self.nodes.append(self._kept[key])
        return self._kept[key]

    def load(self, row: int, kind: Kind) -> Node:
        """The number of a path in a row of the inputs."""
        return self._node(LOAD, (), kind, row)

    def constant(self, slot: int, place: int, kind: Kind) -> Node:
        """A constant; each has a place of its own, so that graphs of one structure are equal."""
        if slot == ZERO and (ZERO, place) in self.constants:
            return self._node(CONSTANT, (), kind, self.constants.index((ZERO, place)))
        self.constants.append((slot, place))
        return self._node(CONSTANT, (), kind, len(self.constants) - 1)

    def call(self, function: Any, operands: tuple[Node, ...]) -> Node:
        """The result of an elementwise function. Raises Unfit for a function that is not known."""
        kinds = [one.kind for one in operands]
        if function in _COMPARISONS:
            return self._node(function, self._alike(operands), "bool")
        if function in _LOGIC:
            if any(kind != "bool" for kind in kinds):
                raise Unfit
            return self._node(function, operands, "bool")
        if function is np.where:
            chosen = self._alike(operands[1:])
            if kinds[0] != "bool" or chosen[0].kind == "bool":
                raise Unfit
            return self._node(function, (operands[0], *chosen), chosen[0].kind)
        if _NUMBERS.get(function) != len(operands):
            raise Unfit
        alike = self._alike(operands)
        if alike[0].kind == "bool":
            raise Unfit
        if function is np.add:
            for one, other in (alike, alike[::-1]):
                if other.operation == CONSTANT and self.constants[other.place][0] == ZERO:
                    return one
        return self._node(function, alike, alike[0].kind)

    def converted(self, one: Node, kind: Kind) -> Node:
        """A node in another type; a Python number takes any."""
        if one.kind == kind:
            return one
        if kind == "bool":
            raise Unfit
        return self._node(as_type, (one,), kind)

    def strong(self, one: Node) -> Node:
        """A node of an array's type; a Python number is one of float64."""
        return self.converted(one, "float64") if one.kind == "number" else one

    def _alike(self, operands: tuple[Node, ...]) -> tuple[Node, ...]:
        """Operands of one type, as NumPy promotes them."""
        kinds = {one.kind for one in operands}
        strong = kinds - {"number"}
        kind = next((k for k in ("float64", "float32", "bool") if k in strong), "float64")
        if kind == "bool" and "number" in kinds:
            kind = "float64"
        return tuple(self.converted(one, kind) for one in operands)


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
        """The nodes of each slot: an array whose last axis is one path, or a constant."""
        self.rows: list[tuple[int, int]] = []
        """The slot of each row that is loaded, and its number there."""
        self._n_trades = n_trades
        self._constants: dict[int, Nodes] = {}

    def load(self, slot: int, array: NDArray[Any]) -> None:
        """Loads an array whose last axis are the paths, of which the shape and the type count. Raises Unfit."""
        own = array.shape[:-1] if self._n_trades == 1 else ()
        kind = _kind(array.dtype)
        count = int(np.prod(own, dtype=int))
        if count > MOST_ROWS:
            raise Unfit
        found = np.empty(count, object)
        found[:] = [self.graph.load(len(self.rows) + row, kind) for row in range(count)]
        self.rows += ((slot, row) for row in range(count))
        self.values[slot] = found.reshape(*own, 1)

    def give(self, slot: int, value: Any) -> None:
        """Gives a slot a constant."""
        self.values[slot] = _Given(slot, value.of(1) if isinstance(value, Shape) else value)

    def call(self, call: Call) -> None:
        """Runs a call on nodes. Raises Unfit where it is none of numbers of one path."""
        arguments = [
            [self._nodes(self.values[slot]) for slot in argument] if type(argument) is tuple else self.values[argument]
            for argument in call.arguments
        ]
        self.values[call.result] = self._called(call.function, arguments, call.keywords)

    def _called(self, function: Callable[..., Any], arguments: list[Any], keywords: Mapping[str, Any]) -> Any:
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
        if self._n_trades > 1:
            if function is np.broadcast_to:
                return self._nodes(first)
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

    def _products(self, subscripts: Any, one: Nodes, other: Nodes) -> Nodes:
        """A sum over dates of products. Raises Unfit for other subscripts."""
        if subscripts not in ("t,tn->n", "tn,tn->n") or self._n_trades > 1:
            raise Unfit
        first = one[:, None] if subscripts == "t,tn->n" else one
        products = self._each(lambda *numbers: self.graph.call(np.multiply, numbers), (first, other))
        return reduce(self._add, products)

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
