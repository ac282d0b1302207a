"""Look-ups in tables of constants, such as the coefficients of the pieces of a spline."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.compiler.operations import LOOKED_UP, Graph, Node, Unfit

Nodes = NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Table:
    """A table whose entries a loop looks up: constants, or numbers of each row of the loop."""

    node: Node
    shape: tuple[int, ...]


def counted(graph: Graph, rows: Nodes) -> Nodes:
    """The number of rows that are true, as a float. Raises Unfit for rows of numbers."""
    if rows.ndim != 2 or any(node.kind != "bool" for node in rows[:, 0]):
        raise Unfit
    total = graph.converted(rows[0, 0], "float64")
    for node in rows[1:, 0]:
        total = graph.call(np.add, (total, graph.converted(node, "float64")))
    return _array([total])


def looked_up(graph: Graph, table: Table, place: Node) -> Nodes:
    """The entries at a place along the last axis of a table: one number, or a column of them."""
    *rows, width = table.shape
    if len(rows) > 1:
        raise Unfit
    size = width * (rows[0] if rows else 1)
    entries = [(first, size) for first in range(0, size, width)]
    node = table.node
    found = [graph.node(LOOKED_UP, (place, node), node.kind, entry, place.count) for entry in entries]
    return _array(found)[:, None] if rows else _array(found)


def _array(nodes: list[Node]) -> Nodes:
    found = np.empty(len(nodes), object)
    found[:] = nodes
    return found
