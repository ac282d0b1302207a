"""Body of a kernel in LLVM's intermediate representation: a step of eight paths, with its loops over rows."""

from collections.abc import Mapping, Sequence
from math import inf
from typing import Final

import numpy as np

from greeks_cli.engine.backends.elementary import wide_number
from greeks_cli.engine.backends.operation_text import BYTES, LANES, SCALAR, WIDE, Text
from greeks_cli.engine.backends.sections import IN_PLACE, Choice, Sections
from greeks_cli.engine.compiler.operations import (
    ANY,
    AT,
    CARRIED,
    CONSTANT,
    LOAD,
    LOOKED_UP,
    PER_ROW,
    RECURRENCE,
    RUNNING,
    SPREAD,
    VIEW,
    Node,
)

_ROW_BYTES = 64
"""Bytes of a row of the scratch memory: eight numbers of 64 bits."""
_AHEAD = 2 * LANES - 1
"""Numbers from a step's first to the next step's last."""
_FIRST: Final = {np.add: 0.0, np.multiply: 1.0, np.maximum: -inf, np.minimum: inf}
"""The number with which a running function begins: it changes no other."""

_Carried = tuple[str, str, str, str | int]
"""The name of what a loop carries, its type, what it begins with, and what a row leaves: a name or a node's number."""


class BodyText:
    """Prints the sections of a kernel; ``%row``, ``%own``, ``%at``, ``%out`` and ``%scratch`` are the kernel's."""

    def __init__(
        self, text: Text, sections: Sections, stored: Sequence[Node], carried: Mapping[int, int], block: str
    ) -> None:
        """``block`` is the name of the block that the body begins in."""
        self._text, self._sections, self._left, self._block = text, sections, carried, block
        self.names: dict[int, str] = {}
        """The results of nodes by number; those in loops are of the last row after the loop."""
        self._read: dict[int, str] = {}
        """Rows that a loop reads from memory, by node."""
        self._outputs: dict[int, list[int]] = {}
        for place, node in enumerate(stored):
            self._outputs.setdefault(node.number, []).append(place)

    def print(self) -> None:
        """Prints all sections."""
        for number, section in enumerate(self._sections.all):
            self._section = section
            if section.count:
                self._loop(number)
            else:
                self._nodes()

    def _nodes(self) -> None:
        choice = Choice.of(self._section.nodes)
        self._print(choice.before)
        if choice.chosen:
            self._choose(choice)
            self._print(choice.after)

    def _print(self, nodes: Sequence[Node]) -> None:
        for node in nodes:
            self.names[node.number] = self._value(node)
            self._store(node)

    def _choose(self, choice: Choice) -> None:
        """Prints a block for steps with a path for which the condition holds, and the choices after it."""
        text, read, before = self._text, {**self._read}, self._block
        mask = self._name(choice.chosen[0].operands[0])
        bits = text.new(f"bitcast <8 x i1> {mask} to i8")
        holds = text.new(f"icmp ne i8 {bits}, 0")
        text.add(f"  br i1 {holds}, label %rare{before}, label %join{before}", f"rare{before}:")
        self._print(choice.rare)
        found = []
        for node in choice.chosen:
            one, other = (self._name(operand) for operand in node.operands[1:])
            wide = WIDE[node.kind]
            found.append(text.new(f"select <8 x i1> {mask}, {wide} {one}, {wide} {other}"))
        self._read, self._block = read, f"join{before}"  # what the block read is not read elsewhere
        text.add(f"  br label %{self._block}", f"{self._block}:")
        for node, name in zip(choice.chosen, found, strict=True):
            usual = f"[{self._name(node.operands[2])}, %{before}]"
            self.names[node.number] = text.new(f"phi {WIDE[node.kind]} [{name}, %rare{before}], {usual}")

    def _loop(self, number: int) -> None:
        text, row, before, block = self._text, f"%d{number}", self._block, f"rows{number}"
        self._row, self._carried, self._read, self._block = row, list[_Carried](), {}, block
        text.add(f"  br label %{block}", f"{block}:")
        top = len(text.lines)
        self._nodes()
        phis = [f"  {row} = phi i64 [0, %{before}], [{row}_next, %{self._block}]"]
        for name, wide, first, after in self._carried:
            left = self.names[after] if isinstance(after, int) else after
            phis.append(f"  {name} = phi {wide} [{first}, %{before}], [{left}, %{self._block}]")
        text.lines[top:top] = phis
        self._block = f"after{number}"
        text.add(
            f"  {row}_next = add i64 {row}, 1",
            f"  {row}_more = icmp slt i64 {row}_next, {'%any' if self._section.count == ANY else self._section.count}",
            f"  br i1 {row}_more, label %{block}, label %{self._block}",
            f"{self._block}:",
        )

    def _value(self, node: Node) -> str:
        if node.operation in (LOAD, CONSTANT, PER_ROW, VIEW, SPREAD):
            return self._moved(node)
        if node.operation == LOOKED_UP:
            return self._looked_up(node)
        names = [self._name(one) for one in node.operands] if node.operation != AT else []
        if node.operation == AT:
            (rows,) = node.operands
            if node.place == rows.count - 1:
                return self.names[rows.number]
            return self._loaded(self._scratch(rows, str(node.place)), node.kind)
        if node.operation == CARRIED:
            self._carried.append((f"%before{node.number}", WIDE[node.kind], names[0], self._left[node.number]))
            return f"%before{node.number}"
        if node.operation == RUNNING:
            return self._running(node, names[0])
        if node.operation == RECURRENCE:
            return self._recurrence(node, *names)
        return self._text.operation(node, names)

    def _name(self, one: Node) -> str:
        """The result of an operand; in a loop, on its row."""
        if not one.count or (one.number in self.names and self._sections.is_here(one, self._section)):
            return self.names[one.number]
        if one.number not in self._read:
            is_moved = one.operation in IN_PLACE
            found = self._moved(one) if is_moved else self._loaded(self._scratch(one, self._row), one.kind)
            self._read[one.number] = found
        return self._read[one.number]

    def _moved(self, node: Node) -> str:
        """A number that is read, and not computed."""
        new = self._text.new
        if node.operation == SPREAD:
            return self.names[node.operands[0].number]
        if node.operation == VIEW:
            (rows,), (start, step) = node.operands, node.place
            return self._loaded(self._scratch(rows, new(f"mul i64 {self._row}, {step}"), start), node.kind)
        if node.operation == CONSTANT:
            place = new(f"add i64 {self._row}, {node.place}") if node.count else str(node.place)
            pointer = new(f"getelementptr double, ptr %own, i64 {place}")
            return self._text.splat(new(f"load double, ptr {pointer}"), node.kind)
        row = f"%row{node.place}"
        if node.operation == PER_ROW:
            number = new(f"load double, ptr {new(f'getelementptr double, ptr {row}, i64 {self._row}')}")
            return self._text.splat(number, node.kind)
        if node.count:
            row = new(f"getelementptr i8, ptr {row}, i64 {new(f'mul i64 {self._row}, %s{node.place}')}")
        pointer = new(f"getelementptr {SCALAR[node.kind]}, ptr {row}, i64 %at")
        if node.count:  # rows are far apart in memory, so that no processor foresees the next step
            later = new(f"getelementptr {SCALAR[node.kind]}, ptr {pointer}, i64 {_AHEAD}")
            self._text.add(f"  call void @llvm.prefetch.p0(ptr {later}, i32 0, i32 3, i32 1)")
        return self._loaded(pointer, node.kind)

    def _looked_up(self, node: Node) -> str:
        place, table = node.operands
        new, numbers = self._text.new, self._text.new(f"fptosi <8 x double> {self._name(place)} to <8 x i64>")
        first, size = node.place
        if table.operation == PER_ROW:
            at, base = new(f"add i64 {new(f'mul i64 {self._row}, {size}')}, {first}"), f"%row{table.place}"
        else:
            at, base = str(table.place + first), "%own"
        row = new(f"getelementptr double, ptr {base}, i64 {at}")
        entries = new(f"getelementptr double, ptr {row}, <8 x i64> {numbers}")
        every = "<8 x i1> splat (i1 true), <8 x double> zeroinitializer"
        found = new(f"call <8 x double> @llvm.masked.gather.v8f64.v8p0(<8 x ptr> {entries}, i32 8, {every})")
        return self._text.converted(found, "float64", node.kind)

    def _scratch(self, rows: Node, row: str, start: int = 0) -> str:
        """The address of a row of the scratch memory."""
        new, first = self._text.new, self._sections.first(rows) + start
        place = new(f"add i64 {row}, {first}")
        return new(f"getelementptr i8, ptr %scratch, i64 {new(f'mul i64 {place}, {_ROW_BYTES}')}")

    def _loaded(self, pointer: str, kind: str) -> str:
        new = self._text.new
        if kind == "bool":
            return new(f"icmp ne <8 x i8> {new(f'load <8 x i8>, ptr {pointer}, align 1')}, zeroinitializer")
        return new(f"load {WIDE[kind]}, ptr {pointer}, align {BYTES[kind]}")

    def _running(self, node: Node, name: str) -> str:
        text, wide, function = self._text, WIDE[node.kind], node.place
        before = f"%before{node.number}"
        if function in (np.add, np.multiply):
            found = text.new(f"{'fadd' if function is np.add else 'fmul'} {wide} {before}, {name}")
        else:
            found = text.extreme(function, wide, before, name)
        self._carried.append((before, wide, wide_number(_FIRST[function], SCALAR[node.kind]), found))
        return found

    def _recurrence(self, node: Node, factor: str, addend: str) -> str:
        text, wide, before = self._text, WIDE[node.kind], f"%before{node.number}"
        found = text.new(f"fmul {wide} {factor}, {before}")
        found = text.new(f"fadd {wide} {found}, {addend}")
        is_first = text.new(f"icmp eq i64 {self._row}, 0")
        found = text.new(f"select i1 {is_first}, {wide} {addend}, {wide} {found}")
        self._carried.append((before, wide, "zeroinitializer", found))
        return found

    def _store(self, node: Node) -> None:
        """Stores a number where it is a result, part of a join, or read by a later loop."""
        new, name = self._text.new, self.names[node.number]
        for output in self._outputs.get(node.number, ()):
            out = f"%out{output}"
            if node.count:
                out = new(f"getelementptr i8, ptr {out}, i64 {new(f'mul i64 {self._row}, %between{output}')}")
            self._stored(name, node.kind, new(f"getelementptr {SCALAR[node.kind]}, ptr {out}, i64 %at"))
        row = self._row if node.count else "0"
        for first in self._sections.places(node):
            place = new(f"mul i64 {new(f'add i64 {row}, {first}')}, {_ROW_BYTES}")
            self._stored(name, node.kind, new(f"getelementptr i8, ptr %scratch, i64 {place}"))

    def _stored(self, name: str, kind: str, pointer: str) -> None:
        wide = WIDE[kind]
        if kind == "bool":
            name, wide = self._text.new(f"zext <8 x i1> {name} to <8 x i8>"), "<8 x i8>"
        self._text.add(f"  store {wide} {name}, ptr {pointer}, align {BYTES[kind]}")
