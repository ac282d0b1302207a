"""A calculation put together so that numbers meet numbers before any array does.

Most products of a graph are with a number: a discount factor, 1/spot, a width. On arrays each costs a pass over
memory. Here every value is a number times an array. Numbers are multiplied while the calculation is put together,
an array meets them only where a sum forces it to, and calls that differ in such numbers alone become one.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from math import prod
from typing import Any

import numpy as np

from greeks_cli.engine.many import Many, Unlike
from greeks_cli.engine.program import Assembly, Name, Program, Shape, Slots, Source, is_elementwise

_NUMBERS = (int, float, np.floating)
_LINEAR = {np.sum, np.einsum}
"""Linear in every argument that is an array."""
_LARGEST_RATIO = 1e15
"""Of the factors of a sum: float32 ends at 3e38."""
_ROUNDING = 1e-13
"""What is left of a term that cancels, over the term."""
_MOST_TERMS = 8
"""Terms of a sum that are remembered."""
_SMALLEST, _LARGEST = 1e-100, 1e100
"""Numbers beyond these stay with their arrays, lest products of them leave the range of their type."""


@dataclass(frozen=True, slots=True)
class Scaled:
    """A number times what is in a slot of the calculation."""

    factor: float
    slot: int

    def times(self, number: float) -> "Scaled":
        return Scaled(self.factor * number, self.slot)


def simplified(program: Program[Name], always_defined: bool) -> Program[Name]:
    """A program with as few calls as it takes, its sources open; ``always_defined`` as in ``Algebra.include``."""
    algebra = Algebra()
    found = algebra.include(program, lambda source: None, always_defined)
    return algebra.program({name: algebra.multiplied(scaled) for name, scaled in found.items()})


def _are_equal(one: Any, other: Any) -> bool:
    """Of numbers of trades, whether they are for all; where they are for some, to ask costs these a pass, no bit."""
    try:
        return bool(one == other)
    except Unlike:
        return False


class Algebra:
    """Includes recorded programs in one calculation, equal to them but for rounding.

    What cancels or is multiplied by 0 is dropped, unless what it is of may not be a number: then it must be seen.
    """

    def __init__(self) -> None:
        self._assembly = Assembly()
        self._one = self._assembly.constant(1.0)
        self._drops_zeros = True
        self._flat = {self._one}
        """Slots of one number, or of one per path: adding a zero of that shape changes no shape."""
        self._wide: set[int] = set()
        """Slots of numbers, or of rows, that each of several trades has its own of."""
        self._terms: dict[int, dict[int, float]] = {}
        """Of slots that are sums, the slots that are added and the number of times."""
        self._rules: dict[Callable[..., Any], Callable[..., Scaled]] = {
            np.multiply: self._product,
            np.divide: self._quotient,
            np.add: self._sum,
            np.subtract: lambda x, y: self._sum(x, y.times(-1)),
            np.negative: lambda x: x.times(-1),
            np.absolute: lambda x: self._scaled(abs(x.factor), self._call(np.absolute, x.slot)),
            np.maximum: self._maximum,
            np.greater: self._greater,
            np.copysign: lambda x, y: self._scaled(abs(x.factor), self._call(np.copysign, x.slot, self._whole(y))),
        }

    def begin(self) -> None:
        """What follows is put together as it would be alone, whatever was before, for each sum to be rounded alike."""
        self._terms.clear()

    def include(
        self, program: Program[Name], number_of: Callable[[Source], Any], always_defined: bool = True
    ) -> dict[Name, Scaled]:
        """A program's results, where a source is a number, or None for an array of every block.

        Such a number may be ``many``; raises Unlike where trades of these would not be calculated alike.
        ``always_defined`` says that none of its calls fails on any path.
        """
        self._drops_zeros = always_defined
        here = {slot: self._constant(value) for slot, value in program.constants.items()}
        for source, slot in program.sources.items():
            value = number_of(source)
            here[slot] = Scaled(1.0, self._assembly.source(source)) if value is None else self._constant(value)
        self._flat.update(here[slot].slot for slot in program.flat if slot in here)
        for call in program.calls:
            flat = call.result in program.flat
            arguments = [[here[i] for i in a] if isinstance(a, tuple) else here[a] for a in call.arguments]
            here[call.result] = self._made(call.function, arguments, call.keywords, flat)
            if flat:
                self._flat.add(here[call.result].slot)
        return {name: self._settled(here[slot]) for name, slot in program.results.items()}

    def difference(self, one: Scaled, other: Scaled) -> Scaled:
        """Of two results of the last program included."""
        return self._settled(self._sum(one, other.times(-1)))

    def multiplied(self, result: Scaled) -> Scaled:
        """The same, with no factor left."""
        return Scaled(1.0, self._whole(result))

    def program(self, results: Mapping[Name, Scaled], dtype: type[np.floating] = np.float64) -> Program[Name]:
        """Computes the arrays of some results, of a type; whoever reads them multiplies by the factors.

        They have a row for each of several trades where these have numbers of their own.
        """
        slots = {name: scaled.slot for name, scaled in results.items()}
        program = self._assembly.program(slots, frozenset(self._flat - self._wide))
        constants = {
            slot: value.column(dtype) if isinstance(value, Many) else value for slot, value in program.constants.items()
        }
        return replace(program, constants=constants)

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
        factor = prod(a.factor for a in arguments if isinstance(a, Scaled) and a.slot != self._one) if linear else 1.0

        def slot(scaled: Scaled) -> int:
            if scaled.slot == self._one and not isinstance(function, np.ufunc):
                return self._row(scaled.factor)
            return scaled.slot if linear else self._whole(scaled)

        slots = tuple(tuple(map(slot, a)) if isinstance(a, list) else slot(a) for a in arguments)
        return self._scaled(factor, self._called(function, slots, keywords))

    def _row(self, number: float) -> int:
        """One for every path: functions of whole arrays want a shape."""
        if isinstance(number, Many):
            raise Unlike
        shape = self._assembly.constant(Shape((None,)))
        return self._assembly.call(np.broadcast_to, (self._assembly.constant(number), shape), {})

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
        for zero, rest in ((one, other), (other, one)):
            if self._drops_zeros and not zero.factor and zero.slot in self._flat and rest.slot != self._one:
                return rest
        terms, of_other = self._terms_of(one), self._terms_of(other)
        cancelled = [slot for slot in terms.keys() & of_other if self._cancels(slot, terms[slot], of_other[slot])]
        for slot, factor in of_other.items():
            terms[slot] = terms.get(slot, 0.0) + factor
        if cancelled:
            left = [Scaled(factor, slot) for slot, factor in terms.items() if slot not in cancelled]
            if not left:
                return Scaled(0.0, cancelled[0])
            if any(self._is_row(each.slot) for each in left):
                return reduce(self._sum, left)
        result = self._added(one, other)
        if result.factor and len(terms) <= _MOST_TERMS:
            self._terms[result.slot] = {slot: factor / result.factor for slot, factor in terms.items()}
        return result

    def _terms_of(self, scaled: Scaled) -> dict[int, float]:
        own = self._terms.get(scaled.slot, {scaled.slot: 1.0})
        return {slot: scaled.factor * factor for slot, factor in own.items()}

    def _is_row(self, slot: int) -> bool:
        """Whether a slot is known to have one number per path, and not one for all."""
        return slot in self._flat and slot not in self._assembly.constants

    def _cancels(self, slot: int, one: float, other: float) -> bool:
        """Whether nothing but rounding is left of a term."""
        return self._drops_zeros and slot in self._flat and abs(one + other) <= _ROUNDING * abs(one)

    def _added(self, one: Scaled, other: Scaled) -> Scaled:
        if one.slot == self._one or (other.slot != self._one and abs(one.factor) != 1 == abs(other.factor)):
            one, other = other, one  # a number has no array to add to, and a factor of 1 is none to carry on
        if _are_equal(one.factor, -other.factor):
            return self._scaled(one.factor, self._call(np.subtract, one.slot, other.slot))
        if abs(other.factor) > _LARGEST_RATIO * abs(one.factor):
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

    def _settled(self, result: Scaled) -> Scaled:
        """A result of zeros is not computed."""
        return Scaled(0.0, self._one) if self._drops_zeros and not result.factor else result

    def _whole(self, scaled: Scaled) -> int:
        """The slot of the product."""
        if _are_equal(scaled.factor, 1):
            return scaled.slot
        factor = self._constant_of(scaled.factor)
        self._flat.add(factor)
        return factor if scaled.slot == self._one else self._call(np.multiply, scaled.slot, factor)

    def _call(self, function: Callable[..., Any], *slots: int) -> int:
        slot = self._called(function, slots, {})
        if self._flat.issuperset(slots):
            self._flat.add(slot)
        return slot

    def _called(self, function: Callable[..., Any], slots: Slots, keywords: Mapping[str, Any]) -> int:
        result = self._assembly.call(function, slots, keywords)
        if not self._wide:
            return result
        inputs = {i for slot in slots for i in (slot if isinstance(slot, tuple) else (slot,))}
        if not self._wide.isdisjoint(inputs):
            if not is_elementwise(function):
                raise Unlike  # it may not know what to make of one row more
            if result not in self._assembly.constants or isinstance(self._assembly.constants[result], Many):
                self._wide.add(result)
        return result

    def _constant(self, value: Any) -> Scaled:
        return Scaled(1.0, self._constant_of(value))

    def _constant_of(self, value: Any) -> int:
        slot = self._assembly.constant(value)
        if isinstance(value, Many):
            self._wide.add(slot)
        return slot

    def _as_number(self, scaled: Scaled) -> Scaled:
        """A constant that is one number, as a factor."""
        if scaled.slot == self._one:
            return scaled
        value = self._assembly.constants.get(scaled.slot)
        if isinstance(value, np.ndarray) and value.shape == (1,):
            value = value[0]
        if isinstance(value, Many):
            return Scaled(scaled.factor * value, self._one)
        return Scaled(scaled.factor * float(value), self._one) if isinstance(value, _NUMBERS) else scaled
