"""A calculation put together so that numbers meet numbers before any array does.

Most products of a graph are with a number: a discount factor, 1/spot, a width. On arrays each costs a pass over
memory. Here every value is a number times an array. Numbers are multiplied while the calculation is put together,
an array meets them only where a sum forces it to, and calls that differ in such numbers alone become one.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np

from greeks_cli.engine.compiler.batching import Many, Unlike
from greeks_cli.engine.compiler.ir import Name, Program, Shape, Source
from greeks_cli.engine.compiler.rules import Rules, Scaled

_LINEAR = {np.sum, np.einsum}
"""Linear in every argument that is an array."""


def simplified(program: Program[Name], always_defined: bool) -> Program[Name]:
    """A program with as few calls as it takes, its sources open; ``always_defined`` as in ``Algebra.include``."""
    algebra = Algebra()
    found = algebra.include(program, lambda source: None, always_defined)
    return algebra.program({name: algebra.multiplied(scaled) for name, scaled in found.items()})


class Algebra:
    """Includes recorded programs in one calculation, equal to them but for rounding.

    What cancels or is multiplied by 0 is dropped, unless what it is of may not be a number: then it must be seen.
    """

    def __init__(self) -> None:
        self._rules = Rules()

    def begin(self) -> None:
        """What follows is put together as it would be alone, whatever was before, for each sum to be rounded alike."""
        self._rules.forget_terms()

    def include(
        self, program: Program[Name], number_of: Callable[[Source], Any], always_defined: bool = True
    ) -> dict[Name, Scaled]:
        """A program's results, where a source is a number, or None for an array of every block.

        Such a number may be ``many``; raises Unlike where trades of these would not be calculated alike.
        ``always_defined`` says that none of its calls fails on any path.
        """
        self._rules.drops_zeros = always_defined
        here = {slot: self._rules.constant(value) for slot, value in program.constants.items()}
        for source, slot in program.sources.items():
            value = number_of(source)
            here[slot] = self._rules.source(source) if value is None else self._rules.constant(value)
        self._rules.flat.update(here[slot].slot for slot in program.flat if slot in here)
        for call in program.calls:
            flat = call.result in program.flat
            arguments = [[here[i] for i in a] if isinstance(a, tuple) else here[a] for a in call.arguments]
            here[call.result] = self._made(call.function, arguments, call.keywords, flat)
            if flat:
                self._rules.flat.add(here[call.result].slot)
        return {name: self._settled(here[slot]) for name, slot in program.results.items()}

    def difference(self, one: Scaled, other: Scaled) -> Scaled:
        """Of two results of the last program included."""
        return self._settled(self._rules.sum(one, other.times(-1)))

    def multiplied(self, result: Scaled) -> Scaled:
        """The same, with no factor left."""
        return Scaled(1.0, self._rules.whole(result))

    @property
    def wide(self) -> frozenset[int]:
        """Slots with a row of paths, or a number, for each of several trades."""
        return frozenset(self._rules.wide)

    def program(self, results: Mapping[Name, Scaled], dtype: type[np.floating] = np.float64) -> Program[Name]:
        """Computes the arrays of some results, of a type; whoever reads them multiplies by the factors.

        They have a row for each of several trades where these have numbers of their own.
        """
        slots = {name: scaled.slot for name, scaled in results.items()}
        program = self._rules.assembly.program(slots, frozenset(self._rules.flat - self.wide))
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
        if function in self._rules.of and not keywords:
            return self._rules.of[function](*(self._rules.as_number(a) for a in arguments if isinstance(a, Scaled)))
        if function is np.broadcast_to and flat and isinstance(arguments[0], Scaled):
            number = self._rules.as_number(arguments[0])
            if number.slot == self._rules.one:
                return number  # as good as a row of it
        linear = function in _LINEAR
        one = self._rules.one
        factor = prod(a.factor for a in arguments if isinstance(a, Scaled) and a.slot != one) if linear else 1.0

        def slot(scaled: Scaled) -> int:
            if scaled.slot == one and not isinstance(function, np.ufunc):
                return self._row(scaled.factor)
            return scaled.slot if linear else self._rules.whole(scaled)

        slots = tuple(tuple(map(slot, a)) if isinstance(a, list) else slot(a) for a in arguments)
        return self._rules.scaled(factor, self._rules.called(function, slots, keywords))

    def _row(self, number: float) -> int:
        """One for every path: functions of whole arrays want a shape."""
        if isinstance(number, Many):
            raise Unlike
        shape = self._rules.assembly.constant(Shape((None,)))
        return self._rules.assembly.call(np.broadcast_to, (self._rules.assembly.constant(number), shape), {})

    def _settled(self, result: Scaled) -> Scaled:
        """A result of zeros is not computed."""
        return Scaled(0.0, self._rules.one) if self._rules.drops_zeros and not result.factor else result
