"""Where blocks are computed, and what that takes beyond the calculation itself.

The calculation is written once, in NumPy's functions, methods and operators: arrays of another library take
them over by NumPy's own protocols (NEP 13, NEP 18 and NEP 35). What such a library refuses is to mix its
arrays with NumPy's, so nothing crosses from one memory to another but through these methods.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.backends.ziggurat import StandardNormals
from greeks_cli.engine.compiler.ir import Array, Name, Program, Source

Fill = Callable[[Array], object]
"""Puts standard normals into an array, those that follow what it has drawn before."""
Answer = TypeVar("Answer")


class Device(ABC):
    """A memory and what computes on it."""

    name: str

    @abstractmethod
    def array(self, values: Array) -> Array:
        """An array of the host, there."""

    @abstractmethod
    def empty(self, shape: tuple[int, ...], dtype: type[np.floating]) -> Array:
        """An array there whose values do not matter."""

    @abstractmethod
    def results(
        self, program: Program[Name], fetch: Callable[[Source], Any], n_paths: int, dtype: type[np.floating]
    ) -> Iterator[tuple[Name, Array]]:
        """What a program makes there of arrays of a type that are there, each result as soon as it is."""

    @abstractmethod
    def numbers(self, table: Array) -> NDArray[np.float64]:
        """A few numbers there as an array of the host."""

    @abstractmethod
    def normals(self, address: np.random.SeedSequence, count: int) -> Fill:
        """This device's own random numbers from an address on, for as many as are going to be drawn."""

    @abstractmethod
    def run(self, work: Callable[[int], Answer]) -> Answer:
        """What some work returns that makes its arrays there, in as many pieces as it is told."""


class Host(Device):
    """NumPy on the processor.

    Source of its generator: SFC64 (C. Doty-Humphrey, PractRand), the fastest of NumPy's; its state is filled
    by ``SeedSequence``.
    """

    name = "cpu"

    def array(self, values: Array) -> Array:
        return values

    def empty(self, shape: tuple[int, ...], dtype: type[np.floating]) -> Array:
        return np.empty(shape, dtype)

    def results(
        self, program: Program[Name], fetch: Callable[[Source], Any], n_paths: int, dtype: type[np.floating]
    ) -> Iterator[tuple[Name, Array]]:
        return program.run(fetch, n_paths)

    def numbers(self, table: Array) -> NDArray[np.float64]:
        return table.astype(np.float64, copy=False)

    def normals(self, address: np.random.SeedSequence, count: int) -> Fill:
        return StandardNormals(np.random.Generator(np.random.SFC64(address)), count).fill

    def run(self, work: Callable[[int], Answer]) -> Answer:
        return work(1)


HOST = Host()
