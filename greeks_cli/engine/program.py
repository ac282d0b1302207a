"""The calculation of a block: NumPy calls in order, from arrays that the block provides to its results."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]
Source = tuple[Any, ...]
"""The name of an array that a block provides, and what it takes to make it."""
Name = TypeVar("Name", bound=Hashable)


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
    arguments: tuple[Any, ...]
    """Slots, or tuples of slots where the function takes a sequence of arrays."""
    keywords: dict[str, Any]
    result: int
    last_uses: tuple[int, ...] = ()
    """Slots that no later call reads."""


@dataclass(frozen=True)
class Program(Generic[Name]):
    """Calls in order, from named sources to named results of shape (n_paths,)."""

    n_slots: int
    sources: Mapping[Source, int]
    constants: Mapping[int, Any]
    calls: tuple[Call, ...]
    results: Mapping[Name, int]

    def run(self, fetch: Callable[[Source], Array], n_paths: int) -> dict[Name, Array]:
        """The results for a block, whose arrays ``fetch`` provides."""
        values: list[Any] = [None] * self.n_slots
        for slot, constant in self.constants.items():
            values[slot] = constant.of(n_paths) if isinstance(constant, Shape) else constant
        for source, slot in self.sources.items():
            values[slot] = fetch(source)
        for call in self.calls:
            arguments = [values[a] if type(a) is int else [values[i] for i in a] for a in call.arguments]
            values[call.result] = call.function(*arguments, **call.keywords)
            for slot in call.last_uses:
                values[slot] = None
        return {name: np.broadcast_to(values[slot], (n_paths,)) for name, slot in self.results.items()}
