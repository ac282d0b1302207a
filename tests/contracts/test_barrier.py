"""A barrier watched at all times: its second derivatives meet the kink where the underlying ends at it."""

import pytest

from greeks_cli.run.local import run
from greeks_cli.terms.request import build_request
from tests.conftest import assert_agrees

MARKETS = ({"vol": 0.2}, {"vol": 0.45, "spot": 95, "rate": 0.02, "dividend_yield": 0.04})


@pytest.mark.parametrize("estimator", ["auto", "pathwise", "mixed", "likelihood"])
@pytest.mark.parametrize("market", MARKETS, ids=("vol 20%", "vol 45%"))
@pytest.mark.parametrize(
    "barrier",
    [
        {"strike": 100, "barrier": 120, "barrier_type": "up-out"},
        {"strike": 100, "barrier": 120, "barrier_type": "up-in", "type": "put", "rebate": 2},
        {"strike": 100, "barrier": 90, "barrier_type": "down-out", "rebate": 1},
        {"strike": 90, "barrier": 90, "barrier_type": "down-out", "rebate": 1},
    ],
    ids=lambda barrier: "{strike} {barrier} {barrier_type}".format(**barrier),
)
def test_no_bias_is_seen_with_a_million_paths(barrier, market, estimator):
    settings = {"paths": 1_000_000, "seed": 3, "estimator": estimator}
    assert_agrees(run(build_request({"kind": "barrier", **barrier}, market, settings, "delta,gamma,vega,vanna,volga")))
