"""Random numbers with an address: a pure function of seed, stream and block.

The address is the spawn key of a ``SeedSequence``, so a block has the same numbers in any order, on any thread or
machine.
"""

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.backends.backend import HOST, Device
from greeks_cli.engine.compiler import elementary

PATHS, PILOT, SCRAMBLES, TAILS, EXERCISE = 0, 1, 2, 3, 4
"""Streams of random numbers: of the estimate, the pilot, the scrambles, paths far out, and exercise policies."""

_CHUNK = 1 << 18
"""Numbers drawn at a time: few enough for the shared cache, and enough that threads seldom wait between calls."""
_MOST_KEPT = 1 << 15
"""Numbers of an array that is kept, at most: 64 arrays have 16 megabytes."""


def address(seed: int, stream: int, block: int) -> np.random.SeedSequence:
    """The seed sequence of a block's random numbers."""
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
    """Standard normals of shape (n_dates, n_paths), one per interval between dates, drawn in a device's memory.

    ``steps[i]`` exact increments are drawn for interval i and summed; the sum is divided by
    the square root of their number. Small arrays of the processor are kept, and cannot be written to: later requests
    of the same seed and dates have the same numbers.
    """
    if device is HOST and sum(steps) * n_paths <= _MOST_KEPT:
        return _kept(seed, stream, block, steps, n_paths, np.dtype(dtype).char)
    return _drawn(seed, stream, block, steps, n_paths, dtype, device)


@elementary.kept(64)
def _kept(seed: int, stream: int, block: int, steps: tuple[int, ...], n_paths: int, char: str) -> NDArray[np.floating]:
    normals = _drawn(seed, stream, block, steps, n_paths, np.dtype(char).type, HOST)
    normals.setflags(write=False)
    return normals


def _drawn(
    seed: int,
    stream: int,
    block: int,
    steps: tuple[int, ...],
    n_paths: int,
    dtype: type[np.floating],
    device: Device,
) -> NDArray[np.floating]:
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
