"""Normals for peers that have none, or whose own are slower: NumPy's, on all cores, summed along each path."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from greeks_cli.run.machine.cores import available_cores

_BLOCK = 2_000
"""Paths whose normals stay in the cache."""


def sums_of_normals(n_paths: int, n_steps: int) -> Callable[[], np.ndarray]:
    """A function that gives the sum of each path's normals, of new ones at every call."""
    sums, threads = np.empty(n_paths), ThreadPoolExecutor(available_cores())
    blocks = [sums[start : start + _BLOCK] for start in range(0, n_paths, _BLOCK)]
    generators = [np.random.Generator(np.random.SFC64(seed)) for seed in range(len(blocks))]

    def draw(block: np.ndarray, generator: np.random.Generator) -> None:
        np.sum(generator.standard_normal((n_steps, len(block))), axis=0, out=block)

    def work() -> np.ndarray:
        list(threads.map(draw, blocks, generators))
        return sums

    return work
