"""``estimators.integrable``: the requests whose first increment is integrated, and their Greeks' truth and variance."""

import pytest

from greeks_cli.engine.estimators.integrable import integrates_first
from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request
from tests.benchmarks.variance import HARD, gains

ASIAN = {"kind": "asian", "strike": 100, "fixings": 12}
MARKET = {"vol": 0.2, "rate": 0.03, "dividend_yield": 0.01}


@pytest.mark.parametrize(
    ("contract", "settings", "expected"),
    [
        (ASIAN, {}, True),
        (ASIAN, {"control": True}, True),
        ({"kind": "formula", "payoff": "max(k * mean(S) - 100, 0)", "param": {"k": 1}, "fixings": 3}, {}, True),
        ({"kind": "formula", "payoff": "max(S[-1] - S[0], 0)", "fixings": 3}, {}, False),
        ({"strike": 100}, {}, False),
        ({"kind": "asian", "strike": 100, "exercise": "bermudan", "exercise_times": [0.5, 1]}, {}, False),
        ({"kind": "lookback", "strike": 105, "monitoring": 6}, {}, False),
    ],
    ids=["asian", "its control too", "formula", "kink between prices", "one date", "early exercise", "lookback"],
)
def test_requests_whose_first_increment_integrates(contract, settings, expected):
    request = build_request(contract, MARKET, settings, "gamma")
    assert integrates_first(request) == expected


def test_dividends_in_cash_break_proportions():
    market = {**MARKET, "dividends": "0.4:3", "dividend_model": "jump"}
    assert not integrates_first(build_request(ASIAN, market, {}, "gamma"))


@pytest.mark.parametrize("settings", [{}, {"antithetic": True}, {"sampler": "sobol"}, {"control": True}], ids=str)
@pytest.mark.parametrize("type", ["call", "put"])
def test_geometric_asians_agree_with_the_closed_form(type, settings):
    contract = {**ASIAN, "average": "geometric", "type": type, "past_fixings": [104, 97]}
    request = build_request(contract, MARKET, {"paths": 1 << 16, "estimator": "conditional", **settings}, "all")
    result = run(request)
    assert len(result.estimates) > 15
    for estimate in result.estimates:
        assert estimate.estimator == "conditional"
        assert abs(estimate.value - estimate.exact) <= 4 * estimate.stderr + estimate.bias, estimate


def test_gamma_of_an_asian_has_a_fifth_of_the_variance_and_less_with_a_control():
    """At equal paths, over the least error of pathwise, likelihood ratio and mixed estimates."""
    for name, least in (("Asian, 12 fixings", 5), ("the same, `--control`", 20)):
        contract, settings, _ = HARD[name]
        assert gains(contract, settings, "gamma")["gamma"] >= least, name
