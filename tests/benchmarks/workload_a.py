"""A: 100,000 paths of 99 steps; price, delta and gamma of the 10%-vol call, softplus of beta 10."""

from greeks_cli.run.workloads import WORKLOADS
from tests.benchmarks import jax_peer, quantlib_peer
from tests.benchmarks.ours import floor, priced
from tests.benchmarks.textbook import price_delta_gamma

PATHS, STEPS = 100_000, 99
GOALS = {"JAX": 2.5, "textbook": 12.0, "floor": 1 / 1.4}
CONTESTANTS = {
    "greeks": priced(WORKLOADS["A"][1]),
    "textbook": lambda: price_delta_gamma,
    "JAX": jax_peer.european(PATHS, STEPS, 5_000),
    "QuantLib": quantlib_peer.european(PATHS, STEPS),
    "floor": floor(WORKLOADS["A"][1]),
}
