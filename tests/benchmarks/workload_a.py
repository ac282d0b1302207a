"""A: 100,000 paths of 99 steps; price, delta and gamma of the 10%-vol call, softplus of beta 10."""

from greeks_cli.run.workloads import WORKLOADS
from tests.benchmarks import aadc_peer, elworthy_peer, jax_peer, mkl_floor, quantlib_peer, stochastic_rs_peer
from tests.benchmarks.ours import floor, priced
from tests.benchmarks.textbook import price_delta_gamma

PATHS, STEPS = 100_000, 99
GOALS = {"JAX": 2.5, "textbook": 12.0, "stochastic-rs": 2.0, "floor": 1 / 1.4}
CONTESTANTS = {
    "greeks": priced(WORKLOADS["A"][1]),
    "textbook": lambda: price_delta_gamma,
    "JAX": jax_peer.european(PATHS, STEPS, 5_000),
    "stochastic-rs": stochastic_rs_peer.european(PATHS, STEPS),
    "elworthy": elworthy_peer.european(PATHS, STEPS),
    "AADC": aadc_peer.european(PATHS, STEPS),
    "QuantLib": quantlib_peer.european(PATHS, STEPS),
    "quantlib-takt": quantlib_peer.european(PATHS, STEPS),
    "floor": floor(WORKLOADS["A"][1]),
    "floor by MKL": mkl_floor.normals(PATHS * STEPS),
}
PACKAGES = {"quantlib-takt": "quantlib-takt==1.43"}
LACKS = {
    "textbook": "error bars",
    "JAX": "error bars",
    "stochastic-rs": "error bars and derivatives, which are written by hand; Euler steps",
    "elworthy": "gamma; price and delta have error bars; normals are NumPy's",
    "AADC": "error bars and second derivatives, gamma is a difference; normals are NumPy's",
    "QuantLib": "derivatives, which are differences; the price has an error bar, unused",
    "quantlib-takt": "derivatives, which are differences; the price has an error bar, unused",
}
"""What a contestant does not give of price, delta, gamma and their error bars."""
