"""Builder of programs: equal calls and equal constants get one slot."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from greeks_cli.engine.compiler.batching import PerTrade
from greeks_cli.engine.compiler.folded import Folded, as_number, called, value_of
from greeks_cli.engine.compiler.functions import OF_NUMBERS
from greeks_cli.engine.compiler.ir import Call, Name, Program, Slots, Source


@dataclass(frozen=True, slots=True)
class Slot:
    """A noted argument that is the result of a noted call, or a source."""

    number: int


class Parts:
    """A noted argument that is a sequence of arrays."""

    def __init__(self, parts: Sequence[Any]):
        self.parts = parts


Noted = tuple[Callable[..., Any], tuple[Any, ...], Mapping[str, Any], int]
"""A call as a tracer notes it: function, arguments, keywords, and the slot of its result."""


def key_of(constant: Any) -> Hashable:
    """A key of a constant, by its type and its bits."""
    kind = type(constant)
    if kind is not float and isinstance(constant, np.ndarray | PerTrade):
        array = np.asarray(constant)
        return kind, array.shape, array.dtype.str, array.tobytes()
    # 0.0 equals -0.0, and NaN is not equal to itself.
    is_plain = (kind is float or isinstance(constant, float)) and constant and constant == constant
    return kind, constant if is_plain else repr(constant)


class Builder:
    """Collects sources, constants and calls, equal ones once, and makes programs of those that results need."""

    def __init__(self) -> None:
        self._n_slots = 0
        self._sources: dict[Source, int] = {}
        self.constants: dict[int, Any] = {}
        """The constants by slot."""
        self._calls: list[Call] = []
        self._slots: dict[Hashable, int] = {}

    def source(self, name: Source) -> int:
        """The slot of a source."""
        if name not in self._sources:
            self._sources[name] = self._n_slots
            self._n_slots += 1
        return self._sources[name]

    def constant(self, value: Any) -> int:
        """The slot of a constant; constants that are equal to the bit share one."""
        key = key_of(value.value if type(value) is Folded else value)
        if key not in self._slots:
            self._slots[key] = self._n_slots
            self.constants[self._n_slots] = value
            self._n_slots += 1
        slot = self._slots[key]
        for one in (value, self.constants[slot]):
            if type(one) is Folded:
                one.notes.keep(value, slot)
        return slot

    def call(self, function: Callable[..., Any], arguments: Slots, keywords: Mapping[str, Any]) -> int:
        """The slot of a call's result; an elementwise call of constants alone is evaluated and becomes a constant."""
        constants = self.constants
        is_constant = all(slot in constants for slot in arguments)
        if is_constant and (isinstance(function, np.ufunc) or function in OF_NUMBERS):
            noted = partial(function, **keywords) if keywords else function
            found = called(noted, tuple([constants[slot] for slot in arguments]))
            return self.constant(as_number(found) if isinstance(value_of(found), np.float64) else found)
        key = function, arguments, repr(keywords) if keywords else ""
        if key not in self._slots:
            self._slots[key] = self._n_slots
            self._calls.append(Call(function, arguments, dict(keywords), self._n_slots))
            self._n_slots += 1
        return self._slots[key]

    def replayed(self, sources: Mapping[Source, int], calls: Iterable[Noted]) -> dict[int, int]:
        """The slots of noted calls, by the slots that they were noted with."""
        slots = {slot: self.source(name) for name, slot in sources.items()}

        def built(argument: Any) -> Any:
            if type(argument) is Slot:
                return slots[argument.number]
            return tuple(map(built, argument.parts)) if type(argument) is Parts else self.constant(argument)

        for function, arguments, keywords, slot in calls:
            slots[slot] = self.call(function, tuple(map(built, arguments)), keywords)
        return slots

    def program(self, results: Mapping[Name, int], flat: frozenset[int] = frozenset()) -> Program[Name]:
        """The program of the results in some slots; ``flat`` are the slots of one number per path."""
        return Program(self._n_slots, self._sources, self.constants, tuple(self._calls), results, flat).only(results)
