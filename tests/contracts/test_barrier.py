"""Barrier options: monitored continuously, second derivatives meet a kink where the underlying ends at the barrier."""

from math import exp

import pytest

from greeks_cli.run.books.paths import run_together
from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request
from greeks_cli.terms.errors import InvalidInput
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
def test_a_million_paths_agree_without_the_stated_bias(barrier, market, estimator):
    settings = {"paths": 1_000_000, "seed": 3, "estimator": estimator}
    result = run(build_request({"kind": "barrier", **barrier}, market, settings, "delta,gamma,vega,vanna,volga"))
    assert_agrees(result)
    for estimate in result.estimates:
        assert abs(estimate.value - estimate.exact) <= 3 * estimate.stderr, estimate


def on_12_dates(strike):
    barrier = {"kind": "barrier", "strike": strike, "barrier": 90, "barrier_type": "down-in", "monitoring": "12"}
    return build_request(barrier, {"vol": 0.2}, {"paths": 20_000}, "delta,gamma")


def test_strike_above_the_barrier_is_not_changed_by_a_strike_below():
    """Run alone, after the other strike, and in one book with it; the traced program of one may serve both."""
    above, below = run(on_12_dates(100)).estimates, run(on_12_dates(80)).estimates
    assert run(on_12_dates(100)).estimates == above
    assert [answer.estimates for answer in run_together([on_12_dates(80), on_12_dates(100)])] == [below, above]
    assert above[0].value == pytest.approx(0.75, abs=0.1)


@pytest.mark.parametrize("smoothed", [{}, {"beta": 10}, {"smoothing": "none"}], ids=str)
@pytest.mark.parametrize("strike", [85, 95, 105, 115])
@pytest.mark.parametrize("option", ["call", "put"])
@pytest.mark.parametrize(("barrier", "kind"), [(95, "down-in"), (95, "down-out"), (105, "up-in"), (105, "up-out")])
def test_every_strike_and_smoothing_agrees_with_the_closed_form(barrier, kind, option, strike, smoothed):
    contract = {"kind": "barrier", "barrier_type": kind, "barrier": barrier, "strike": strike, "type": option}
    greeks = "delta" if "smoothing" in smoothed else "delta,gamma"
    assert_agrees(run(build_request(contract, {"vol": 0.2}, {"paths": 50_000, **smoothed}, greeks)))


def test_a_barrier_at_its_strike_shares_no_trace_with_one_beyond_it():
    terms = {"kind": "barrier", "barrier_type": "up-out", "type": "put", "barrier": 120}
    requests = [
        build_request({**terms, "strike": strike}, {"vol": 0.2, "rate": 0.03}, {"paths": 20_000}, "delta")
        for strike in (120, 100)
    ]
    for result in run_together(requests):
        assert abs(result["price"].value - result["price"].exact) < 4 * result["price"].stderr


@pytest.mark.parametrize(
    "near", [{"barrier": 99.9999999}, {"barrier": 80, "strike": 80.0000001}], ids=("at the spot", "at the strike")
)
def test_barrier_that_float32_cannot_tell_apart_shares_no_trace_with_one_that_it_can(near):
    requests = [
        build_request(
            {"kind": "barrier", "barrier_type": "down-out", "barrier": 80, "strike": 100, **terms},
            {"vol": 0.2},
            {"paths": 20_000, "dtype": "float32"},
            "delta",
        )
        for terms in (near, {}, {"strike": 79})
    ]
    for result in run_together(requests)[1:]:
        for estimate in result.estimates:
            assert abs(estimate.value - estimate.exact) <= 4 * estimate.stderr + estimate.bias


KNOCKED_IN = {"strike": 100, "barrier": 90, "barrier_type": "down-in", "knocked": "in", "rebate": 3}
KNOCKED_OUT = {"strike": 100, "barrier": 120, "barrier_type": "up-out", "knocked": "out", "type": "put"}


def knocked(terms, greeks="delta,gamma,vega,theta,rho,d(barrier)", **settings):
    return build_request({"kind": "barrier", **terms}, MARKETS[1], {"paths": 40_000, **settings}, greeks)


@pytest.mark.parametrize("monitoring", ["continuous", 12])
@pytest.mark.parametrize("option", ["call", "put"])
def test_knocked_in_option_is_the_european_on_the_same_paths(option, monitoring):
    found = run(knocked({**KNOCKED_IN, "type": option, "monitoring": monitoring}))
    european = build_request({"strike": 100, "type": option}, MARKETS[1], {"paths": 40_000}, "delta,gamma,vega,theta")
    for one in run(european).estimates:
        other = found[one.greek.name]
        assert (other.value, other.stderr, other.exact) == pytest.approx((one.value, one.stderr, one.exact), rel=1e-12)
    assert found["d(barrier)"].value == found["d(barrier)"].exact == 0


@pytest.mark.parametrize("rebate", [0, 4])
@pytest.mark.parametrize("monitoring", ["continuous", 12])
def test_knocked_out_option_is_its_discounted_rebate(monitoring, rebate):
    expected = {"price": rebate * exp(-0.02), "theta": 0.02 * rebate * exp(-0.02), "rho": -rebate * exp(-0.02)}
    for estimate in run(knocked({**KNOCKED_OUT, "monitoring": monitoring, "rebate": rebate})).estimates:
        assert estimate.stderr == estimate.bias == 0
        assert estimate.value == pytest.approx(expected.get(estimate.greek.name, 0), rel=1e-12)
        assert estimate.exact == pytest.approx(estimate.value, rel=1e-12)
        assert estimate.warning is None


def test_knocked_and_live_barriers_have_their_own_numbers():
    trades = [knocked({**KNOCKED_OUT, "rebate": 4, "knocked": state}, "delta,gamma") for state in ("out", None)]
    assert [answer.estimates for answer in run_together(trades)] == [run(trade).estimates for trade in trades]


@pytest.mark.parametrize(("terms", "state"), [(KNOCKED_IN, "out"), (KNOCKED_OUT, "in")], ids=("in", "out"))
def test_option_cannot_have_been_knocked_the_other_way(terms, state):
    with pytest.raises(InvalidInput, match=f"knocked {state} is not possible"):
        knocked({**terms, "knocked": state})


def test_spot_beyond_the_barrier_of_a_knocked_option_has_no_remark():
    request = knocked({**KNOCKED_OUT, "barrier": 90})
    assert request.contract.remark(request.market.spot) is None
    assert "knocked out" in request.contract.describe()


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_kernel_of_a_barrier_that_few_paths_reach_is_wide_enough_to_be_met(seed):
    """One path in two thousand ends beyond the barrier, and what bends there is behind an ordinary rebate."""
    contract = {"kind": "barrier", "expiry": 2.75, "strike": 126.8, "barrier": 55.76, "barrier_type": "down-in"}
    market = {"vol": 0.136, "rate": 0.077, "dividend_yield": 0.0056}
    request = build_request({**contract, "rebate": 2}, market, {"paths": 65_000, "seed": seed}, "gamma,vanna,volga")
    for estimate in run(request).estimates[1:]:
        assert abs(estimate.value - estimate.exact) <= 4 * estimate.stderr + estimate.bias
        assert estimate.stderr + estimate.bias < 0.2 * abs(estimate.exact)
