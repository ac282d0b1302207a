"""Arrays of many rows as nodes of a loop over rows: views, joins, sums and recurrences.

A node has a number on each row. Rows at other places than the loop's own are read in a later loop.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from greeks_cli.engine.compiler import operations
from greeks_cli.engine.compiler.operations import (
    AT,
    CONSTANT,
    JOIN,
    RECURRENCE,
    RUNNING,
    SPREAD,
    VIEW,
    ZERO,
    Graph,
    Node,
    Unfit,
)


class Part(NamedTuple):
    """Rows of a join from a place on: those of a loop's node, or one single number."""

    first: int
    node: Node

    @property
    def after(self) -> int:
        """The place after the last row."""
        return self.first + max(1, self.node.count)


def at(graph: Graph, rows: Node, row: int) -> Node:
    """The number on one row."""
    match rows.operation:
        case operations.LOAD:
            slot, first, step = graph.rows[rows.place]
            return graph.load(slot, first + row * step, rows.kind)
        case operations.CONSTANT:
            return graph.node(CONSTANT, (), rows.kind, rows.place + row)
        case operations.SPREAD:
            return rows.operands[0]
        case operations.VIEW:
            start, step = rows.place
            return _within(graph, rows.operands[0], start + step * row)
    return graph.node(AT, (rows,), rows.kind, row)


def _within(graph: Graph, whole: Node, row: int) -> Node:
    """The number on one row of what a view shows."""
    if whole.operation != JOIN:
        return at(graph, whole, row)
    for part in _parts(whole):
        if part.first <= row < part.after:
            return at(graph, part.node, row - part.first) if part.node.count else part.node
    return graph.constant(ZERO, 0, whole.kind)


def _parts(whole: Node) -> Iterable[Part]:
    return (Part(first, node) for first, node in zip(whole.place, whole.operands, strict=True))


def view(graph: Graph, rows: Node, start: int, step: int, count: int) -> Node:
    """The rows at places start, start + step, and so on."""
    if (start, step, count) == (0, 1, rows.count):
        return rows
    match rows.operation:
        case operations.LOAD:
            slot, first, own = graph.rows[rows.place]
            return graph.load(slot, first + start * own, rows.kind, count, step * own)
        case operations.SPREAD:
            return graph.node(SPREAD, rows.operands, rows.kind, 0, count)
        case operations.VIEW:
            first, own = rows.place
            return _shown(graph, rows.operands[0], first + own * start, own * step, count)
    return _shown(graph, rows, start, step, count)


def _shown(graph: Graph, whole: Node, start: int, step: int, count: int) -> Node:
    if whole.operation == JOIN:
        last = start + step * (count - 1)
        for part in _parts(whole):
            if part.first <= min(start, last) and max(start, last) < part.after and part.node.count:
                return view(graph, part.node, start - part.first, step, count)
    elif (start, step, count) == (0, 1, whole.count):
        return whole
    return graph.node(VIEW, (whole,), whole.kind, (start, step), count)


def join(graph: Graph, parts: Sequence[Part], count: int) -> Node:
    """Parts one after the other, and zeros on the rows that are in none."""
    nodes = graph.alike(tuple(part.node for part in parts))
    parts = [part._replace(node=graph.strong(node)) for part, node in zip(parts, nodes, strict=True)]
    if len(parts) == 1 and parts[0].node.count == count:
        return parts[0].node
    places = tuple(part.first for part in parts)
    whole = graph.node(JOIN, tuple(part.node for part in parts), parts[0].node.kind, places, count)
    return graph.node(VIEW, (whole,), whole.kind, (0, 1), count)


def spread(graph: Graph, one: Node, count: int) -> Node:
    """One number on all rows."""
    one = graph.strong(one)
    return graph.node(SPREAD, (one,), one.kind, 0, count)


def running(graph: Graph, function: Any, rows: Node) -> Node:
    """The sum, or another function, of the rows so far. Raises Unfit for bool."""
    if function not in (np.add, np.multiply, np.maximum, np.minimum) or rows.kind == "bool":
        raise Unfit
    return graph.node(RUNNING, (graph.strong(rows),), graph.strong(rows).kind, function, rows.count)


def total(graph: Graph, function: Any, rows: Node) -> Node:
    """The sum, or another function, of all rows."""
    return at(graph, running(graph, function, rows), rows.count - 1)


def recurrence(graph: Graph, factors: Node, addends: Node, from_last: bool) -> Node:
    """y_k = a_k y_(k-1) + b_k; from the last row, y_k = a_(k+1) y_(k+1) + b_k."""
    count = addends.count
    if not from_last:
        a, b = graph.alike((factors, addends))
        return graph.node(RECURRENCE, (a, b), b.kind, 0, count)
    later = join(graph, [Part(1, view(graph, factors, count - 1, -1, count - 1))], count)
    backwards = recurrence(graph, later, view(graph, addends, count - 1, -1, count), False)
    return view(graph, backwards, count - 1, -1, count)
