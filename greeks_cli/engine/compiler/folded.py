"""Folded numbers: numbers of a simplifier whose uses are noted, so that other numbers can take their place."""

import operator
from collections.abc import Callable
from typing import Any, Protocol

from greeks_cli.engine.compiler.elementary import EVALUATED


class Notes(Protocol):
    """Notes what is made of numbers."""

    def call(self, function: Callable[..., Any], operands: tuple[Any, ...]) -> "Folded":
        """Notes a function of numbers, and gives its result."""

    def answer(self, function: Callable[..., Any], operands: tuple[Any, ...]) -> bool:
        """Notes a comparison of numbers, and gives its answer."""

    def keep(self, constant: Any, slot: int) -> None:
        """Notes the slot of a program that a constant has, folded or equal to a folded one."""


class Folded:
    """A number, or an array of a trade's numbers, whose uses are noted."""

    __slots__ = ("notes", "number", "value")

    def __init__(self, value: Any, number: int, notes: Notes):
        """``number`` is the slot in the notes."""
        self.value, self.number, self.notes = value, number, notes

    def __mul__(self, other: Any) -> "Folded":
        if type(other) is float and other == 1:  # the same to the bit, as most factors are
            return self
        return self.notes.call(operator.mul, (self, other))

    def __rmul__(self, other: Any) -> "Folded":
        if type(other) in (float, int) and other == 1:
            return self
        return self.notes.call(operator.mul, (other, self))

    def __add__(self, other: Any) -> "Folded":
        return self.notes.call(operator.add, (self, other))

    def __radd__(self, other: Any) -> "Folded":
        return self.notes.call(operator.add, (other, self))

    def __truediv__(self, other: Any) -> "Folded":
        return self.notes.call(operator.truediv, (self, other))

    def __rtruediv__(self, other: Any) -> "Folded":
        return self.notes.call(operator.truediv, (other, self))

    def __neg__(self) -> "Folded":
        return self.notes.call(operator.neg, (self,))

    def __abs__(self) -> "Folded":
        return self.notes.call(operator.abs, (self,))

    def __bool__(self) -> bool:
        return self.notes.answer(operator.truth, (self,))

    def __eq__(self, other: object) -> bool:
        return self.notes.answer(operator.eq, (self, other))

    def __ne__(self, other: object) -> bool:
        return self.notes.answer(operator.ne, (self, other))

    def __lt__(self, other: Any) -> bool:
        return self.notes.answer(operator.lt, (self, other))

    def __le__(self, other: Any) -> bool:
        return self.notes.answer(operator.le, (self, other))

    def __gt__(self, other: Any) -> bool:
        return self.notes.answer(operator.gt, (self, other))

    def __ge__(self, other: Any) -> bool:
        return self.notes.answer(operator.ge, (self, other))

    __hash__ = None  # type: ignore[assignment]  # equality depends on the number


def value_of(constant: Any) -> Any:
    """The value of a constant, folded or not."""
    return constant.value if type(constant) is Folded else constant


def called(function: Callable[..., Any], operands: tuple[Any, ...]) -> Any:
    """The result of a function of constants, noted where one of them is folded."""
    for operand in operands:
        if type(operand) is Folded:
            return operand.notes.call(function, operands)
    return EVALUATED.get(function, function)(*operands)


def as_number(constant: Any) -> Any:
    """A number, or an array of one number, as a float."""
    return constant if type(value_of(constant)) is float else called(_as_float, (constant,))


def _as_float(value: Any) -> float:
    return float(value[0] if getattr(value, "shape", ()) == (1,) else value)
