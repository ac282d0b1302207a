"""Operations on the numbers of one path: a graph whose nodes are equal once, with NumPy's rules of types."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from greeks_cli.engine.compiler.functions import as_type

LOAD, CONSTANT = "load", "constant"
"""Operations of a node that is a number of an input, and of one that is a constant."""
VIEW, JOIN, SPREAD, AT = "view", "join", "spread", "at"
"""Operations that move rows of a loop: at other places, parts one after the other, one number on all rows, one row."""
RUNNING, RECURRENCE = "running", "recurrence"
"""Operations along the rows of a loop: the result of a function so far, and y_k = a_k y_(k-1) + b_k."""
CARRIED, PER_ROW, CHOSEN = "carried", "per row", "chosen"
"""Operations of a loop of time steps: what the row before leaves, a number of the row, and a number that is computed
where a condition holds for a path of a step."""
LOOKED_UP = "looked up"
"""An entry of a table of numbers: the operands are the entry's number, a float, and the table; the place is that of the
first entry, and the size of the table."""
ANY = -1
"""In place of the count of a loop's rows: their number is known when the loop runs."""
ZERO = -1
"""In place of the slot of a constant: the number zero."""
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
Kind = str
"""The type of a node: float64, float32, bool, or number, a Python number that takes the type of its partner."""


class Unfit(Exception):
    """A call is none of numbers of one path."""


@dataclass(frozen=True, slots=True)
class Node:
    """One operation on numbers of a path."""

    number: int
    operation: Any
    """A function of NumPy, ``as_type``, or an operation of this module."""
    operands: tuple["Node", ...]
    kind: Kind
    place: Any = 0
    """The place of a loaded number among the rows of the inputs, or of a constant in the table; the first row and the
    step of a view; the first row of each part of a join; the row at which a number is taken; the function that runs."""
    count: int = 0
    """The rows of a node that has a number on each row of a loop; 0 of a single number."""


class Graph:
    """Operations on the numbers of one path, equal ones once."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.constants: list[tuple[int, int]] = []
        """The slot of each constant, and its place in the array there."""
        self.rows: list[tuple[int, int, int]] = []
        """The slot of each row that is loaded, its number there, and the step to the next row of a loop."""
        self._kept: dict[Any, Node] = {}

    def node(self, operation: Any, operands: tuple[Node, ...], kind: Kind, place: Any = 0, count: int = 0) -> Node:
        """The node of an operation, a new one where there is none."""
        key = operation, tuple(one.number for one in operands), kind, place, count
        if key not in self._kept:
            self._kept[key] = Node(len(self.nodes), operation, operands, kind, place, count)
            self.nodes.append(self._kept[key])
        return self._kept[key]

    def load(self, slot: int, row: int, kind: Kind, count: int = 0, step: int = 0) -> Node:
        """The number of a path in a row of an array, or in each of ``count`` rows."""
        return self.node(LOAD, (), kind, self._row(slot, row, step), count)

    def _row(self, slot: int, row: int, step: int) -> int:
        if (slot, row, step) not in self.rows:
            self.rows.append((slot, row, step))
        return self.rows.index((slot, row, step))

    def per_row(self, slot: int, kind: Kind = "number") -> Node:
        """A number, or a table, that is one for all paths on each row of a loop of any number of rows."""
        return self.node(PER_ROW, (), kind, self._row(slot, 0, 0), ANY)

    def constant(self, slot: int, place: int, kind: Kind) -> Node:
        """A constant; each has a place of its own, so that graphs of one structure are equal."""
        if slot == ZERO and (ZERO, place) in self.constants:
            return self.node(CONSTANT, (), kind, self.constants.index((ZERO, place)))
        self.constants.append((slot, place))
        return self.node(CONSTANT, (), kind, len(self.constants) - 1)

    def constants_of(self, slot: int, count: int, kind: Kind) -> Node:
        """A constant on each row of a loop."""
        self.constants += ((slot, place) for place in range(count))
        return self.node(CONSTANT, (), kind, len(self.constants) - count, count)

    def call(self, function: Any, operands: tuple[Node, ...]) -> Node:
        """The result of an elementwise function. Raises Unfit for a function that is not known."""
        kinds = [one.kind for one in operands]
        if function in _COMPARISONS:
            return self._each(function, self.alike(operands), "bool")
        if function in _LOGIC:
            if any(kind != "bool" for kind in kinds):
                raise Unfit
            return self._each(function, operands, "bool")
        if function is np.where:
            chosen = self.alike(operands[1:])
            if kinds[0] != "bool" or chosen[0].kind == "bool":
                raise Unfit
            return self._each(function, (operands[0], *chosen), chosen[0].kind)
        if _NUMBERS.get(function) != len(operands):
            raise Unfit
        alike = self.alike(operands)
        if alike[0].kind == "bool":
            raise Unfit
        if function is np.add:
            for one, other in (alike, alike[::-1]):
                if other.operation == CONSTANT and self.constants[other.place][0] == ZERO:
                    return one
        return self._each(function, alike, alike[0].kind)

    def _each(self, function: Any, operands: tuple[Node, ...], kind: Kind) -> Node:
        """The result of a function on each row of a loop. Raises Unfit for different numbers of rows."""
        counts = {one.count for one in operands} - {0}
        if len(counts) > 1:
            raise Unfit
        return self.node(function, operands, kind, count=max(counts, default=0))

    def converted(self, one: Node, kind: Kind) -> Node:
        """A node in another type; a Python number takes any."""
        if one.kind == kind:
            return one
        if kind == "bool":
            raise Unfit
        if one.kind == "number" and one.operation == CONSTANT:
            return self.node(CONSTANT, (), kind, one.place, one.count)
        return self._each(as_type, (one,), kind)

    def strong(self, one: Node) -> Node:
        """A node of an array's type; a Python number is one of float64."""
        return self.converted(one, "float64") if one.kind == "number" else one

    def alike(self, operands: tuple[Node, ...]) -> tuple[Node, ...]:
        """Operands of one type, as NumPy promotes them."""
        kinds = {one.kind for one in operands}
        strong = kinds - {"number"}
        kind = next((k for k in ("float64", "float32", "bool") if k in strong), "float64")
        if kind == "bool" and "number" in kinds:
            kind = "float64"
        return tuple(self.converted(one, kind) for one in operands)
