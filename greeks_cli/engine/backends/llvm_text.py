"""Kernels printed as LLVM's intermediate representation: a loop over paths, eight at a time, on any processor alike.

Only operations that every processor rounds alike are printed: arithmetic, fused multiplication and addition, roots and
rounding. Numbers and their order are those of eight lanes, whatever the width of the processor's vectors.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from greeks_cli.engine.backends.body_text import BodyText
from greeks_cli.engine.backends.operation_text import BYTES, LANES, SCALAR, WIDE, Text
from greeks_cli.engine.backends.sections import Sections
from greeks_cli.engine.compiler.operations import Node


@dataclass(frozen=True)
class Kernel:
    """Kernel for one path: its operations, the kinds of its rows, and the nodes that are stored and summed."""

    nodes: tuple[Node, ...]
    loads: tuple[str, ...]
    """The kind of each row that is loaded; the rows of a loop are one."""
    n_constants: int
    stored: tuple[Node, ...]
    summed: tuple[Node, ...]
    carried: tuple[tuple[int, int], ...] = ()
    """The numbers of nodes that a loop carries to its next row, each with that of what it leaves."""

    @cached_property
    def sections(self) -> Sections:
        """The sections of the body."""
        return Sections(self.nodes, self.stored)

    @property
    def structure(self) -> Any:
        """Key of the kernel's code: equal for kernels that differ in numbers alone."""
        calls = tuple((n.operation, tuple(o.number for o in n.operands), n.kind, n.place, n.count) for n in self.nodes)
        stored, summed = (tuple(node.number for node in nodes) for nodes in (self.stored, self.summed))
        return calls, self.loads, stored, summed, self.carried


def printed(kernel: Kernel) -> str:
    """The module of a kernel, whose function ``kernel`` takes (rows, strides, constants, out, sums, sizes).

    ``rows`` and ``out`` are arrays of pointers, ``strides`` the bytes between the rows of two trades, or of a loop.
    After the results, ``out`` has the scratch memory, 64 bytes for each of its rows. ``constants`` has a row for each
    trade. ``sums`` has, for each summed node and trade, a centre, then two sums for each slice: of the deviations from
    the centre, and of their squares. ``sizes`` are trades, paths, paths of a slice, slices, and rows of a loop of any
    number of rows.
    """
    return _Printer(kernel).text()


class _Printer:
    def __init__(self, kernel: Kernel):
        self._kernel, self._text = kernel, Text()
        self._new = self._text.new
        self._body = BodyText(self._text, kernel.sections, kernel.stored, dict(kernel.carried), "paths")

    def text(self) -> str:
        self._entry()
        self._body.print()
        self._sums()
        self._exit()
        body = "\n".join(self._text.lines)
        declared = "\n".join(
            f"declare {WIDE[kind]} @llvm.{name}.v8{short}({arguments})"
            for kind, short in (("float64", "f64"), ("float32", "f32"))
            for name, arguments in (
                ("fabs", WIDE[kind]),
                ("sqrt", WIDE[kind]),
                ("floor", WIDE[kind]),
                ("copysign", f"{WIDE[kind]}, {WIDE[kind]}"),
                ("fma", ", ".join([WIDE[kind]] * 3)),
            )
        )
        declared += "\ndeclare <8 x double> @llvm.masked.gather.v8f64.v8p0(<8 x ptr>, i32, <8 x i1>, <8 x double>)"
        declared += "\ndeclare void @llvm.prefetch.p0(ptr, i32, i32, i32)"
        head = "define void @kernel(ptr noalias %rows, ptr noalias %strides, ptr noalias %constants, ptr noalias %out, "
        head += 'ptr noalias %sums, ptr noalias %sizes) "min-legal-vector-width"="512" nounwind {\n'
        return f"{declared}\n{head}{body}\n}}\n"

    def _entry(self) -> None:
        add = self._text.add
        add("entry:")
        for name, place in (("trades", 0), ("n", 1), ("length", 2), ("slices", 3), ("any", 4)):
            add(f"  %p_{name} = getelementptr i64, ptr %sizes, i64 {place}")
            add(f"  %{name} = load i64, ptr %p_{name}")
        add(f"  %last = sub i64 %n, {LANES}")
        add("  br label %trade")
        add("trade:")
        add("  %t = phi i64 [0, %entry], [%t_next, %trade_end]")
        for row in range(len(self._kernel.loads)):
            add(f"  %pr{row} = getelementptr ptr, ptr %rows, i64 {row}")
            add(f"  %r{row} = load ptr, ptr %pr{row}")
            add(f"  %ps{row} = getelementptr i64, ptr %strides, i64 {row}")
            add(f"  %s{row} = load i64, ptr %ps{row}")
            add(f"  %o{row} = mul i64 %t, %s{row}")
            add(f"  %row{row} = getelementptr i8, ptr %r{row}, i64 %o{row}")
        for place, node in enumerate(self._kernel.stored):
            add(f"  %po{place} = getelementptr ptr, ptr %out, i64 {place}")
            add(f"  %q{place} = load ptr, ptr %po{place}")
            add(f"  %oo{place} = mul i64 %t, %n")
            add(f"  %out{place} = getelementptr {SCALAR[node.kind]}, ptr %q{place}, i64 %oo{place}")
            if node.count:
                add(f"  %between{place} = mul i64 %n, {BYTES[node.kind]}")
        if self._kernel.sections.n_scratch:
            add(f"  %p_scratch = getelementptr ptr, ptr %out, i64 {len(self._kernel.stored)}")
            add("  %scratch = load ptr, ptr %p_scratch")
        add(f"  %c_first = mul i64 %t, {self._kernel.n_constants}")
        add("  %own = getelementptr double, ptr %constants, i64 %c_first")
        add("  %width_of_sums = mul i64 %slices, 2")
        add("  %per_row = add i64 %width_of_sums, 1")
        for place in range(len(self._kernel.summed)):
            add(f"  %m{place} = mul i64 %trades, {place}")
            add(f"  %mt{place} = add i64 %m{place}, %t")
            add(f"  %mo{place} = mul i64 %mt{place}, %per_row")
            add(f"  %sum{place} = getelementptr double, ptr %sums, i64 %mo{place}")
        add("  br label %slice")
        add("slice:")
        add("  %number = phi i64 [0, %trade], [%number_next, %slice_end]")
        add("  %start = mul i64 %number, %length")
        add("  %full = add i64 %start, %length")
        add("  %is_short = icmp slt i64 %n, %full")
        add("  %end = select i1 %is_short, i64 %n, i64 %full")
        add("  br label %paths")
        add("paths:")
        add("  %i = phi i64 [%start, %slice], [%i_next, %paths_end]")
        for place in range(len(self._kernel.summed)):
            for kind in ("one", "two"):
                add(f"  %{kind}{place} = phi <8 x double> [zeroinitializer, %slice], [%{kind}n{place}, %paths_end]")
        add("  %beyond = icmp sgt i64 %i, %last")
        add("  %at = select i1 %beyond, i64 %last, i64 %i")

    def _sums(self) -> None:
        add, summed = self._text.add, self._kernel.summed
        if not summed:
            add("  br label %paths_end")
            add("paths_end:")
            return
        names = [self._text.converted(self._body.names[n.number], n.kind, "float64") for n in summed]
        add("  %is_first = icmp eq i64 %i, 0")
        add("  br i1 %is_first, label %centre, label %add")
        add("centre:")
        for place, name in enumerate(names):
            mean = self._new(f"fmul double {self._across(name)}, 0.125")
            add(f"  store double {mean}, ptr %sum{place}")
        add("  br label %add")
        add("add:")
        skipped = self._new("sub i64 %i, %at")
        one = self._new(f"insertelement <8 x i64> poison, i64 {skipped}, i64 0")
        least = self._new(f"shufflevector <8 x i64> {one}, <8 x i64> poison, <8 x i32> zeroinitializer")
        lanes = "<" + ", ".join(f"i64 {lane}" for lane in range(LANES)) + ">"
        counts = self._new(f"icmp sge <8 x i64> {lanes}, {least}")
        for place, name in enumerate(names):
            centre = self._text.splat(self._new(f"load double, ptr %sum{place}"), "float64")
            apart = self._new(f"fsub <8 x double> {name}, {centre}")
            apart = self._new(f"select <8 x i1> {counts}, <8 x double> {apart}, <8 x double> zeroinitializer")
            add(f"  %onen{place} = fadd <8 x double> %one{place}, {apart}")
            square = self._new(f"fmul <8 x double> {apart}, {apart}")
            add(f"  %twon{place} = fadd <8 x double> %two{place}, {square}")
        add("  br label %paths_end")
        add("paths_end:")

    def _exit(self) -> None:
        add = self._text.add
        add(f"  %i_next = add i64 %i, {LANES}")
        add("  %is_more = icmp slt i64 %i_next, %end")
        add("  br i1 %is_more, label %paths, label %slice_end")
        add("slice_end:")
        add("  %double = mul i64 %number, 2")
        add("  %place = add i64 %double, 1")
        add("  %place2 = add i64 %double, 2")
        for place in range(len(self._kernel.summed)):
            for kind, at in (("onen", "%place"), ("twon", "%place2")):
                pointer = self._new(f"getelementptr double, ptr %sum{place}, i64 {at}")
                add(f"  store double {self._across(f'%{kind}{place}')}, ptr {pointer}")
        add("  %number_next = add i64 %number, 1")
        add("  %is_more_slices = icmp slt i64 %number_next, %slices")
        add("  br i1 %is_more_slices, label %slice, label %trade_end")
        add("trade_end:")
        add("  %t_next = add i64 %t, 1")
        add("  %is_more_trades = icmp slt i64 %t_next, %trades")
        add("  br i1 %is_more_trades, label %trade, label %done")
        add("done:")
        add("  ret void")

    def _across(self, name: str) -> str:
        """The sum of eight lanes, always in the same order."""
        parts = [self._new(f"extractelement <8 x double> {name}, i64 {lane}") for lane in range(LANES)]
        while len(parts) > 1:
            half = len(parts) // 2
            parts = [self._new(f"fadd double {a}, {b}") for a, b in zip(parts[:half], parts[half:], strict=True)]
        return parts[0]
