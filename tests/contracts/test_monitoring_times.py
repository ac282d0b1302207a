"""Monitoring at listed times, beside counts of dates, a simulation in plain NumPy, parities and methods."""

from math import exp, sqrt

import numpy as np
import pytest

from greeks_cli.run.books.paths import run_together
from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request
from greeks_cli.terms.errors import InvalidInput
from tests.conftest import assert_agrees
from tests.contracts.test_past_fixings import MARKET, paths

DOWN = {"kind": "barrier", "strike": 98, "barrier": 92, "barrier_type": "down-out", "rebate": 2}
UP = {"kind": "barrier", "strike": 100, "barrier": 112, "barrier_type": "up-in", "type": "put", "rebate": 1}
TWO = {"kind": "double-barrier", "strike": 100, "low_barrier": 85, "high_barrier": 125, "rebate": 2}
FIXED = {"kind": "lookback", "strike": 104}
FLOATING = {"kind": "lookback", "strike_kind": "floating", "running_extreme": 95}
EVERY = (DOWN, UP, TWO, FIXED, FLOATING)
TIMES = (0.1, 0.4, 0.75)
GREEKS = "delta,gamma,vega,theta,rho"


def asked(contract, greeks=GREEKS, **settings):
    return build_request(contract, MARKET, {"paths": 60_000, **settings}, greeks)


def paid(contract, looks, end):
    """The payoff of spots at the looks and at expiry."""
    high, low, strike = looks.max(axis=0), looks.min(axis=0), contract.get("strike")
    if contract is FIXED:
        return np.maximum(np.maximum(high, MARKET["spot"]) - strike, 0)
    if contract is FLOATING:
        return end - np.minimum(low, 95)
    gain = np.maximum(strike - end if contract is UP else end - strike, 0)
    touched = {"down-out": low <= 92, "up-in": high >= 112}.get(
        contract.get("barrier_type"), (low <= 85) | (high >= 125)
    )
    return np.where(touched == (contract is UP), gain, contract["rebate"])


@pytest.mark.parametrize("last", [(), (1.0,)], ids=("not at expiry", "at expiry"))
@pytest.mark.parametrize("contract", EVERY, ids=lambda one: one["kind"])
def test_price_agrees_with_a_simulation_in_plain_numpy(contract, last):
    times = TIMES + last
    found = run(asked({**contract, "monitoring_times": times}, seed=3))
    spots = paths((*TIMES, 1.0), 100)
    samples = exp(-MARKET["rate"]) * paid(contract, spots[: len(times)], spots[-1])
    noise = np.hypot(found["price"].stderr, samples.std() / sqrt(samples.size))
    assert noise < 0.01 * samples.std()
    assert abs(found["price"].value - samples.mean()) < 4 * noise
    assert all(estimate.warning is None for estimate in found.estimates)


@pytest.mark.parametrize("contract", EVERY, ids=lambda one: one["kind"])
def test_equally_spaced_times_are_a_count_of_dates(contract):
    counted = run(asked({**contract, "monitoring": 4}))
    listed = run(asked({**contract, "monitoring_times": [0.25, 0.5, 0.75, 1]}))
    assert listed.estimates == counted.estimates


@pytest.mark.parametrize("bump", [{"spot": 0.5}, {"vol": 0.005}], ids=str)
@pytest.mark.parametrize("contract", [FIXED, FLOATING], ids=lambda one: next(iter(one)))
def test_first_derivatives_of_lookbacks_agree_with_bumps(contract, bump):
    """The first time is no equal share of the expiry; bumps on common random numbers."""
    ((name, step),) = bump.items()
    contract = {**contract, "monitoring_times": TIMES}
    found = run(asked(contract, f"d({name}),d({name},{name})", paths=200_000, seed=4)).estimates[-2]
    ends = [
        run(
            build_request(
                contract, {**MARKET, name: MARKET[name] + sign * step}, {"paths": 200_000, "seed": 4}, "price"
            )
        )
        for sign in (1, -1)
    ]
    slope = (ends[0]["price"].value - ends[1]["price"].value) / (2 * step)
    assert found.value == pytest.approx(slope, abs=4 * found.stderr)


@pytest.mark.parametrize("contract", [DOWN, UP, TWO], ids=lambda one: one["kind"])
def test_methods_agree_where_the_expiry_is_not_monitored(contract):
    contract = {**contract, "monitoring_times": TIMES}
    every = [run(asked(contract, seed=i, estimator=how)) for i, how in enumerate(("auto", "pathwise", "likelihood"))]
    for one, *others in zip(*(answer.estimates for answer in every), strict=True):
        for other in others:
            distance = abs(one.value - other.value) - one.bias - other.bias
            assert distance <= 4 * np.hypot(one.stderr, other.stderr), other


@pytest.mark.parametrize("contract", EVERY, ids=lambda one: one["kind"])
def test_pricing_equation_holds(contract):
    if contract is FIXED:
        contract = {**contract, "running_extreme": 101}
    found = run(asked({**contract, "monitoring_times": TIMES}, "delta,gamma,theta", paths=200_000, seed=6))
    price, delta, gamma, theta = found.estimates
    spot, vol, rate = MARKET["spot"], MARKET["vol"], MARKET["rate"]
    weights = (-rate, (rate - MARKET["dividend_yield"]) * spot, 0.5 * vol**2 * spot**2, 1.0)
    residual = sum(weight * one.value for weight, one in zip(weights, (price, delta, gamma, theta), strict=True))
    noise = sum(abs(weight) * (4 * one.stderr + one.bias) for weight, one in zip(weights, found.estimates, strict=True))
    assert abs(residual) <= noise


@pytest.mark.parametrize(
    "settings", [{"beta": 5}, {"antithetic": True}, {"sampler": "sobol", "paths": 1 << 14}], ids=str
)
@pytest.mark.parametrize("contract", [DOWN, FLOATING], ids=lambda one: one["kind"])
def test_settings_agree(contract, settings):
    contract = {**contract, "monitoring_times": TIMES}
    usual, other = run(asked(contract, "delta,vega")), run(asked(contract, "delta,vega", seed=9, **settings))
    for one, two in zip(usual.estimates, other.estimates, strict=True):
        assert abs(one.value - two.value) <= 4 * np.hypot(one.stderr, two.stderr) + one.bias + two.bias


def test_one_time_before_expiry_is_a_forward_start_of_the_extreme():
    """The maximum of today's and one later spot is an option on that spot, which has a closed form."""
    early = {"kind": "lookback", "strike": 104, "monitoring_times": 0.3}
    european = build_request({"strike": 104, "expiry": 0.3}, MARKET, {"paths": 1000}, "delta,vega")
    exact = [one.exact * exp(-0.7 * MARKET["rate"]) for one in run(european).estimates]
    for estimate, truth in zip(run(asked(early, "delta,vega")).estimates, exact, strict=True):
        assert abs(estimate.value - truth) <= 4 * estimate.stderr + estimate.bias


def test_trades_with_other_times_share_no_wrong_trace():
    kinds = [{}, {"monitoring": 3}, {"monitoring_times": TIMES}, {"monitoring_times": (0.2, 0.5, 1)}]
    kinds += [{"monitoring_times": (0.2, 0.5)}, {"monitoring_times": TIMES, "knocked": "out"}]
    trades = [asked({**DOWN, **terms}, "delta", paths=20_000) for terms in kinds]
    assert [answer.estimates for answer in run_together(trades)] == [run(trade).estimates for trade in trades]


def test_knocked_option_looks_at_no_time():
    contract = asked({**DOWN, "monitoring_times": TIMES, "knocked": "out"}).contract
    assert contract.dates == (1.0,)
    assert_agrees(run(asked({**UP, "monitoring_times": TIMES, "knocked": "in"}, "delta,gamma")))


@pytest.mark.parametrize(
    ("times", "message"),
    [
        ({"monitoring": 3, "monitoring_times": TIMES}, "exclude each other"),
        ({"monitoring_times": (0.5, 0.25)}, "must increase"),
        ({"monitoring_times": (0.5, 2)}, "comes after expiry"),
        ({"monitoring_times": (0, 0.5)}, "must come after today"),
    ],
)
def test_wrong_times_are_refused(times, message):
    with pytest.raises(InvalidInput, match=message):
        asked({**DOWN, **times})


@pytest.mark.parametrize("days", [1, 8, 22, 36, 64, 365])
@pytest.mark.parametrize("field", ["fixing_times", "monitoring_times", "exercise_times"])
def test_a_last_time_beyond_the_expiry_by_rounding_is_the_expiry(days, field):
    contract = {
        "fixing_times": {"kind": "asian", "strike": 100},
        "monitoring_times": {"kind": "lookback", "strike": 100},
        "exercise_times": {"strike": 100, "type": "put", "exercise": "bermudan"},
    }[field]
    expiry = days / 365
    for last in (expiry * (1 - 2e-16), expiry, expiry * (1 + 2e-16)):
        asked = build_request({**contract, "expiry": expiry, field: [expiry / 2, last]}, {"vol": 0.2}, {}, "price")
        assert asked.contract.dates == (expiry / 2, expiry)


def test_header_says_where_monitoring_ends():
    assert "3 dates until 0.75y" in asked({**DOWN, "monitoring_times": TIMES}).contract.describe()
    assert asked({**FIXED, "monitoring": 12}).contract.describe().endswith("12 dates")
