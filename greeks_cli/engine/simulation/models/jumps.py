"""Numbers of jumps of a Poisson process, by the inverse of its distribution function."""

from functools import lru_cache
from math import exp, inf, lgamma, log

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.autodiff.normal import normal_cdf

_DEVIATIONS = 9.0
_AT_ONCE = 1 << 14
"""Numbers that are counted at once: they stay in the cache, and short rows take few calls."""


def counts(expected: NDArray[np.float64], normals: NDArray[np.floating]) -> NDArray[np.floating]:
    """The number of jumps of each interval and path, of which ``expected`` are the means, shape (n_dates, n_paths)."""
    found = np.zeros_like(normals)
    means, n_rows = expected.tolist(), max(1, _AT_ONCE // normals.shape[1])
    for start in range(0, len(means), n_rows):
        some = slice(start, start + n_rows)
        _count([_distribution(mean) for mean in means[some]], normal_cdf(normals[some]), found[some])
    return found


def _count(tables: list[tuple[float, ...]], uniform: NDArray[np.floating], out: NDArray[np.floating]) -> None:
    """Adds to each number of a row the probabilities in the row's table that are below a uniform number."""
    length = max(map(len, tables))
    columns = np.array([[*table, *[inf] * (length - len(table))] for table in tables], uniform.dtype)
    for below in columns.T:
        out += uniform > np.asarray(below[:, None], like=uniform)


@lru_cache(maxsize=4096)
def _distribution(mean: float) -> tuple[float, ...]:
    """The probabilities of at most 0, 1, 2, ... jumps, to where no more of them differ."""
    found, below = [], 0.0
    for k in range(int(mean + _DEVIATIONS * (mean**0.5 + 1) + 10)):
        before, below = below, below + exp(k * log(mean) - mean - lgamma(k + 1))
        if k > mean and below == before:
            break
        found.append(below)
    return tuple(found)
