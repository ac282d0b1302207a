"""Random numbers with an address: a pure function of seed, stream and block.

Source of the generator: SFC64 (C. Doty-Humphrey, PractRand), the fastest of NumPy's; its state
is filled by ``SeedSequence`` with the address as spawn key, so blocks are independent whatever
ran before, on whatever thread or machine.
"""

import numpy as np
from numpy.typing import NDArray

PATHS, PILOT, SCRAMBLES = 0, 1, 2
"""Streams: the numbers of the estimate, those that choose its settings, those that scramble."""

_CHUNK = 1 << 17
"""Numbers drawn at a time; few enough to stay in the cache of one core."""


def address(seed: int, stream: int, block: int) -> np.random.SeedSequence:
    """Where a block's random numbers begin."""
    return np.random.SeedSequence(seed, spawn_key=(stream, block))


def standard_normals(
    seed: int, stream: int, block: int, steps: tuple[int, ...], n_paths: int, dtype: type[np.floating]
) -> NDArray[np.floating]:
    """Standard normals of shape (n_dates, n_paths), one per interval between dates.

    ``steps[i]`` exact increments are drawn for interval i and summed; the sum is divided by
    the square root of their number.
    """
    generator = np.random.Generator(np.random.SFC64(address(seed, stream, block)))
    if all(n == 1 for n in steps):
        return generator.standard_normal((len(steps), n_paths), dtype=dtype)
    normals = np.empty((len(steps), n_paths), dtype)
    rows = max(1, _CHUNK // n_paths)
    buffer = np.empty((rows, n_paths), dtype)
    for row, count in zip(normals, steps, strict=True):
        row[:] = 0
        for drawn in range(0, count, rows):
            chunk = buffer[: min(rows, count - drawn)]
            generator.standard_normal(out=chunk, dtype=dtype)
            row += chunk.sum(axis=0)
        row /= np.sqrt(count)
    return normals
