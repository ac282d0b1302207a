"""What one writes first: price, delta and gamma of an option in thirty lines of Chainer.

No error bars, all paths at once, and a gamma that is NaN at high volatility. The benchmarks
compare with it. Run it as ``python -m tests.benchmarks.textbook``.
"""

import numpy as np

from greeks_cli.engine.autodiff.chainer_runtime import F, chainer

N_PATHS, N_STEPS = 100_000, 99
SPOT, STRIKE, RATE, EXPIRY = 100.0, 100.0, 0.01, 1.0


def price_delta_gamma(vol: float = 0.1, seed: int = 0) -> tuple[float, float, float]:
    """The plain estimates, without any notion of their errors."""
    normals = np.random.default_rng(seed).standard_normal((N_STEPS, N_PATHS))
    spot = chainer.Variable(np.full(N_PATHS, SPOT))
    dt = EXPIRY / N_STEPS
    at = spot
    for step in range(N_STEPS):
        at = at * np.exp((RATE - vol**2 / 2) * dt + vol * np.sqrt(dt) * normals[step])
    price = F.average(np.exp(-RATE * EXPIRY) * F.softplus(at - STRIKE, beta=10))
    (deltas,) = chainer.grad([price], [spot], enable_double_backprop=True)
    delta = F.sum(deltas)
    (gammas,) = chainer.grad([delta], [spot])
    return float(price.array), float(delta.array), float(F.sum(gammas).array)


if __name__ == "__main__":
    print(price_delta_gamma())
