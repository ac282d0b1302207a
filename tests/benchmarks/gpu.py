"""``python -m tests.benchmarks.gpu``: workloads A to C on a GPU, in one table.

Each contestant has a process of its own. Its first run, which may compile, is not counted; the others' median is.
``greeks`` runs with ``--device cuda:0 --sampler philox`` and has error bars; JAX and PyTorch take part if they are
installed and see the GPU. The floor is drawing the same normals with CuPy, and nothing else.
"""

import os
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from statistics import median

import numpy as np

from greeks_cli.engine.backends.cupy import Gpu, gpus
from greeks_cli.engine.backends.select import described
from greeks_cli.engine.execution.compile import plan
from greeks_cli.engine.simulation.normals import PATHS, address
from greeks_cli.run.price import run
from greeks_cli.run.workloads import WORKLOADS
from greeks_cli.terms.errors import GpuFailed
from greeks_cli.terms.request import Request
from tests.benchmarks import jax_peer, torch_peer
from tests.benchmarks.contest import Contestant

Prepare = Callable[[], Callable[[], object]]
_CASES = (("A", 10**5), ("B", 10**7), ("B", 10**8), ("B", 10**9), ("C", 10**5))
_NAMES = ("greeks", "JAX", "PyTorch", "floor")
_MODULES = {"JAX": "jax", "PyTorch": "torch"}
_CHUNK, _COPIED, _SLOW_SECONDS, _ROUNDS = 1 << 24, 1 << 27, 10.0, 5


def request_of(letter: str, paths: int, dtype: str) -> Request:
    """A workload of so many paths as a GPU runs it."""
    request = WORKLOADS[letter][1]
    update = {"paths": paths, "dtype": dtype, "device": "cuda:0", "sampler": "philox"}
    simulation = type(request.simulation).model_validate(dict(request.simulation) | update)
    return Request(request.contract, request.market, simulation, request.greeks)


def greeks(letter: str, paths: int, dtype: str) -> Prepare:
    """Our side."""
    return lambda: lambda: run(request_of(letter, paths, dtype))


def floor(letter: str, paths: int, dtype: str) -> Prepare:
    """Draws as many normals, a few at a time."""

    def prepare() -> Callable[[], object]:
        gpu, count = gpus()[0], paths * sum(plan(request_of(letter, 10**5, dtype)).blocks.steps)

        def draw(pieces: int) -> object:
            fill, buffer = gpu.normals(address(0, PATHS, 0), count), gpu.empty((_CHUNK,), np.dtype(dtype).type)
            for start in range(0, count, _CHUNK):
                fill(buffer[: min(_CHUNK, count - start)])
            return gpu.numbers(buffer[:1])  # waits for all of it

        return lambda: gpu.run(draw)

    return prepare


def jax(letter: str, paths: int, dtype: str) -> Prepare:
    """Chunks that fill a GPU and fit in it."""

    def prepare() -> Callable[[], object]:
        import jax

        if jax.default_backend() != "gpu":
            raise SystemExit("JAX is installed without its CUDA plugin")
        return _peer(jax_peer, letter, paths, dtype)()

    return prepare


def torch(letter: str, paths: int, dtype: str) -> Prepare:
    return _peer(torch_peer, letter, paths, dtype, "cuda")


def _peer(module: object, letter: str, paths: int, *settings: str) -> Prepare:
    size, chunk = {"A": (99, 10**5), "B": (1, 10**6), "C": (252, 10**5)}[letter]
    make = module.asian if letter == "C" else module.european  # type: ignore[attr-defined]
    return make(paths, size, chunk, *settings)


CONTESTANTS = {
    f"{name} {letter} {paths} {dtype}": make(letter, paths, dtype)
    for name, make in zip(_NAMES, (greeks, jax, torch, floor), strict=True)
    for letter, paths in _CASES
    for dtype in ("float64", "float32")
}


def seconds(name: str) -> str:
    """A contestant's median; ``-`` where it is not installed, ``failed`` where it says on stderr why."""
    module = _MODULES.get(name.split()[0])
    if module and find_spec(module) is None:
        return "-"
    try:
        contestant = Contestant(__spec__.name, name)
    except ValueError:  # it ended before it had a time to tell
        return "failed"
    rounds = 1 if contestant.first_seconds > _SLOW_SECONDS else _ROUNDS
    found = median(contestant.run() for _ in range(rounds))
    contestant.megabytes()  # ends it
    return f"{found:.4f}"


def bandwidth(gpu: Gpu) -> float:
    """Bytes that a second moves, read and written, where a large array is copied within the GPU."""

    def copy(pieces: int) -> float:
        one, other = gpu.empty((_COPIED,), np.float64), gpu.empty((_COPIED,), np.float64)
        one[...] = 0.0
        other[...] = one
        gpu.numbers(other[:1])
        started = time.perf_counter()
        for _ in range(_ROUNDS):
            other[...] = one
        gpu.numbers(other[:1])
        return 2 * 8 * _COPIED * _ROUNDS / (time.perf_counter() - started)

    return gpu.run(copy)


def main() -> None:
    """Print the table, row by row. Ends with status 1 and one line where there is no GPU."""
    os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false"
    try:
        gpu = gpus()[0]
    except GpuFailed as why:
        sys.exit(f"no GPU to measure: {why}")
    print(f"{described()}; memory moves {bandwidth(gpu) / 1e9:.0f} GB/s. Seconds:")
    print(f"{'workload':10} {'paths':>14} {'dtype':8}" + "".join(f"{name:>10}" for name in _NAMES))
    for letter, paths in _CASES:
        for dtype in ("float64", "float32"):
            cells = [seconds(f"{name} {letter} {paths} {dtype}") for name in _NAMES]
            print(f"{letter:10} {paths:14,} {dtype:8}" + "".join(f"{cell:>10}" for cell in cells), flush=True)


if __name__ == "__main__":
    main()
