"""C: an Asian call of 252 fixings, 100,000 paths; price, delta, vega, rho, theta and gamma."""

from greeks_cli.run.workloads import WORKLOADS
from tests.benchmarks import jax_peer, quantlib_peer
from tests.benchmarks.ours import floor, priced

PATHS, FIXINGS = 100_000, 252
GOALS = {"JAX": 4.0, "floor": 1 / 4}
CONTESTANTS = {
    "greeks": priced(WORKLOADS["C"][1]),
    "JAX": jax_peer.asian(PATHS, FIXINGS, 500),
    "QuantLib": quantlib_peer.asian(PATHS, FIXINGS),
    "floor": floor(WORKLOADS["C"][1]),
}
