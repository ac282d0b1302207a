"""Scrambled Sobol normals, one independent scramble at a time.

Points and scrambling (a random linear matrix and a digital shift) are SciPy's, with the
direction numbers of S. Joe and F. Kuo (2008). Each coordinate of n points has one point in every
n-th part of the unit interval. The place within the part is drawn independently for each point, as
in Owen's scrambling. By the matrix alone, the place is the same for many points in a few scrambles:
their means have heavy tails, and error bars are too small. A Brownian bridge spends the first and
best coordinates on the largest scale of the motion (B. Moskowitz and R. Caflisch, 1996).
"""

from collections import deque

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.simulation.grid import Grid
from greeks_cli.engine.simulation.normals import SCRAMBLES, address
from greeks_cli.terms.errors import GreeksError, MissingExtra


def sobol_normals(
    seed: int, scramble: int, dates: tuple[float, ...], steps: tuple[int, ...], n_paths: int
) -> NDArray[np.float64]:
    """Standard normals of shape (n_dates, n_paths), one per interval between dates.

    ``n_paths`` is a power of two. Raises MissingExtra where SciPy is not installed, GreeksError for too many normals.
    """
    times = _times(dates, steps)
    motion = _bridge(_points(seed, scramble, sum(steps), n_paths), times)[np.cumsum(steps) - 1]
    return _increments(motion, np.array(dates))


def sobol_normals_of_grid(
    seed: int, scramble: int, dates: tuple[float, ...], grid: Grid, n_paths: int
) -> NDArray[np.float64]:
    """Standard normals of a grid, shape (n_rows, n_paths): bridges over dates and over time steps, others as they are.

    The bridges of several underlyings take turns, so that the best coordinates are the ends of all.
    ``n_paths`` is a power of two. Raises as ``sobol_normals`` does.
    """
    normals = _points(seed, scramble, grid.n_rows, n_paths)
    n, at = grid.n_underlyings, np.array(dates)
    rows = [_increments(_bridge(normals[k : n * grid.n_dates : n], at), at) for k in range(n)]
    rows.append(normals[grid.jumps.start : grid.extremes.stop])
    if grid.steps:
        times, left, n = _times(dates, grid.steps), normals[grid.extremes.stop :], grid.n_stepped
        rows += [_increments(_bridge(left[k::n], times), times) for k in range(n)]
    return np.concatenate(rows)


def _points(seed: int, scramble: int, n_rows: int, n_paths: int) -> NDArray[np.float64]:
    try:
        from scipy.special import ndtri
        from scipy.stats.qmc import Sobol
    except ImportError:
        raise MissingExtra("sampler sobol", "SciPy", "sobol") from None
    if n_rows > Sobol.MAXDIM:
        counted = f"has {Sobol.MAXDIM:,} coordinates at most, and a path wants {n_rows:,} normals"
        raise GreeksError(f"sampler sobol {counted}; use sampler random, or fewer steps or dates")
    generator = np.random.default_rng(address(seed, SCRAMBLES, scramble))
    cells = np.floor(Sobol(n_rows, scramble=True, rng=generator).random(n_paths).T * n_paths)
    found: NDArray[np.float64] = ndtri((cells + generator.uniform(2.0**-30, 1, cells.shape)) / n_paths)
    return found


def _times(dates: tuple[float, ...], steps: tuple[int, ...]) -> NDArray[np.float64]:
    """The ends of equal steps between dates."""
    starts = (0.0, *dates[:-1])
    return np.concatenate([np.linspace(a, b, n + 1)[1:] for a, b, n in zip(starts, dates, steps, strict=True)])


def _increments(motion: NDArray[np.float64], times: NDArray[np.float64]) -> NDArray[np.float64]:
    """The increments of Brownian motion, over their deviations."""
    standard: NDArray[np.float64] = np.diff(motion, axis=0, prepend=0.0) / np.sqrt(np.diff(times, prepend=0.0))[:, None]
    return standard


def _bridge(normals: NDArray[np.float64], times: NDArray[np.float64]) -> NDArray[np.float64]:
    """Brownian motion at increasing times: its end first, then midpoints, coarse to fine."""
    motion = np.empty_like(normals)
    coordinates = iter(normals)
    motion[-1] = np.sqrt(times[-1]) * next(coordinates)
    gaps = deque([(-1, len(times) - 1)])
    while gaps:
        left, right = gaps.popleft()
        if right - left < 2:
            continue
        middle = (left + right) // 2
        start, here, end = (times[left] if left >= 0 else 0.0), times[middle], times[right]
        share = (here - start) / (end - start)
        motion[middle] = share * motion[right] + np.sqrt(share * (end - here)) * next(coordinates)
        if left >= 0:
            motion[middle] += (1 - share) * motion[left]
        gaps += [(left, middle), (middle, right)]
    return motion
