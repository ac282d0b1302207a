"""Simplifier of programs: every value is a number times an array, and numbers are combined before any array.

Most products of a graph are with a number: a discount factor, 1/spot, a bandwidth. On arrays each costs a pass over
memory. Here the numbers are multiplied while the program is built. An array is multiplied by its factor only where a
sum needs it, and calls that differ in factors alone become one. ``_REWRITES`` lists one rewrite per NumPy function.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from math import prod
from typing import Any

import numpy as np

from greeks_cli.engine.compiler.batching import Diverging, PerTrade
from greeks_cli.engine.compiler.builder import Builder
from greeks_cli.engine.compiler.folded import Folded, as_number
from greeks_cli.engine.compiler.functions import as_type
from greeks_cli.engine.compiler.ir import ROW, Name, Program, Slots, Source, is_elementwise
from greeks_cli.engine.compiler.scaled import Factored, Scaled

_LINEAR = {np.sum, np.einsum}
"""Functions that are linear in every argument that is an array."""
_NUMBERS = (int, float, np.floating)
_LARGEST_RATIO = 1e15
"""The largest ratio of two factors of a sum: float32 ends at 3e38."""
_ROUNDING = 1e-13
"""The remainder of a term that cancels, over the term."""
_MOST_TERMS = 8
"""The number of terms of a sum that are remembered."""
_SMALLEST, _LARGEST = 1e-100, 1e100
"""Factors beyond these stay with their arrays: products of them would leave the range of their type."""


Bind = Callable[[Source], Any]
"""The number of a source, or a source in its place."""


def simplified(program: Program[Name], bind: Bind, always_defined: bool) -> Program[Name]:
    """The simplified program, with factors multiplied in; arguments as in ``Simplifier.include``."""
    return Simplifier().whole(program, bind, always_defined)


class Simplifier:
    """Includes traced programs in one program, equal to them but for rounding.

    Terms that cancel and products with 0 are dropped, unless a value may be NaN, which must reach the result.
    """

    def __init__(self) -> None:
        self._builder = Builder()
        self._one = self._builder.constant(1.0)
        self._drops_zeros = True
        self._flat = {self._one}
        """Slots of one number, or of one number per path: adding a zero of that shape changes no shape."""
        self._terms: dict[int, dict[int, Any]] = {}
        """The terms of each slot that is a sum: factors by the slot of the term."""

    def whole(self, program: Program[Name], bind: Bind, always_defined: bool) -> Program[Name]:
        """The program of all results of one program, with factors multiplied in; arguments as in ``include``."""
        found = self.include(program, bind, always_defined)
        return self.program({name: self.multiplied(scaled) for name, scaled in found.items()})

    def include(self, program: Program[Name], bind: Bind, always_defined: bool = True) -> dict[Name, Scaled]:
        """The results of a program whose sources ``bind`` replaces by numbers, or by other sources.

        A number may be a ``PerTrade``; raises Diverging where the trades of a batch need different programs.
        ``always_defined`` says that no call of the program fails on any path.
        """
        self._drops_zeros = always_defined
        values = {slot: Scaled(1.0, self._builder.constant(value)) for slot, value in program.constants.items()}
        for source, slot in program.sources.items():
            bound = bind(source)
            is_value = isinstance(bound, (*_NUMBERS, np.ndarray, PerTrade, Folded))
            values[slot] = Scaled(1.0, self._builder.constant(bound) if is_value else self._builder.source(bound))
        self._flat.update(values[slot].slot for slot in program.flat if slot in values)
        for call in program.calls:
            flat = call.result in program.flat
            arguments = [[values[i] for i in a] if isinstance(a, tuple) else values[a] for a in call.arguments]
            values[call.result] = self._rewritten(call.function, arguments, call.keywords, flat)
            if flat:
                self._flat.add(values[call.result].slot)
        return {name: self._settled(values[slot]) for name, slot in program.results.items()}

    @property
    def constants(self) -> Mapping[int, Any]:
        """The constants by slot."""
        return self._builder.constants

    def difference(self, one: Scaled, other: Scaled) -> Scaled:
        """The difference of two results of the last programs included."""
        return self._settled(self.sum(one, other.times(-1)))

    def multiplied(self, result: Scaled) -> Scaled:
        """The result as an array, with a factor of 1."""
        return Scaled(1.0, self._whole(result))

    def program(self, results: Mapping[Name, Scaled]) -> Program[Name]:
        """The program of the arrays of some results; its user multiplies them by the factors."""
        return self._builder.program({name: scaled.slot for name, scaled in results.items()}, frozenset(self._flat))

    def factored(self, results: Mapping[Name, Scaled]) -> Factored[Name]:
        """The program of the arrays of some results, and the factors of the results."""
        return Factored(self.program(results), {name: scaled.factor for name, scaled in results.items()})

    def _rewritten(
        self,
        function: Callable[..., Any],
        arguments: Sequence[Scaled | list[Scaled]],
        keywords: Mapping[str, Any],
        flat: bool,
    ) -> Scaled:
        if function in _REWRITES and not keywords:
            return _REWRITES[function](self, *(self._as_number(a) for a in arguments if isinstance(a, Scaled)))
        if function is np.broadcast_to and flat and isinstance(arguments[0], Scaled):
            number = self._as_number(arguments[0])
            if number.slot == self._one:
                return number  # a number broadcasts like a row of it
        linear = function in _LINEAR
        wants_shape = not is_elementwise(function) or function is as_type
        if wants_shape and function is not np.broadcast_to:
            arguments = [
                [*map(self._row_as_number, a)] if isinstance(a, list) else self._row_as_number(a) for a in arguments
            ]
        factor = prod(a.factor for a in arguments if isinstance(a, Scaled) and a.slot != self._one) if linear else 1.0

        def slot(scaled: Scaled) -> int:
            if scaled.slot == self._one and wants_shape:
                return self._row(scaled.factor)
            return scaled.slot if linear else self._whole(scaled)

        slots = tuple(tuple(map(slot, a)) if isinstance(a, list) else slot(a) for a in arguments)
        return self._scaled(factor, self._builder.call(function, slots, keywords))

    def product(self, one: Scaled, other: Scaled) -> Scaled:
        """(a x)(b y) = (ab)(xy); (a x)(b x) = (ab) x^2; factors of xy are in the order of their slots."""
        factor = one.factor * other.factor
        if self._one in (one.slot, other.slot):
            return self._scaled(factor, other.slot if one.slot == self._one else one.slot)
        if one.slot == other.slot:
            return self._scaled(factor, self._call(np.square, one.slot))
        return self._scaled(factor, self._call(np.multiply, *sorted((one.slot, other.slot))))

    def quotient(self, one: Scaled, other: Scaled) -> Scaled:
        """(a x)/(b y) = (a/b)(x/y) for b != 0."""
        if not other.factor:
            return Scaled(1.0, self._call(np.divide, self._whole(one), self._whole(other)))
        factor = one.factor / other.factor
        if other.slot == self._one:
            return self._scaled(factor, one.slot)
        return self._scaled(factor, self._call(np.divide, one.slot, other.slot))

    def sum(self, one: Scaled, other: Scaled) -> Scaled:
        """a x + b x = (a+b) x; terms of two sums that cancel are left out."""
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
                return reduce(self.sum, left)
        result = self._added(one, other)
        if result.factor and len(terms) <= _MOST_TERMS:
            self._terms[result.slot] = {slot: factor / result.factor for slot, factor in terms.items()}
        return result

    def subtraction(self, one: Scaled, other: Scaled) -> Scaled:
        """x - y = x + (-1) y."""
        return self.sum(one, other.times(-1))

    def negative(self, one: Scaled) -> Scaled:
        """-(a x) = (-a) x."""
        return one.times(-1)

    def absolute(self, one: Scaled) -> Scaled:
        """|a x| = |a| |x|."""
        return self._scaled(abs(one.factor), self._call(np.absolute, one.slot))

    def maximum(self, one: Scaled, other: Scaled) -> Scaled:
        """max(a x, 0) = a max(x, 0) for a > 0."""
        if one.factor > 0 == other.factor and other.slot == self._one:
            return Scaled(one.factor, self._call(np.maximum, one.slot, self._whole(other)))
        return Scaled(1.0, self._call(np.maximum, self._whole(one), self._whole(other)))

    def greater(self, one: Scaled, other: Scaled) -> Scaled:
        """(a x > 0) = (x > 0) for a > 0."""
        if one.factor > 0 == other.factor and other.slot == self._one:
            one = Scaled(1.0, one.slot)
        return Scaled(1.0, self._call(np.greater, self._whole(one), self._whole(other)))

    def copysign(self, one: Scaled, other: Scaled) -> Scaled:
        """copysign(a x, y) = |a| copysign(x, y)."""
        return self._scaled(abs(one.factor), self._call(np.copysign, one.slot, self._whole(other)))

    def _terms_of(self, scaled: Scaled) -> dict[int, Any]:
        own = self._terms.get(scaled.slot, {scaled.slot: 1.0})
        return {slot: scaled.factor * factor for slot, factor in own.items()}

    def _is_row(self, slot: int) -> bool:
        """True if a slot certainly holds one number per path, and not one for all paths."""
        return slot in self._flat and slot not in self._builder.constants

    def _cancels(self, slot: int, one: Any, other: Any) -> bool:
        """True if a term cancels but for rounding."""
        return self._drops_zeros and slot in self._flat and abs(one + other) <= _ROUNDING * abs(one)

    def _added(self, one: Scaled, other: Scaled) -> Scaled:
        if one.slot == self._one or (other.slot != self._one and abs(one.factor) != 1 == abs(other.factor)):
            one, other = other, one  # a number has no array to add to, and a factor of 1 need not be carried on
        if _are_equal(one.factor, -other.factor):
            return self._scaled(one.factor, self._call(np.subtract, one.slot, other.slot))
        if abs(other.factor) > _LARGEST_RATIO * abs(one.factor):
            return Scaled(1.0, self._call(np.add, self._whole(one), self._whole(other)))
        addend = self._whole(self._scaled(other.factor / one.factor, other.slot))
        return self._scaled(one.factor, self._call(np.add, *sorted((one.slot, addend))))

    def _scaled(self, factor: Any, slot: int) -> Scaled:
        """A factor times a slot; a factor far out of range is multiplied into the array."""
        if slot == self._one or _stays(factor):
            return Scaled(factor, slot)
        return Scaled(1.0, self._whole(Scaled(factor, slot)))

    def _whole(self, scaled: Scaled) -> int:
        """The slot of factor times array."""
        if _are_equal(scaled.factor, 1):
            return scaled.slot
        factor = self._builder.constant(scaled.factor)
        self._flat.add(factor)
        return factor if scaled.slot == self._one else self._call(np.multiply, scaled.slot, factor)

    def _call(self, function: Callable[..., Any], *slots: int) -> int:
        slot = self._builder.call(function, slots, {})
        if self._flat.issuperset(slots):
            self._flat.add(slot)
        return slot

    def _row(self, number: Any) -> int:
        """The slot of a number broadcast over the paths, for functions that need a shape."""
        slots: Slots = (self._builder.constant(number), self._builder.constant(ROW))
        return self._builder.call(np.broadcast_to, slots, {})

    def _row_as_number(self, scaled: Scaled) -> Scaled:
        """A row of equal numbers as a number, which becomes a row of the shape that a call wants."""
        return self._as_number(scaled) if scaled.slot in self._flat else scaled

    def _as_number(self, scaled: Scaled) -> Scaled:
        """A constant that is one number, as a factor."""
        if scaled.slot == self._one:
            return scaled
        constant = self._builder.constants.get(scaled.slot)
        value = constant.value if type(constant) is Folded else constant
        if isinstance(value, PerTrade):
            return Scaled(scaled.factor * value, self._one) if value.is_number else scaled
        is_one = isinstance(value, _NUMBERS) or (isinstance(value, np.ndarray) and value.shape == (1,))
        return Scaled(scaled.factor * as_number(constant), self._one) if is_one else scaled

    def _settled(self, result: Scaled) -> Scaled:
        """The result, or the number 0 where its factor is 0, which spares its computation."""
        return Scaled(0.0, self._one) if self._drops_zeros and not result.factor else result


_REWRITES: Mapping[Any, Callable[..., Scaled]] = {
    np.multiply: Simplifier.product,
    np.divide: Simplifier.quotient,
    np.add: Simplifier.sum,
    np.subtract: Simplifier.subtraction,
    np.negative: Simplifier.negative,
    np.absolute: Simplifier.absolute,
    np.maximum: Simplifier.maximum,
    np.greater: Simplifier.greater,
    np.copysign: Simplifier.copysign,
}


def _stays(factor: Any) -> bool:
    """True if a factor is not so far out of range that it is multiplied into its array."""
    if type(factor) is Folded:
        return factor.notes.answer(_stays, (factor,))
    return not factor or _SMALLEST < abs(factor) < _LARGEST


def _are_equal(one: Any, other: Any) -> bool:
    """True if factors are equal for all trades. Where trades differ, False costs a pass over memory and no bit."""
    try:
        return bool(one == other)
    except Diverging:
        return False
