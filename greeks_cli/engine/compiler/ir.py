"""Programs: calls of array functions in order, from named sources to named results, and their interpreter."""

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from operator import itemgetter
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.compiler.elementary import EVALUATED
from greeks_cli.engine.compiler.functions import IN_FEW_CALLS, OF_NUMBERS, as_type, normal_cdf

Array = NDArray[np.floating]
Source = Hashable
"""The name of an array or number that a program reads: a frozen object that says how it is made."""
Name = TypeVar("Name", bound=Hashable)
Slots = tuple[Any, ...]
"""The slots of a call's arguments: an integer each, or a tuple of integers for a sequence of arrays."""

_BUFFER = 1024
"""Elements of NumPy's ufunc buffer; most blocks and pilots have more paths."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A shape that a call is given; the last length is None where it is the number of paths."""

    lengths: tuple[int | None, ...]
    is_broadcast: bool = True
    """True if an array is broadcast to the shape, False if it is reshaped: the two are unequal constants."""

    def of(self, n_paths: int) -> tuple[int, ...]:
        """The shape for a number of paths."""
        return tuple(n_paths if length is None else length for length in self.lengths)


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a function; arguments and result are slots."""

    function: Callable[..., Any]
    arguments: Slots
    keywords: dict[str, Any]
    result: int
    last_uses: tuple[int, ...] = ()
    """Slots that no later call reads, the call's own result included if none does."""

    @property
    def inputs(self) -> list[int]:
        """All slots that the call reads."""
        found: list[int] = []
        for argument in self.arguments:
            if type(argument) is tuple:
                found.extend(argument)
            else:
                found.append(argument)
        return found


@dataclass(frozen=True, eq=False)
class Program(Generic[Name]):
    """Calls in order, from named sources to named results."""

    n_slots: int
    sources: Mapping[Source, int]
    constants: Mapping[int, Any]
    calls: tuple[Call, ...]
    results: Mapping[Name, int]
    flat: frozenset[int] = frozenset()
    """Slots that certainly hold one number per path, or one number for all paths."""
    same_shape: frozenset[int] = frozenset()
    """Slots that certainly hold arrays of one shape, so that a dead array may take the result of a call."""
    origin: "Program[Name] | None" = field(default=None, init=False)
    """The program with other constants that this one was made of: what they have in common is prepared once."""

    def run(
        self, fetch: Callable[[Source], Any], n_paths: int, constants: Mapping[int, Any] | None = None
    ) -> Iterator[tuple[Name, Array]]:
        """Yields each result as soon as it is computed, from the sources that ``fetch`` provides.

        ``constants`` replace the program's. Arrays that no later call reads are released.
        """
        values: list[Any] = [None] * self.n_slots
        names = self._names
        for slot, constant in (self.constants if constants is None else constants).items():
            values[slot] = constant.of(n_paths) if isinstance(constant, Shape) else constant
        for source, slot in self.sources.items():
            values[slot] = fetch(source)
        for slot in names.keys() & {*self.constants, *self.sources.values()}:
            yield from ((name, values[slot]) for name in names[slot])
        for function, arguments, result, is_named, last_uses in self._steps:
            values[result] = function(*arguments(values))
            if is_named:
                yield from ((name, values[result]) for name in names[result])
            for slot in last_uses:
                values[slot] = None

    @cached_property
    def _steps(self) -> list[tuple[Callable[..., Any], Callable[[list[Any]], Iterable[Any]], int, bool, Slots]]:
        """The calls prepared for the interpreter: threads wait for the Python between two calls."""
        if self.origin:
            return self.origin._steps
        new = {call.result for call in self.calls if call.result in self.same_shape and _makes_new(call)}
        # Results belong to the caller of run(), and a function that is not elementwise may return a view.
        seen = {slot for call in self.calls if not is_elementwise(call.function) for slot in call.inputs}
        own = new - self._names.keys() - seen
        steps = []
        for call in self.calls:
            function, arguments = EVALUATED.get(call.function, call.function), call.arguments
            free = [slot for slot in call.last_uses if slot in own] if call.result in new else []
            if free:
                function, arguments = partial(_written_over, function), (*arguments, free[0])
            elif call.keywords:
                function = partial(function, **call.keywords)
            function = IN_FEW_CALLS.get(function, function)
            steps.append((function, getter(arguments), call.result, call.result in self._names, call.last_uses))
        return steps

    @cached_property
    def is_elementwise(self) -> bool:
        """True if every call acts on each element alone, or broadcasts a number over the paths."""
        return all(is_elementwise(call.function) or self.makes_row(call) for call in self.calls)

    def makes_row(self, call: Call) -> bool:
        """True if a call broadcasts a number over the paths."""
        return call.function is np.broadcast_to and self.constants.get(call.arguments[1]) == ROW

    @cached_property
    def _names(self) -> dict[int, list[Name]]:
        """The names of the results in each slot."""
        if self.origin:
            return self.origin._names
        names: dict[int, list[Name]] = {}
        for name, slot in self.results.items():
            names.setdefault(slot, []).append(name)
        return names

    def with_constants(self, constants: Mapping[int, Any]) -> "Program[Name]":
        """The program with other numbers in its constants."""
        found = object.__new__(type(self))  # copy() takes ten times as long
        found.__dict__.update(self.__dict__, constants=constants, origin=self.origin or self)
        return found

    def only(self, names: Iterable[Name]) -> "Program[Name]":
        """The program of some of the results: calls, sources and constants that no result needs are dropped."""
        if self.origin:
            part = self.origin._part(tuple(names))
            return part.with_constants({slot: self.constants[slot] for slot in part.constants})
        results = {name: self.results[name] for name in names}
        needed, calls = set(results.values()), []
        read = set(self.constants)
        for call in reversed(self.calls):
            if call.result in needed:
                inputs = call.inputs
                ended = tuple(slot for slot in dict.fromkeys((*inputs, call.result)) if slot not in read)
                needed.update(inputs)
                read.update(inputs)
                same = ended == call.last_uses
                calls.append(call if same else Call(call.function, call.arguments, call.keywords, call.result, ended))
        return replace(
            self,
            sources={source: slot for source, slot in self.sources.items() if slot in needed},
            constants={slot: constant for slot, constant in self.constants.items() if slot in needed},
            calls=tuple(reversed(calls)),
            results=results,
        )

    def _part(self, names: tuple[Name, ...]) -> "Program[Name]":
        """The program of some of the results, made once."""
        if names not in self._parts:
            self._parts[names] = self.only(names)
        return self._parts[names]

    @cached_property
    def _parts(self) -> "dict[tuple[Name, ...], Program[Name]]":
        return {}


def getter(arguments: Slots) -> Callable[[list[Any]], Iterable[Any]]:
    """A function that takes the arguments of a call from the values of all slots."""
    if any(isinstance(argument, tuple) for argument in arguments):
        return partial(_nested, arguments)
    return itemgetter(*arguments) if len(arguments) > 1 else itemgetter(slice(arguments[0], arguments[0] + 1))


def _nested(arguments: Slots, values: list[Any]) -> list[Any]:
    return [[values[i] for i in a] if isinstance(a, tuple) else values[a] for a in arguments]


@contextmanager
def small_buffers() -> Iterator[None]:
    """Sets a NumPy ufunc buffer that is shorter than the rows of blocks and pilots.

    A ufunc that broadcasts rows shorter than its buffer, 8,192 elements, first copies them into it.
    """
    before = np.setbufsize(_BUFFER)
    try:
        yield
    finally:
        np.setbufsize(before)


COMMUTATIVE = (np.add, np.multiply)
ELEMENTWISE = {as_type, normal_cdf, *OF_NUMBERS}


def is_elementwise(function: Callable[..., Any]) -> bool:
    """True if a function acts on each element alone, for arguments of any shape."""
    return isinstance(function, np.ufunc) or function in ELEMENTWISE


def _makes_new(call: Call) -> bool:
    """True if a call makes an array of its arguments' type, so that it may write into a given array."""
    function = call.function
    return isinstance(function, np.ufunc) and not call.keywords and "d" * function.nin + "->d" in function.types


def _written_over(function: Callable[..., Array], *arguments: Array) -> Array:
    """The result of a call, written into the array that is its last argument."""
    return function(*arguments[:-1], out=arguments[-1])


ROW = Shape((None,))
"""The shape of one number per path."""


def readers(program: Program[Any], slots: Collection[int]) -> tuple[frozenset[int], bool]:
    """The slots that depend on the given slots, these included; and True if a call needs the whole array of one.

    An elementwise call needs one element at a time. A number broadcast over the paths counts as dependent.
    """
    found, crosses = set(slots), False
    for call in program.calls:
        is_row = program.makes_row(call)
        if is_row or not found.isdisjoint(call.inputs):
            found.add(call.result)
            crosses = crosses or not (is_row or is_elementwise(call.function))
    return frozenset(found), crosses


def per_path(program: Program[Any], arrays: Collection[int] | None = None) -> frozenset[int]:
    """The slots of calls that certainly hold one number per path: flat slots that depend on a flat source.

    ``arrays`` are the slots of the sources that hold one number per path, by default all that may.
    """
    sources = program.flat.intersection(program.sources.values() if arrays is None else arrays)
    found = set(sources)
    for call in program.calls:
        if call.result in program.flat and not found.isdisjoint(call.inputs):
            found.add(call.result)
    return frozenset(found - sources)


def depending_on(rows: Collection[int], program: Program[Any]) -> frozenset[int]:
    """The slots of calls that depend on one of some rows of paths, and not on numbers alone."""
    found = set(rows)
    for call in program.calls:
        if not (program.makes_row(call) or found.isdisjoint(call.inputs)):
            found.add(call.result)
    return frozenset(found.difference(rows))
