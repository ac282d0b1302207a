"""The same work by AADC: a recording of one path, compiled for vector lanes and replayed on all cores.

Its derivatives are of first order: gamma is a difference of deltas on the same paths. No error bars.
"""

from collections.abc import Callable
from math import sqrt

import numpy as np

from greeks_cli.run.machine.cores import available_cores
from tests.benchmarks.drawn import sums_of_normals
from tests.benchmarks.jax_peer import MARKET

_BETA, _BUMP = 10.0, 0.01


def european(n_paths: int, n_steps: int) -> Callable[[], Callable[[], object]]:
    """Price, delta and gamma."""

    def prepare() -> Callable[[], object]:
        import aadc

        start, rate, T, K = MARKET
        vol, sums, threads = 0.1, sums_of_normals(n_paths, n_steps), aadc.ThreadPool(available_cores())
        with aadc.record_kernel() as kernel:
            spot, brownian = aadc.idouble(start), aadc.idouble(0.0)
            spot_in, brownian_in = spot.mark_as_input(), brownian.mark_as_input()
            excess = spot * np.exp((rate - vol**2 / 2) * T + vol * brownian) - K
            paid = (np.log(1.0 + np.exp(_BETA * excess)) * (np.exp(-rate * T) / _BETA)).mark_as_output()
        kernel.compile("auto")

        def at(spot: float, ends: np.ndarray) -> tuple[float, float]:
            """Price and delta."""
            values, slopes, _ = aadc.evaluate(kernel, {paid: [spot_in]}, {spot_in: spot, brownian_in: ends}, threads)
            return np.mean(values[paid]), np.mean(slopes[paid][spot_in])

        def work() -> tuple[float, float, float]:
            ends = sums() * sqrt(T / n_steps)
            (price, delta), (_, down), (_, up) = (at(start + bump, ends) for bump in (0.0, -_BUMP, _BUMP))
            return price, delta, (up - down) / (2 * _BUMP)

        return work

    return prepare
