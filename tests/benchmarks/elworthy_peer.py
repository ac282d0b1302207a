"""The same work by elworthy: price and delta by the weight of Bismut, Elworthy and Li, each with its standard error.

It takes the ends of the paths from its user, has no softplus (the payoff is the call) and no gamma.
"""

from collections.abc import Callable
from math import sqrt

import numpy as np

from tests.benchmarks.drawn import sums_of_normals
from tests.benchmarks.jax_peer import MARKET


def european(n_paths: int, n_steps: int) -> Callable[[], Callable[[], object]]:
    """Price and delta, undiscounted, with standard errors."""

    def prepare() -> Callable[[], object]:
        import elworthy

        spot, rate, T, K = MARKET
        vol, sums = 0.1, sums_of_normals(n_paths, n_steps)

        def work() -> tuple[float, float, float, float]:
            brownian = sums() * sqrt(T / n_steps)
            ends = spot * np.exp((rate - vol**2 / 2) * T + vol * brownian)
            return elworthy.price_and_delta_constant_flow(ends, brownian, T, vol * spot, "call", K)

        return work

    return prepare
