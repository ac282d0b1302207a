"""``payoffs.given_ratios``: the mean over the first increment has the mean of the payoff, with less variance."""

import numpy as np
import pytest

from greeks_cli.engine.autodiff.first_price import NotIntegrable
from greeks_cli.engine.autodiff.kinks import Sharp
from greeks_cli.engine.autodiff.ops import values_of
from greeks_cli.engine.payoffs import discounted_payoff
from greeks_cli.engine.payoffs.given_ratios import mean_given_ratios
from greeks_cli.engine.simulation.markets import Markets
from greeks_cli.engine.simulation.path_data import Motion, PathData
from greeks_cli.engine.simulation.paths import PlainPath
from greeks_cli.terms.building import build_request

ASIAN = {"kind": "asian", "strike": 100, "fixings": 4}
FORMULA = {"kind": "formula", "param": {"K": 100}, "fixings": 4}
CONTRACTS = {
    "arithmetic": ASIAN,
    "put": {**ASIAN, "type": "put"},
    "geometric, past fixings": {**ASIAN, "average": "geometric", "past_fixings": [90, 95]},
    "past fixings": {**ASIAN, "past_fixings": [110, 120]},
    "fixed today": {**ASIAN, "fixings": None, "fixing_times": [0, 0.25, 0.5, 1]},
    "digital on a mean": {**FORMULA, "payoff": "where(mean(S) > K, 1, 0)"},
    "asset below a mean": {**FORMULA, "payoff": "where(gmean(S) <= K, S[-1], 0) + abs(S[1] - K)"},
}


def path_of(request, n_paths):
    normals = np.random.default_rng(3).standard_normal((len(request.path_dates), n_paths))
    return PlainPath(PathData(Motion(request.path_dates, normals), Markets.of([request])), request, request.values)


@pytest.mark.parametrize("name", CONTRACTS)
def test_the_mean_is_that_of_the_payoff(name):
    request = build_request(CONTRACTS[name], {"vol": 0.3, "rate": 0.04, "dividend_yield": 0.01}, {})
    path = path_of(request, 1 << 18)
    plain = values_of(discounted_payoff(request.contract, request.payoff_values, path, Sharp()))
    mean = mean_given_ratios(request.contract, request.payoff_values, path)
    error = (plain - mean).std() / np.sqrt(len(mean))
    assert abs((plain - mean).mean()) <= 4 * error
    assert mean.var() < plain.var()


@pytest.mark.parametrize(
    "contract",
    [
        {**ASIAN, "strike_kind": "floating", "strike": None},
        {**FORMULA, "payoff": "max(max(S) - K, 0)"},
        {**FORMULA, "payoff": "max(S[0] - K, 0) ** 2"},
        {"kind": "barrier", "barrier_type": "down-out", "strike": 100, "barrier": 90, "monitoring": 4},
    ],
    ids=["a kink between prices", "an extreme", "a square", "a barrier"],
)
def test_other_payoffs_have_no_known_mean(contract):
    request = build_request(contract, {"vol": 0.3}, {})
    with pytest.raises(NotIntegrable):
        mean_given_ratios(request.contract, request.payoff_values, path_of(request, 4))
