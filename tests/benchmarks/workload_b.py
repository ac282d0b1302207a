"""B: 10 million paths of one step; price, delta and gamma of the 10%-vol call, softplus of beta 10."""

from greeks_cli.run.workloads import WORKLOADS
from tests.benchmarks import jax_peer, quantlib_peer
from tests.benchmarks.ours import floor, priced

PATHS = 10_000_000
GOALS = {"JAX": 2.0}
CONTESTANTS = {
    "greeks": priced(WORKLOADS["B"][1]),
    "JAX": jax_peer.european(PATHS, 1, 200_000),
    "QuantLib": quantlib_peer.european(PATHS, 1),
    "floor": floor(WORKLOADS["B"][1]),
}
