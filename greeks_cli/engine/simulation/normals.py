"""Random numbers with an address: a pure function of seed, stream and block.

The address is the spawn key of a ``SeedSequence``, so blocks are independent whatever ran before, on whatever
thread or machine.
"""

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.backends.backend import HOST, Device

PATHS, PILOT, SCRAMBLES = 0, 1, 2
"""Streams: the numbers of the estimate, those that choose its settings, those that scramble."""

_CHUNK = 1 << 18
"""Numbers drawn at a time: few enough for the cache that cores share, and no fewer, for threads wait between calls."""


def address(seed: int, stream: int, block: int) -> np.random.SeedSequence:
    """Where a block's random numbers begin."""
    return np.random.SeedSequence(seed, spawn_key=(stream, block))


def standard_normals(
    seed: int,
    stream: int,
    block: int,
    steps: tuple[int, ...],
    n_paths: int,
    dtype: type[np.floating],
    device: Device = HOST,
) -> NDArray[np.floating]:
    """Standard normals of shape (n_dates, n_paths), one per interval between dates, drawn by a device and there.

    ``steps[i]`` exact increments are drawn for interval i and summed; the sum is divided by
    the square root of their number.
    """
    fill = device.normals(address(seed, stream, block), sum(steps) * n_paths)
    normals = device.empty((len(steps), n_paths), dtype)
    if all(n == 1 for n in steps):
        fill(normals)
        return normals
    rows = max(1, _CHUNK // n_paths)
    buffer = device.empty((rows, n_paths), dtype)
    for row, count in zip(normals, steps, strict=True):
        row[:] = 0
        for drawn in range(0, count, rows):
            chunk = buffer[: min(rows, count - drawn)]
            fill(chunk)
            row += chunk.sum(axis=0)
        row /= np.sqrt(count)
    return normals
