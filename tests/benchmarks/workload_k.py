"""K: a call on the mean of five correlated lognormals, a million paths: price and all 15 second orders in the spots."""

from greeks_cli.terms.building import build_request
from tests.benchmarks import jax_peer
from tests.benchmarks.ours import priced

PATHS, RHO = 1_000_000, 0.5
SPOTS, VOLS = (100.0, 95.0, 105.0, 90.0, 110.0), (0.2, 0.25, 0.3, 0.22, 0.28)
GOALS = {"JAX": 2.0}
_UNDERLYINGS = {name: {"spot": spot, "vol": vol} for name, spot, vol in zip("ABCDE", SPOTS, VOLS, strict=True)}
_MARKET = {"underlying": _UNDERLYINGS, "correlation": RHO, "rate": 0.01}
CONTESTANTS = {
    "greeks": priced(build_request({"kind": "basket", "strike": 100}, _MARKET, {"paths": PATHS}, "hessian")),
    "JAX": jax_peer.basket(PATHS, SPOTS, VOLS, RHO, 5000),
}
