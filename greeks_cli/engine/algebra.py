"""A calculation put together so that numbers meet numbers before any array does.

Most products of a graph are with a number: a discount factor, 1/spot, a width. On arrays each costs a pass over
memory. Here every value is a number times an array. Numbers are multiplied while the calculation is put together,
an array meets them only where a sum forces it to, and calls that differ in such numbers alone become one.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from greeks_cli.engine.program import Assembly, Name, Program, Source

_NUMBERS = (int, float, np.floating)
_LINEAR = {np.sum, np.einsum}
"""In every argument that is an array."""
_SMALLEST, _LARGEST = 1e-100, 1e100
"""Numbers beyond these stay with their arrays, lest products of them leave the range of their type."""


@dataclass(frozen=True, slots=True)
class Scaled:
    """A number times what is in a slot of the calculation."""

    factor: float
    slot: int

    def times(self, number: float) -> "Scaled":
        return Scaled(self.factor * number, self.slot)


class Algebra:
    """Includes recorded programs in one calculation; equal to them but for rounding."""

    def __init__(self) -> None:
        self._assembly = Assembly()
        self._one = self._assembly.constant(1.0)
        self._flat = {self._one}
        """Slots of one number, or of one per path: adding a zero of that shape changes no shape."""
        self._rules: dict[Callable[..., Any], Callable[..., Scaled]] = {
            np.multiply: self._product,
            np.divide: self._quotient,
            np.add: self._sum,
            np.subtract: self.difference,
            np.negative: lambda x: x.times(-1),
            np.absolute: lambda x: self._scaled(abs(x.factor), self._call(np.absolute, x.slot)),
            np.maximum: self._maximum,
            np.greater: self._greater,
            np.copysign: lambda x, y: self._scaled(abs(x.factor), self._call(np.copysign, x.slot, self._whole(y))),
        }

    def include(self, program: Program[Name], bound: Callable[[Source], Any]) -> dict[Name, Scaled]:
        """A program's results, where a source is what it is bound to, or None for one of every block."""
        here = {slot: self._constant(value) for slot, value in program.constants.items()}
        for source, slot in program.sources.items():
            value = bound(source)
            here[slot] = Scaled(1.0, self._assembly.source(source)) if value is None else self._constant(value)
        self._flat.update(here[slot].slot for slot in program.flat if slot in here)
        for call in program.calls:
            flat = call.result in program.flat
            arguments = [[here[i] for i in a] if isinstance(a, tuple) else here[a] for a in call.arguments]
            here[call.result] = self._made(call.function, arguments, call.keywords, flat)
            if flat:
                self._flat.add(here[call.result].slot)
        return {name: here[slot] for name, slot in program.results.items()}

    def difference(self, one: Scaled, other: Scaled) -> Scaled:
        return self._sum(one, other.times(-1))

    def program(self, results: Mapping[Name, Scaled]) -> Program[Name]:
        """What it takes to compute the arrays of some results, which their factors are left out of."""
        slots = {name: scaled.slot if scaled.factor else self._one for name, scaled in results.items()}
        return self._assembly.program(slots, frozenset(self._flat))

    def _made(
        self,
        function: Callable[..., Any],
        arguments: Sequence[Scaled | list[Scaled]],
        keywords: Mapping[str, Any],
        flat: bool,
    ) -> Scaled:
        if function in self._rules and not keywords:
            return self._rules[function](*(self._as_number(a) for a in arguments if isinstance(a, Scaled)))
        if function is np.broadcast_to and flat and isinstance(arguments[0], Scaled):
            number = self._as_number(arguments[0])
            if number.slot == self._one:
                return number  # as good as a row of it
        linear = function in _LINEAR
        factor = prod(a.factor for a in arguments if isinstance(a, Scaled)) if linear else 1.0
        slots = tuple(
            tuple(self._whole(one) for one in a) if isinstance(a, list) else a.slot if linear else self._whole(a)
            for a in arguments
        )
        return self._scaled(factor, self._assembly.call(function, slots, keywords))

    def _product(self, one: Scaled, other: Scaled) -> Scaled:
        factor = one.factor * other.factor
        if self._one in (one.slot, other.slot):
            return self._scaled(factor, other.slot if one.slot == self._one else one.slot)
        if one.slot == other.slot:
            return self._scaled(factor, self._call(np.square, one.slot))
        return self._scaled(factor, self._call(np.multiply, *sorted((one.slot, other.slot))))

    def _quotient(self, one: Scaled, other: Scaled) -> Scaled:
        if not other.factor:
            return Scaled(1.0, self._call(np.divide, self._whole(one), self._whole(other)))
        factor = one.factor / other.factor
        if other.slot == self._one:
            return self._scaled(factor, one.slot)
        return self._scaled(factor, self._call(np.divide, one.slot, other.slot))

    def _sum(self, one: Scaled, other: Scaled) -> Scaled:
        if one.slot == other.slot:
            return self._scaled(one.factor + other.factor, one.slot)
        if one.slot == self._one or (other.slot != self._one and abs(one.factor) != 1 == abs(other.factor)):
            one, other = other, one  # a number goes second, and what has no factor first
        if one.factor == -other.factor:
            return self._scaled(one.factor, self._call(np.subtract, one.slot, other.slot))
        for zero, rest in ((one, other), (other, one)):
            if not zero.factor and zero.slot in self._flat and rest.slot != self._one:
                return rest
        if not one.factor:
            return Scaled(1.0, self._call(np.add, self._whole(one), self._whole(other)))
        addend = self._whole(self._scaled(other.factor / one.factor, other.slot))
        return self._scaled(one.factor, self._call(np.add, *sorted((one.slot, addend))))

    def _maximum(self, one: Scaled, other: Scaled) -> Scaled:
        if one.factor > 0 == other.factor and other.slot == self._one:
            return Scaled(one.factor, self._call(np.maximum, one.slot, self._whole(other)))
        return Scaled(1.0, self._call(np.maximum, self._whole(one), self._whole(other)))

    def _greater(self, one: Scaled, other: Scaled) -> Scaled:
        if one.factor > 0 == other.factor and other.slot == self._one:
            one = Scaled(1.0, one.slot)
        return Scaled(1.0, self._call(np.greater, self._whole(one), self._whole(other)))

    def _scaled(self, factor: float, slot: int) -> Scaled:
        if slot == self._one or not factor or _SMALLEST < abs(factor) < _LARGEST:
            return Scaled(factor, slot)
        return Scaled(1.0, self._whole(Scaled(factor, slot)))

    def _whole(self, scaled: Scaled) -> int:
        """The slot of the product."""
        if scaled.factor == 1:
            return scaled.slot
        factor = self._assembly.constant(scaled.factor)
        self._flat.add(factor)
        return factor if scaled.slot == self._one else self._call(np.multiply, scaled.slot, factor)

    def _call(self, function: Callable[..., Any], *slots: int) -> int:
        slot = self._assembly.call(function, slots, {})
        if self._flat.issuperset(slots):
            self._flat.add(slot)
        return slot

    def _constant(self, value: Any) -> Scaled:
        return Scaled(1.0, self._assembly.constant(value))

    def _as_number(self, scaled: Scaled) -> Scaled:
        """A constant that is one number, as a factor."""
        value = self._assembly.constants.get(scaled.slot)
        if isinstance(value, np.ndarray) and value.shape == (1,):
            value = value[0]
        return Scaled(scaled.factor * float(value), self._one) if isinstance(value, _NUMBERS) else scaled
