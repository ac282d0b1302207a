"""Products, quotients and sums of values that are a number times an array."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np

from greeks_cli.engine.compiler.batching import Many, Unlike
from greeks_cli.engine.compiler.ir import Assembly, Slots, Source, is_elementwise

_NUMBERS = (int, float, np.floating)
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


def _are_equal(one: Any, other: Any) -> bool:
    """Of numbers of trades, whether they are for all; where they are for some, to ask costs these a pass, no bit."""
    try:
        return bool(one == other)
    except Unlike:
        return False


class Rules:
    """Makes calls of functions of such values in an assembly: as few as the algebra of each function allows.

    What cancels or is multiplied by 0 is dropped where ``drops_zeros``.
    """

    def __init__(self) -> None:
        self.assembly = Assembly()
        self.one = self.assembly.constant(1.0)
        self.drops_zeros = True
        self.flat = {self.one}
        """Slots of one number, or of one per path: adding a zero of that shape changes no shape."""
        self.wide: set[int] = set()
        """Slots of numbers, or of rows, that each of several trades has its own of."""
        self._terms: dict[int, dict[int, float]] = {}
        """Of slots that are sums, the slots that are added and the number of times."""
        self.of: Mapping[Any, Callable[..., Scaled]] = {
            np.multiply: self._product,
            np.divide: self._quotient,
            np.add: self.sum,
            np.subtract: lambda x, y: self.sum(x, y.times(-1)),
            np.negative: lambda x: x.times(-1),
            np.absolute: lambda x: self.scaled(abs(x.factor), self._call(np.absolute, x.slot)),
            np.maximum: self._maximum,
            np.greater: self._greater,
            np.copysign: lambda x, y: self.scaled(abs(x.factor), self._call(np.copysign, x.slot, self.whole(y))),
        }

    def forget_terms(self) -> None:
        """Of sums made so far, which others that make the same have rounded in their way."""
        self._terms.clear()

    def _product(self, one: Scaled, other: Scaled) -> Scaled:
        factor = one.factor * other.factor
        if self.one in (one.slot, other.slot):
            return self.scaled(factor, other.slot if one.slot == self.one else one.slot)
        if one.slot == other.slot:
            return self.scaled(factor, self._call(np.square, one.slot))
        return self.scaled(factor, self._call(np.multiply, *sorted((one.slot, other.slot))))

    def _quotient(self, one: Scaled, other: Scaled) -> Scaled:
        if not other.factor:
            return Scaled(1.0, self._call(np.divide, self.whole(one), self.whole(other)))
        factor = one.factor / other.factor
        if other.slot == self.one:
            return self.scaled(factor, one.slot)
        return self.scaled(factor, self._call(np.divide, one.slot, other.slot))

    def sum(self, one: Scaled, other: Scaled) -> Scaled:
        """The sum, without the terms of one that cancel those of the other."""
        if one.slot == other.slot:
            return self.scaled(one.factor + other.factor, one.slot)
        for zero, rest in ((one, other), (other, one)):
            if self.drops_zeros and not zero.factor and zero.slot in self.flat and rest.slot != self.one:
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
                return reduce(self.sum, left)
        result = self._added(one, other)
        if result.factor and len(terms) <= _MOST_TERMS:
            self._terms[result.slot] = {slot: factor / result.factor for slot, factor in terms.items()}
        return result

    def _terms_of(self, scaled: Scaled) -> dict[int, float]:
        own = self._terms.get(scaled.slot, {scaled.slot: 1.0})
        return {slot: scaled.factor * factor for slot, factor in own.items()}

    def _is_row(self, slot: int) -> bool:
        """Whether a slot is known to have one number per path, and not one for all."""
        return slot in self.flat and slot not in self.assembly.constants

    def _cancels(self, slot: int, one: float, other: float) -> bool:
        """Whether nothing but rounding is left of a term."""
        return self.drops_zeros and slot in self.flat and abs(one + other) <= _ROUNDING * abs(one)

    def _added(self, one: Scaled, other: Scaled) -> Scaled:
        if one.slot == self.one or (other.slot != self.one and abs(one.factor) != 1 == abs(other.factor)):
            one, other = other, one  # a number has no array to add to, and a factor of 1 is none to carry on
        if _are_equal(one.factor, -other.factor):
            return self.scaled(one.factor, self._call(np.subtract, one.slot, other.slot))
        if abs(other.factor) > _LARGEST_RATIO * abs(one.factor):
            return Scaled(1.0, self._call(np.add, self.whole(one), self.whole(other)))
        addend = self.whole(self.scaled(other.factor / one.factor, other.slot))
        return self.scaled(one.factor, self._call(np.add, *sorted((one.slot, addend))))

    def _maximum(self, one: Scaled, other: Scaled) -> Scaled:
        if one.factor > 0 == other.factor and other.slot == self.one:
            return Scaled(one.factor, self._call(np.maximum, one.slot, self.whole(other)))
        return Scaled(1.0, self._call(np.maximum, self.whole(one), self.whole(other)))

    def _greater(self, one: Scaled, other: Scaled) -> Scaled:
        if one.factor > 0 == other.factor and other.slot == self.one:
            one = Scaled(1.0, one.slot)
        return Scaled(1.0, self._call(np.greater, self.whole(one), self.whole(other)))

    def scaled(self, factor: float, slot: int) -> Scaled:
        """A factor that is far out of range stays with its array."""
        if slot == self.one or not factor or _SMALLEST < abs(factor) < _LARGEST:
            return Scaled(factor, slot)
        return Scaled(1.0, self.whole(Scaled(factor, slot)))

    def whole(self, scaled: Scaled) -> int:
        """The slot of the product."""
        if _are_equal(scaled.factor, 1):
            return scaled.slot
        factor = self._constant_of(scaled.factor)
        self.flat.add(factor)
        return factor if scaled.slot == self.one else self._call(np.multiply, scaled.slot, factor)

    def _call(self, function: Callable[..., Any], *slots: int) -> int:
        slot = self.called(function, slots, {})
        if self.flat.issuperset(slots):
            self.flat.add(slot)
        return slot

    def called(self, function: Callable[..., Any], slots: Slots, keywords: Mapping[str, Any]) -> int:
        """The slot of a call's result. Raises Unlike where a row for each of several trades may be too much for it."""
        result = self.assembly.call(function, slots, keywords)
        if not self.wide:
            return result
        inputs = {i for slot in slots for i in (slot if isinstance(slot, tuple) else (slot,))}
        if not self.wide.isdisjoint(inputs):
            if not is_elementwise(function):
                raise Unlike
            if result not in self.assembly.constants or isinstance(self.assembly.constants[result], Many):
                self.wide.add(result)
        return result

    def source(self, source: Source) -> Scaled:
        """What a block provides."""
        return Scaled(1.0, self.assembly.source(source))

    def constant(self, value: Any) -> Scaled:
        """What is the same in all blocks."""
        return Scaled(1.0, self._constant_of(value))

    def _constant_of(self, value: Any) -> int:
        slot = self.assembly.constant(value)
        if isinstance(value, Many):
            self.wide.add(slot)
        return slot

    def as_number(self, scaled: Scaled) -> Scaled:
        """A constant that is one number, as a factor."""
        if scaled.slot == self.one:
            return scaled
        value = self.assembly.constants.get(scaled.slot)
        if isinstance(value, np.ndarray) and value.shape == (1,):
            value = value[0]
        if isinstance(value, Many):
            return Scaled(scaled.factor * value, self.one)
        return Scaled(scaled.factor * float(value), self.one) if isinstance(value, _NUMBERS) else scaled
