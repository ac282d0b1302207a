"""Backends: the interface of a device that computes blocks, and NumPy on the processor.

The calculation is written once, in NumPy's functions, methods and operators. Arrays of another library take them
over by NumPy's protocols (NEP 13, NEP 18 and NEP 35). Another library refuses to mix its arrays with NumPy's, so
arrays pass from one memory to another only by the methods of a device.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.backends.ziggurat import StandardNormals
from greeks_cli.engine.compiler.elementary import Functions
from greeks_cli.engine.compiler.ir import Array, Name, Program, Source

Fill = Callable[[Array], object]
"""Fills an array with the next standard normals of a stream."""
Answer = TypeVar("Answer")

_SLICES, _STEP = 128, 8
"""Slices of a row of samples, at least, whose sums give the error of the whole; samples of a kernel's step."""
FEWEST_IN_STEPS = _SLICES * _STEP
"""Samples from which on slices are whole steps of a kernel."""


def slice_length(count: int) -> int:
    """Samples of a slice of a row, by every executor; a row of fewer than ``_SLICES`` samples has slices of one."""
    length = max(1, count // _SLICES)
    return length if count < FEWEST_IN_STEPS else length // _STEP * _STEP


@dataclass(frozen=True, slots=True)
class SlicedSums:
    """Sums of a row of samples for each of some trades, over slices of the row."""

    count: int
    """Samples of a row."""
    length: int
    """Samples of a slice; the last slice may have fewer."""
    centres: NDArray[np.float64]
    """A number near the samples of each trade, shape (n_trades,)."""
    deviations: NDArray[np.float64]
    """Sums over each slice of the samples less their centre, shape (n_trades, n_slices)."""
    squares: NDArray[np.float64]
    """Sums over each slice of the squares of the samples less their centre, shape (n_trades, n_slices)."""


@dataclass(frozen=True, slots=True)
class Stack(Generic[Name]):
    """Rows of a program's arrays, and results of which sums suffice."""

    n_trades: int = 1
    """The trades of a stack, each with a row in every array; 1 for a single trade."""
    summed: frozenset[Name] = frozenset()
    """The names of the results that are summed."""


ALONE: Stack[Any] = Stack()
"""A single trade, whose results are wanted whole."""
Rows = Any
"""A result: an array of rows of paths, or SlicedSums of them."""


class Device(ABC):
    """Backend: a memory and the arithmetic on its arrays."""

    name: str
    compiles: ClassVar[bool] = False
    """True if programs are compiled: results are summed where sums suffice, and sources are lowered to calls."""
    functions: ClassVar[Functions] = {}
    """Elementary functions in place of NumPy's, of paths and of the numbers of a run."""

    @abstractmethod
    def array(self, values: Array) -> Array:
        """A host array in the memory of the device."""

    @abstractmethod
    def empty(self, shape: tuple[int, ...], dtype: type[np.floating]) -> Array:
        """An uninitialised array of the device."""

    @abstractmethod
    def results(
        self,
        program: Program[Name],
        fetch: Callable[[Source], Any],
        n_paths: int,
        dtype: type[np.floating],
        stack: Stack[Name] = ALONE,
    ) -> Iterator[tuple[Name, Rows]]:
        """Yields each result of a program as soon as it is computed.

        ``fetch`` provides the sources as arrays of the device, of type ``dtype``; results are arrays of the device.
        A device that sums rows may yield the sums of those of the stack's results that are summed.
        """

    def sums(self, rows: Array) -> SlicedSums | None:
        """The sums of rows of samples, to the bit those of ``results``; None where NumPy's functions make them."""
        return None

    @abstractmethod
    def numbers(self, table: Array) -> NDArray[np.float64]:
        """A small array of the device as a host array, in float64."""

    @abstractmethod
    def normals(self, address: np.random.SeedSequence, count: int) -> Fill:
        """The device's stream of standard normals from an address; ``count`` normals are drawn in all."""

    @property
    def processor(self) -> "Device":
        """The device that draws normals by SFC64: the processor."""
        return HOST

    @abstractmethod
    def run(self, work: Callable[[int], Answer]) -> Answer:
        """The answer of ``work``, which makes its arrays on the device and takes the number of pieces of a block."""


class Host(Device):
    """NumPy on the processor.

    The generator is SFC64 (C. Doty-Humphrey, PractRand), the fastest of NumPy's; ``SeedSequence`` fills its state.
    """

    name = "cpu"

    def array(self, values: Array) -> Array:
        return values

    def empty(self, shape: tuple[int, ...], dtype: type[np.floating]) -> Array:
        return np.empty(shape, dtype)

    def results(
        self,
        program: Program[Name],
        fetch: Callable[[Source], Any],
        n_paths: int,
        dtype: type[np.floating],
        stack: Stack[Name] = ALONE,
    ) -> Iterator[tuple[Name, Rows]]:
        return program.run(fetch, n_paths)

    def numbers(self, table: Array) -> NDArray[np.float64]:
        return table.astype(np.float64, copy=False)

    def normals(self, address: np.random.SeedSequence, count: int) -> Fill:
        return StandardNormals(np.random.Generator(np.random.SFC64(address)), count).fill

    @property
    def processor(self) -> Device:
        return self

    def run(self, work: Callable[[int], Answer]) -> Answer:
        return work(1)


HOST = Host()
