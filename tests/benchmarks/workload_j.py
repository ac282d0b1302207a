"""J: a European call under Heston, 252 steps x 100,000 paths; price, five first-order Greeks and gamma.

JAX takes steps of full truncation, which are biased more.
"""

from greeks_cli.terms.building import build_request
from tests.benchmarks import jax_peer
from tests.benchmarks.ours import priced

PATHS, STEPS = 100_000, 252
GOALS = {"JAX": 2.0}
_MARKET = {
    "model": "heston",
    "rate": 0.02,
    "initial_variance": 0.04,
    "mean_reversion": 2.0,
    "long_run_variance": 0.05,
    "vol_of_vol": 0.3,
    "spot_vol_correlation": -0.7,
}
_GREEKS = "delta,rho,d(initial_variance),d(vol_of_vol),d(spot_vol_correlation),gamma"
CONTESTANTS = {
    "greeks": priced(build_request({"strike": 100}, _MARKET, {"paths": PATHS, "steps": STEPS}, _GREEKS)),
    "JAX": jax_peer.heston(PATHS, STEPS, 5000),
}
