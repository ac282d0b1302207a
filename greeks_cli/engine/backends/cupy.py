"""NVIDIA GPUs by CuPy, which no other module imports."""

import threading
from collections.abc import Callable, Iterator
from copy import copy
from functools import cache
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.backends.backend import ALONE, Answer, Device, Fill, Rows, Stack
from greeks_cli.engine.compiler.fuse import PREAMBLE, Kernel, fused
from greeks_cli.engine.compiler.ir import Array, Name, Program, Source
from greeks_cli.terms.errors import GpuFailed

_AT_A_TIME, _BYTES_EACH = 8, 1 << 31
"""Blocks in flight on a GPU, at most, and bytes of free memory per block: launches of one overlap work on another."""

_MOST_PIECES = 64
"""Pieces that a block is divided into, at most, where memory is short."""


class Gpu(Device):
    """CuPy on one GPU.

    The generator is cuRAND's Philox4x32-10 (J. Salmon et al., Parallel random numbers: as easy as 1, 2, 3, SC 2011),
    whose 64-bit key is made of the address.
    """

    def __init__(self, cupy: Any, number: int):
        self.name = f"cuda:{number}"
        self._cupy, self._number = cupy, number
        self._prepared: WeakKeyDictionary[Program[Any], tuple[Program[Any], dict[int, Any]]] = WeakKeyDictionary()
        free, _ = cupy.cuda.Device(number).mem_info
        self._room = Room(max(1, min(_AT_A_TIME, free // _BYTES_EACH)))

    def array(self, values: Array) -> Array:
        return self._cupy.asarray(values)

    def empty(self, shape: tuple[int, ...], dtype: type[np.floating]) -> Array:
        return self._cupy.empty(shape, dtype)

    def results(
        self,
        program: Program[Name],
        fetch: Callable[[Source], Any],
        n_paths: int,
        dtype: type[np.floating],
        stack: Stack[Name] = ALONE,
    ) -> Iterator[tuple[Name, Rows]]:
        """Results of the program with elementwise calls fused into kernels.

        Kernels are compiled once, and constants move to the GPU once. CuPy's calls take most numbers as they are.
        """
        if program not in self._prepared:
            quick = fused(program, dtype, self._compiled)
            # Results, and numbers that a call makes an array of, must be arrays of the device.
            needed = {*quick.results.values()} | {
                call.arguments[0] for call in quick.calls if call.function is np.broadcast_to
            }
            constants = {slot: self._moved(value, slot in needed) for slot, value in quick.constants.items()}
            self._prepared[program] = quick, constants
        quick, constants = self._prepared[program]
        return quick.run(fetch, n_paths, constants)

    def _compiled(self, kernel: Kernel) -> Callable[..., tuple[Array, ...]]:
        inputs, outputs = (", ".join(f"T {name}" for name in names) for names in (kernel.inputs, kernel.outputs))
        compiled = self._cupy.ElementwiseKernel(
            inputs, outputs, "\n".join(kernel.lines), "greeks_paths", preamble=PREAMBLE
        )

        def run(*arrays: Array) -> tuple[Array, ...]:
            found = compiled(*arrays)
            return found if isinstance(found, tuple) else (found,)

        return run

    def _moved(self, value: Any, is_result: bool) -> Any:
        return self._cupy.asarray(value) if is_result or isinstance(value, np.ndarray) else value

    def numbers(self, table: Array) -> NDArray[np.float64]:
        """A copy on the host, in one transfer, which waits for the calls that the numbers depend on."""
        on_host: NDArray[np.float64] = table.get()  # type: ignore[attr-defined]
        return on_host

    def normals(self, address: np.random.SeedSequence, count: int) -> Fill:
        philox = self._cupy.cuda.curand.CURAND_RNG_PSEUDO_PHILOX4_32_10
        generator = self._cupy.random.RandomState(int(address.generate_state(1, np.uint64)[0]), philox)

        def fill(out: Array) -> None:
            out[...] = generator.standard_normal(out.shape, out.dtype)

        return fill

    def run(self, work: Callable[[int], Answer]) -> Answer:
        """The answer of ``work``; as many blocks run at a time as the memory holds."""

        def on_gpu(pieces: int) -> Answer:
            with self._cupy.cuda.Device(self._number):
                return work(pieces)

        return self._room.run(on_gpu, self._cupy.get_default_memory_pool().free_all_blocks)

    def describe(self) -> str:
        """The name of the GPU, its model and its memory."""
        model = self._cupy.cuda.runtime.getDeviceProperties(self._number)["name"].decode()
        free, whole = self._cupy.cuda.Device(self._number).mem_info
        return f"{self.name} {model}, {free / 2**30:.1f} of {whole / 2**30:.1f} GiB free"


class Room:
    """Limits on blocks at a time and on the size of their pieces, halved whenever memory runs out."""

    def __init__(self, most: int):
        self._most, self._running, self._pieces = most, 0, 1
        self._changed = threading.Condition()

    def run(self, work: Callable[[int], Answer], free: Callable[[], object]) -> Answer:
        """The answer of ``work``, which is repeated when memory runs out; ``free`` releases unused memory.

        First fewer blocks run at a time. Then a block that runs alone is divided into more pieces.
        Raises GpuFailed where the memory does not hold the smallest piece.
        """
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._running < self._most)
                self._running += 1
                together, pieces = self._most, self._pieces
            try:
                return work(pieces)
            except MemoryError:
                if together == 1 and pieces >= _MOST_PIECES:
                    raise GpuFailed(
                        "the GPU's memory does not hold one block of paths; use device cpu, or fewer steps or dates"
                    ) from None
                with self._changed:
                    if together > 1:
                        self._most = min(self._most, together // 2)
                    else:
                        self._pieces = max(self._pieces, 2 * pieces)
            finally:
                with self._changed:
                    self._running -= 1
                    self._changed.notify_all()
            free()


def gpus() -> tuple[Gpu, ...]:
    """All GPUs that CUDA sees. Raises GpuFailed, which names the missing part, where they do not work."""
    found = _searched()
    if isinstance(found, GpuFailed):
        # A copy: an exception keeps the frames that it was raised in, and these keep whole books.
        raise copy(found)
    return found


@cache
def _searched() -> tuple[Gpu, ...] | GpuFailed:
    try:
        import cupy
    except ImportError as error:
        if isinstance(error, ModuleNotFoundError) and error.name == "cupy":
            remedy = "run: uv sync --extra cuda12, or pip install '.[cuda12]' (cuda13 for CUDA 13)"
            return GpuFailed(f"a GPU is used by CuPy, which is not installed; {remedy}")
        return GpuFailed("CuPy cannot be imported; install the one for your version of CUDA", str(error))
    try:
        count = cupy.cuda.runtime.getDeviceCount()
    except Exception as error:  # CuPy's exceptions, which have no name before its import
        return GpuFailed("CUDA finds no driver that it can use; install NVIDIA's driver, or a newer one", str(error))
    if not count:
        return GpuFailed("CUDA finds no GPU; see whether nvidia-smi shows one")
    try:
        with cupy.cuda.Device(0):
            cupy.ones(2).sum().get()  # compiling a kernel needs more of CUDA than counting devices
    except Exception as error:
        return GpuFailed("CuPy cannot compute on the GPU; install CUDA's libraries as CuPy's manual says", str(error))
    return tuple(Gpu(cupy, number) for number in range(count))
