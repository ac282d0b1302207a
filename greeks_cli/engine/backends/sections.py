"""Sections of a kernel's body: operations on single numbers, and loops over rows, in turns.

A loop reads rows at other places than its own, or of an earlier loop, from a scratch memory of one step of paths.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from greeks_cli.engine.compiler.operations import (
    AT,
    CARRIED,
    CHOSEN,
    CONSTANT,
    JOIN,
    LOAD,
    LOOKED_UP,
    SPREAD,
    VIEW,
    Node,
)

IN_PLACE = (LOAD, CONSTANT, VIEW, SPREAD)
"""Operations on rows that are printed wherever they are read, for they compute nothing."""


@dataclass(frozen=True)
class Section:
    """A loop over rows, or operations on single numbers."""

    stage: int
    """Loops have odd stages."""
    count: int
    """The rows of the loop; 0 of single numbers."""
    nodes: tuple[Node, ...]


class Sections:
    """The sections of some nodes in order, and the scratch memory between them."""

    def __init__(self, nodes: Sequence[Node], stored: Sequence[Node]):
        """``stored`` are results of the kernel."""
        self._stage: dict[int, int] = {}
        self._first: dict[int, int] = {}
        """The first row in the scratch memory of a node that is kept there, or of a join."""
        self.n_scratch = 0
        """Rows of the scratch memory."""
        self._parts: dict[int, list[int]] = {}
        """The first rows of a node in the joins that it is part of."""
        self._homes = {node.number for node in stored if node.count}
        for node in nodes:
            self._stage[node.number] = self._stage_of(node)
        for node in nodes:
            self._keep(node)
        self.all = self._in_order(nodes)

    def _stage_of(self, node: Node) -> int:
        stages = [0]
        for one in node.operands[: 1 if node.operation == LOOKED_UP else None]:
            own = self._stage[one.number]
            if node.operation == JOIN or (node.operation == AT and one.count):
                stages.append(own + own % 2)
            elif node.operation == VIEW:
                stages.append(own + 1 + own % 2)
            elif node.count:
                stages.append(own if one.count else own + 1)
            else:
                stages.append(own)
        return max(1, *stages) if node.count and node.operation != JOIN else max(stages)

    def _keep(self, node: Node) -> None:
        """Notes what a node reads from the scratch memory."""
        if node.operation == JOIN:
            first = self._rows(node)
            for place, part in zip(node.place, node.operands, strict=True):
                self._parts.setdefault(part.number, []).append(first + place)
                self._homes.add(part.number)
        for one in node.operands:
            if not one.count or one.operation == JOIN:
                continue
            if node.operation == AT and node.place == one.count - 1:
                self._homes.add(one.number)
            elif node.operation in (AT, VIEW) or (one.operation not in IN_PLACE and self._is_later(node, one)):
                self._homes.add(one.number)
                self._rows(one)

    def _is_later(self, node: Node, one: Node) -> bool:
        return node.operation != JOIN and self._stage[node.number] > self._stage[one.number]

    def _rows(self, node: Node) -> int:
        if node.number not in self._first:
            self._first[node.number] = self.n_scratch
            self.n_scratch += node.count
        return self._first[node.number]

    def first(self, node: Node) -> int:
        """The first row in the scratch memory of a node that is kept there, or of a join."""
        return self._first[node.number]

    def places(self, node: Node) -> list[int]:
        """The first rows in the scratch memory at which a node is stored."""
        own = [self._first[node.number]] if node.number in self._first else []
        return own + self._parts.get(node.number, [])

    def is_here(self, node: Node, section: Section) -> bool:
        """True if a node on rows is computed in a section."""
        return (self._stage[node.number], node.count) == (section.stage, section.count)

    def _in_order(self, nodes: Sequence[Node]) -> list[Section]:
        found: dict[tuple[int, int], list[Node]] = {}
        for node in nodes:
            in_place = node.count and node.operation in IN_PLACE and node.number not in self._homes
            if node.operation != JOIN and not in_place:
                found.setdefault((self._stage[node.number], node.count), []).append(node)
        return [Section(*key, tuple(found[key])) for key in sorted(found)]


@dataclass(frozen=True)
class Choice:
    """Nodes before a choice, nodes that only the chosen numbers of some paths need, the choices, and nodes after."""

    before: tuple[Node, ...]
    rare: tuple[Node, ...]
    chosen: tuple[Node, ...]
    after: tuple[Node, ...]

    @classmethod
    def of(cls, nodes: Sequence[Node]) -> "Choice":
        """Divides the nodes of a section, whose choices have one condition."""
        chosen = tuple(node for node in nodes if node.operation == CHOSEN)
        if not chosen:
            return cls(tuple(nodes), (), (), ())
        rare, after = _rare(nodes), {node.number for node in chosen}
        for node in nodes:
            if not after.isdisjoint(one.number for one in node.operands):
                after.add(node.number)
        first = tuple(node for node in nodes if node.number not in rare and node.number not in after)
        last = tuple(node for node in nodes if node.number in after and node.operation != CHOSEN)
        return cls(first, tuple(node for node in nodes if node.number in rare), chosen, last)


def _rare(nodes: Sequence[Node]) -> set[int]:
    """The numbers of nodes that nothing needs but the numbers that are seldom chosen."""
    wanted = {node.number for node in nodes if node.operation == CHOSEN}
    read = {one.number for node in nodes for one in node.operands}
    for node in reversed(nodes):
        if node.operation == CARRIED or node.number not in read:
            wanted.add(node.number)
        if node.number in wanted:
            usual = (node.operands[0], node.operands[2]) if node.operation == CHOSEN else node.operands
            wanted.update(one.number for one in usual)
    return {node.number for node in nodes} - wanted
