"""Operations on eight numbers in LLVM's intermediate representation."""

from typing import Any, Final

import numpy as np

from greeks_cli.engine.backends.elementary import FUNCTIONS
from greeks_cli.engine.compiler.functions import as_type
from greeks_cli.engine.compiler.operations import CONSTANT, Node

LANES = 8
WIDE: Final = {"float64": "<8 x double>", "float32": "<8 x float>", "bool": "<8 x i1>", "number": "<8 x double>"}
SCALAR: Final = {"float64": "double", "float32": "float", "bool": "i8"}
BYTES: Final = {"float64": 8, "float32": 4, "bool": 1}
_ARITHMETIC: Final = {np.add: "fadd", np.subtract: "fsub", np.multiply: "fmul", np.divide: "fdiv"}
_COMPARED: Final = {
    np.greater: "ogt",
    np.greater_equal: "oge",
    np.less: "olt",
    np.less_equal: "ole",
    np.equal: "oeq",
    np.not_equal: "une",
}
_LOGIC: Final = {np.logical_and: "and", np.logical_or: "or"}
_INTRINSIC: Final = {np.absolute: "fabs", np.sqrt: "sqrt", np.copysign: "copysign", np.floor: "floor"}
_EXTREME: Final = {np.maximum: "ogt", np.minimum: "olt"}


class Text:
    """Lines of a function, and the operations in them."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._n = 0

    def new(self, line: str) -> str:
        """Adds an instruction. Returns the name of its result."""
        self._n += 1
        self.lines.append(f"  %x{self._n} = {line}")
        return f"%x{self._n}"

    def add(self, *lines: str) -> None:
        """Adds lines."""
        self.lines += lines

    def operation(self, node: Node, names: list[str]) -> str:
        """The result of a function of NumPy on operands of some names."""
        wide = WIDE[node.kind]
        if node.operation is as_type:
            return self.converted(names[0], node.operands[0].kind, node.kind)
        operation = node.operation
        if operation in _ARITHMETIC:
            return self.new(f"{_ARITHMETIC[operation]} {wide} {names[0]}, {names[1]}")
        of = WIDE[node.operands[-1].kind]
        if operation in _COMPARED:
            return self.new(f"fcmp {_COMPARED[operation]} {of} {names[0]}, {names[1]}")
        if operation is np.negative:
            return self.new(f"fneg {wide} {names[0]}")
        if operation is np.square:
            return self.new(f"fmul {wide} {names[0]}, {names[0]}")
        if operation in _INTRINSIC:
            short = "f64" if node.kind == "float64" else "f32"
            arguments = ", ".join(f"{wide} {name}" for name in names)
            return self.new(f"call {wide} @llvm.{_INTRINSIC[operation]}.v8{short}({arguments})")
        if operation in _EXTREME:
            if node.operands[1].operation == CONSTANT:  # a number: no NaN
                first = self.new(f"fcmp u{_EXTREME[operation][1:]} {wide} {names[0]}, {names[1]}")
                return self.new(f"select <8 x i1> {first}, {wide} {names[0]}, {wide} {names[1]}")
            return self.extreme(operation, wide, *names)
        if operation in _LOGIC:
            return self.new(f"{_LOGIC[operation]} <8 x i1> {names[0]}, {names[1]}")
        if operation is np.logical_not:
            return self.new(f"xor <8 x i1> {names[0]}, splat (i1 true)")
        if operation is np.where:
            return self.new(f"select <8 x i1> {names[0]}, {of} {names[1]}, {of} {names[2]}")
        return self._elementary(operation, names[0], node.kind)

    def extreme(self, operation: Any, wide: str, one: str, other: str) -> str:
        """NumPy's maximum or minimum, which keeps a NaN."""
        first = self.new(f"fcmp {_EXTREME[operation]} {wide} {one}, {other}")
        missing = self.new(f"fcmp uno {wide} {one}, {one}")
        either = self.new(f"or <8 x i1> {first}, {missing}")
        return self.new(f"select <8 x i1> {either}, {wide} {one}, {wide} {other}")

    def splat(self, number: str, kind: str) -> str:
        """A scalar on eight lanes."""
        one = self.new(f"insertelement <8 x double> poison, double {number}, i64 0")
        wide = self.new(f"shufflevector <8 x double> {one}, <8 x double> poison, <8 x i32> zeroinitializer")
        return self.converted(wide, "float64", kind) if kind == "float32" else wide

    def converted(self, name: str, kind: str, other: str) -> str:
        """Numbers in another type."""
        if kind == "number":
            kind = "float64"
        if kind == other:
            return name
        function = {"bool": "uitofp", "float64": "fptrunc", "float32": "fpext"}[kind]
        return self.new(f"{function} {WIDE[kind]} {name} to {WIDE[other]}")

    def _elementary(self, operation: Any, name: str, kind: str) -> str:
        """An elementary function, in float64 whatever the type."""
        wide = self.converted(name, kind, "float64")
        return self.converted(FUNCTIONS[operation](self.new, wide), "float64", kind)
