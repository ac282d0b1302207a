"""The floor under all: normals of Intel's MKL by the inverse distribution function, and nothing else, on all cores."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from greeks_cli.run.machine.cores import available_cores

_AT_ONCE = 20_000
"""Normals that stay in the cache."""


def normals(count: int) -> Callable[[], Callable[[], object]]:
    """Draws so many normals; each thread has a stream of its own."""

    def prepare() -> Callable[[], object]:
        import mkl_random

        n_threads = available_cores()
        threads = ThreadPoolExecutor(n_threads)
        streams = [mkl_random.MKLRandomState(seed, brng="SFMT19937") for seed in range(n_threads)]

        def draw(stream: "mkl_random.MKLRandomState") -> None:
            for _ in range(count // (n_threads * _AT_ONCE)):
                stream.standard_normal(_AT_ONCE, method="ICDF")

        return lambda: list(threads.map(draw, streams))

    return prepare
