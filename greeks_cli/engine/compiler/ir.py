"""The calculation of a block: NumPy calls in order, from arrays that the block provides to its results."""

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property, partial
from operator import itemgetter
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.compiler.batching import Unlike

Array = NDArray[np.floating]
Source = tuple[Any, ...]
"""The name of an array that a block provides, and what it takes to make it."""
Name = TypeVar("Name", bound=Hashable)
Slots = tuple[Any, ...]
"""Where the arguments of a call are: a slot each, or a tuple of slots for a sequence of arrays."""

_BUFFER = 1024
"""Numbers; most blocks and pilots have more paths."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A shape that a call is given, None where it has the number of paths."""

    lengths: tuple[int | None, ...]

    def of(self, n_paths: int) -> tuple[int, ...]:
        return tuple(n_paths if length is None else length for length in self.lengths)


@dataclass(frozen=True, slots=True)
class Call:
    """One call, in terms of numbered slots that hold values."""

    function: Callable[..., Any]
    arguments: Slots
    keywords: dict[str, Any]
    result: int
    last_uses: tuple[int, ...] = ()
    """Slots that no later call reads, its own result among them if none does."""

    @property
    def inputs(self) -> list[int]:
        return [slot for argument in self.arguments for slot in (argument if type(argument) is tuple else (argument,))]


@dataclass(frozen=True, eq=False)
class Program(Generic[Name]):
    """Calls in order, from named sources to named results that a row of paths may be made of."""

    n_slots: int
    sources: Mapping[Source, int]
    constants: Mapping[int, Any]
    calls: tuple[Call, ...]
    results: Mapping[Name, int]
    flat: frozenset[int] = frozenset()
    """Slots known to have one number per path."""
    alike: frozenset[int] = frozenset()
    """Slots known to have arrays of one shape, so that one that is read for the last time may take a result."""

    def run(
        self, fetch: Callable[[Source], Any], n_paths: int, constants: Mapping[int, Any] | None = None
    ) -> Iterator[tuple[Name, Array]]:
        """Each result as soon as it is there, for a block whose arrays ``fetch`` provides.

        ``constants`` are its own, where those are. Nothing is kept that no later call needs.
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
        """The calls, made ready: what Python does between two of them, all threads wait for."""
        new = {call.result for call in self.calls if call.result in self.alike and _makes_new(call)}
        # Results are whoever's asked for them, and what is not elementwise may return a view of what it reads.
        seen = {slot for call in self.calls if not is_elementwise(call.function) for slot in call.inputs}
        own = new - self._names.keys() - seen
        steps = []
        for call in self.calls:
            function, arguments = call.function, call.arguments
            free = [slot for slot in call.last_uses if slot in own] if call.result in new else []
            if free:
                function, arguments = partial(_written_over, function), (*arguments, free[0])
            elif call.keywords:
                function = partial(function, **call.keywords)
            steps.append((function, _getter(arguments), call.result, call.result in self._names, call.last_uses))
        return steps

    @cached_property
    def _names(self) -> dict[int, list[Name]]:
        """The results in each slot."""
        names: dict[int, list[Name]] = {}
        for name, slot in self.results.items():
            names.setdefault(slot, []).append(name)
        return names

    def only(self, names: Iterable[Name]) -> "Program[Name]":
        """What it takes to compute some of the results."""
        results = {name: self.results[name] for name in names}
        needed, calls = set(results.values()), []
        read = set(self.constants)
        for call in reversed(self.calls):
            if call.result in needed:
                inputs = call.inputs
                ended = tuple(slot for slot in dict.fromkeys((*inputs, call.result)) if slot not in read)
                needed.update(inputs)
                read.update(inputs)
                calls.append(Call(call.function, call.arguments, call.keywords, call.result, ended))
        return Program(
            self.n_slots,
            {source: slot for source, slot in self.sources.items() if slot in needed},
            {slot: constant for slot, constant in self.constants.items() if slot in needed},
            tuple(reversed(calls)),
            results,
            self.flat,
            self.alike,
        )


def _getter(arguments: Slots) -> Callable[[list[Any]], Iterable[Any]]:
    """Takes the arguments of a call from the values of all slots."""
    if any(isinstance(argument, tuple) for argument in arguments):
        return partial(_nested, arguments)
    return itemgetter(*arguments) if len(arguments) > 1 else itemgetter(slice(arguments[0], arguments[0] + 1))


def _nested(arguments: Slots, values: list[Any]) -> list[Any]:
    return [[values[i] for i in a] if isinstance(a, tuple) else values[a] for a in arguments]


def widened(program: Program[Name], sources: Collection[Source], n_rows: int) -> Program[Name]:
    """The program for columns of so many numbers in place of single ones, which gives a row of paths for each.

    Raises Unlike where a call with such an argument is not elementwise: it may not know what to make of a row more.
    """
    wide = {program.sources[source] for source in sources}
    row_shapes = {slot for slot, c in program.constants.items() if isinstance(c, Shape) and c.lengths == (None,)}
    for call in program.calls:
        inputs = set(call.inputs)
        if inputs & row_shapes and call.function is np.broadcast_to:
            wide.add(call.result)
        elif inputs & row_shapes or (inputs & wide and not is_elementwise(call.function)):
            raise Unlike
        elif inputs & wide:
            wide.add(call.result)
    constants = {slot: Shape((n_rows, None)) if slot in row_shapes else c for slot, c in program.constants.items()}
    return replace(program, constants=constants)


@contextmanager
def small_buffers() -> Iterator[None]:
    """Has NumPy read rows where they are, as short as a block's or a pilot's may be.

    A ufunc that broadcasts rows shorter than its buffer, 8,192 numbers, copies them there first.
    """
    before = np.setbufsize(_BUFFER)
    try:
        yield
    finally:
        np.setbufsize(before)


def is_elementwise(function: Callable[..., Any]) -> bool:
    """Whether a call acts on each element alone, whatever the shape of its arguments."""
    return isinstance(function, np.ufunc) or function is as_type


def _makes_new(call: Call) -> bool:
    """Whether a call makes an array of its arguments' type, for which it may be given one."""
    function = call.function
    return isinstance(function, np.ufunc) and not call.keywords and "d" * function.nin + "->d" in function.types


def _written_over(function: Callable[..., Array], *arguments: Array) -> Array:
    """The result of a call in the array that is its last argument."""
    return function(*arguments[:-1], out=arguments[-1])


def as_type(array: Array, dtype: np.dtype[Any]) -> Array:
    """The array in another type; a call that takes any library's, as NumPy's unbound method does not."""
    return array.astype(dtype)


class Assembly:
    """Collects calls, equal ones once, and makes programs of those that their results need."""

    def __init__(self) -> None:
        self._n_slots = 0
        self._sources: dict[Source, int] = {}
        self.constants: dict[int, Any] = {}
        """What is the same in all blocks, by slot."""
        self._calls: list[Call] = []
        self._known: dict[Hashable, int] = {}

    def source(self, name: Source) -> int:
        """The slot of what a block provides."""
        if name not in self._sources:
            self._sources[name] = self._new_slot()
        return self._sources[name]

    def constant(self, value: Any) -> int:
        """The slot of what is the same in all blocks."""
        array = isinstance(value, np.ndarray)
        key = ("constant", type(value), (value.shape, value.dtype.str, value.tobytes()) if array else repr(value))
        if key not in self._known:
            self._known[key] = self._new_slot()
            self.constants[self._known[key]] = value
        return self._known[key]

    def call(self, function: Callable[..., Any], arguments: Slots, keywords: Mapping[str, Any]) -> int:
        """The slot of a call's result; of constants alone, elementwise, it is one too."""
        if isinstance(function, np.ufunc) and all(slot in self.constants for slot in arguments):
            return self.constant(function(*(self.constants[slot] for slot in arguments), **keywords))
        key = (function, arguments, repr(keywords) if keywords else "")
        if key not in self._known:
            self._known[key] = self._new_slot()
            self._calls.append(Call(function, arguments, dict(keywords), self._known[key]))
        return self._known[key]

    def program(self, results: Mapping[Name, int], flat: frozenset[int] = frozenset()) -> Program[Name]:
        """What it takes to compute the results in some slots; ``flat`` is passed on."""
        return Program(self._n_slots, self._sources, self.constants, tuple(self._calls), results, flat).only(results)

    def _new_slot(self) -> int:
        self._n_slots += 1
        return self._n_slots - 1
