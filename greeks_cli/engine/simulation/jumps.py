"""Numbers of jumps of a Poisson process, by the inverse of its distribution function."""

from math import exp, lgamma, log

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.autodiff.normal import normal_cdf

_DEVIATIONS = 9.0


def counts(expected: NDArray[np.float64], normals: NDArray[np.floating]) -> NDArray[np.floating]:
    """The number of jumps of each interval and path, of which ``expected`` are the means, shape (n_dates, n_paths)."""
    found = np.zeros_like(normals)
    for row, own, mean in zip(found, normals, expected.tolist(), strict=True):
        uniform, below = normal_cdf(own), 0.0
        for k in range(int(mean + _DEVIATIONS * (mean**0.5 + 1) + 10)):
            below += exp(k * log(mean) - mean - lgamma(k + 1))
            row += uniform > below
    return found
