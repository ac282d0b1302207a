"""The same work on paths of stochastic-rs: geometric Brownian motion by Euler steps, on all cores.

It has no derivatives of simulated prices: delta and gamma are those of the softplus, path by path, written by hand.
"""

from collections.abc import Callable

import numpy as np

from tests.benchmarks.jax_peer import MARKET

_BETA, _AT_ONCE = 10.0, 5_000


def european(n_paths: int, n_steps: int) -> Callable[[], Callable[[], object]]:
    """Price, delta and gamma."""

    def prepare() -> Callable[[], object]:
        import stochastic_rs

        spot, rate, T, K = MARKET
        motion = stochastic_rs.PyGbm(rate, 0.1, n_steps + 1, spot, T)

        def block() -> tuple[float, float, float]:
            end = np.asarray(motion.sample_par(_AT_ONCE))[:, -1]
            scaled, moved = _BETA * (end - K), end / spot
            inside = 1 / (1 + np.exp(-scaled))
            price = np.logaddexp(0, scaled).mean() / _BETA
            return price, (inside * moved).mean(), (_BETA * inside * (1 - inside) * moved * moved).mean()

        return lambda: np.exp(-rate * T) * np.mean([block() for _ in range(n_paths // _AT_ONCE)], axis=0)

    return prepare
