"""Rebates paid where the barrier is touched, beside QuantLib, the law of the first passage and plain NumPy."""

from math import exp, log, pi, sqrt

import numpy as np
import pytest
import QuantLib as ql

from greeks_cli.run.books.paths import run_together
from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request
from greeks_cli.terms.contracts.rebates import Martingale
from greeks_cli.terms.errors import InvalidInput
from tests.contracts.test_past_fixings import MARKET, paths
from tests.contracts.test_quantlib import EXPIRY, SIGNS, exact, npv, process  # noqa: F401  # a fixture
from tests.contracts.test_windows import WINDOWS, by_quadrature, rule

DOWN = {"barrier": 92, "barrier_type": "down-out", "strike": 100, "rebate": 10, "rebate_at": "hit"}
UP = {"barrier": 112, "barrier_type": "up-out", "strike": 95, "rebate": 6, "rebate_at": "hit"}
MARKETS = {
    "even": {"spot": 100.0, "vol": 0.25, "rate": 0.04, "dividend_yield": 0.01},
    "even, complex roots": {"spot": 100.0, "vol": 0.2, "rate": -0.01, "dividend_yield": -0.03},
    "wave": {"spot": 100.0, "vol": 0.2, "rate": -0.15, "dividend_yield": -0.17},
    "rising": {"spot": 100.0, "vol": 0.1, "rate": 0.06, "dividend_yield": 0.0},
    "falling": {"spot": 100.0, "vol": 0.1, "rate": 0.03, "dividend_yield": 0.07},
}
GREEKS = "delta,gamma,vega,theta,rho,phi,vanna,volga,d(barrier),d(strike)"


def asked(contract, greeks=GREEKS, market=MARKET, **settings):
    return build_request({"kind": "barrier", **contract}, market, {"paths": 100_000, "seed": 3, **settings}, greeks)


@pytest.mark.parametrize("strike", [85, 100, 120])
@pytest.mark.parametrize("option", SIGNS)
@pytest.mark.parametrize("terms", [DOWN, UP], ids=("down", "up"))
def test_closed_form_is_that_of_quantlib(process, terms, option, strike):  # noqa: F811
    kind = ql.Barrier.DownOut if terms is DOWN else ql.Barrier.UpOut
    payoff = ql.PlainVanillaPayoff(SIGNS[option], strike)
    theirs = ql.BarrierOption(kind, terms["barrier"], terms["rebate"], payoff, ql.EuropeanExercise(EXPIRY))
    contract = {"kind": "barrier", **terms, "strike": strike, "type": option}
    assert exact(contract) == pytest.approx(npv(theirs, ql.AnalyticBarrierEngine(process)), abs=1e-9)


@pytest.mark.parametrize("market", MARKETS)
@pytest.mark.parametrize("terms", [DOWN, UP], ids=("down", "up"))
def test_simulation_agrees_with_the_closed_form(terms, market):
    found = run(asked(terms, market=MARKETS[market], seed=5))
    for estimate in found.estimates:
        assert (estimate.exact is None) == ("complex" in market or market == "wave")
        if estimate.exact is not None:
            assert abs(estimate.value - estimate.exact) <= 4 * estimate.stderr + estimate.bias, estimate
        assert estimate.warning is None or "heavy tails" in estimate.warning, estimate


def by_first_passage(contract, market):
    """The price by the density of the first passage; touched paths are worth the rebate alone."""
    side = -1 if contract["barrier_type"].startswith("up") else 1
    place, variance = side * log(market["spot"] / contract["barrier"]), market["vol"] ** 2
    drift = side * (market["rate"] - market["dividend_yield"] - 0.5 * variance)
    roots, weights = rule(0, *(sqrt(contract.get("window_end", 1.0)) * share for share in (0.25, 0.5, 1)))
    times = roots**2  # the density is smooth in the root of the time
    density = (
        place / np.sqrt(2 * pi * variance * times**3) * np.exp(-((place + drift * times) ** 2) / (2 * variance * times))
    )
    paid = weights @ (2 * roots * density * np.exp(-market["rate"] * times))
    return by_quadrature({**contract, "rebate": 0}, market) + contract["rebate"] * paid


STEPS = {"spot": 0.02, "vol": 2e-4, "rate": 1e-4}


@pytest.mark.parametrize("window", [{}, WINDOWS[0]], ids=str)
@pytest.mark.parametrize("market", MARKETS)
@pytest.mark.parametrize("terms", [DOWN, UP], ids=("down", "up"))
def test_simulation_agrees_with_the_law_of_the_first_passage(terms, market, window):
    contract, market = {**terms, **window}, MARKETS[market]
    price, *slopes = run(asked(contract, "delta,vega,rho", market, seed=7)).estimates
    truth = by_first_passage(contract, market)
    assert abs(price.value - truth) <= 4 * price.stderr + 1e-6, (price, truth)
    for estimate in slopes:
        (name,) = estimate.greek.parameters
        high, low = (
            by_first_passage(contract, {**market, name: market[name] + d}) for d in (STEPS[name], -STEPS[name])
        )
        truth = (high - low) / (2 * STEPS[name])
        assert abs(estimate.value - truth) <= 4 * estimate.stderr + estimate.bias + 1e-4 * abs(truth), (estimate, truth)


def test_markets_choose_every_martingale():
    chosen = {asked(DOWN, market=market).contract.series(market)[0] for market in MARKETS.values()}
    assert chosen == set(Martingale)


def on_dates(terms, times, market=MARKET):
    """The mean and the error of the price in plain NumPy."""
    side = -1 if terms is UP else 1
    spots = paths((*times, 1.0), market["spot"])
    touched = side * spots[: len(times)] <= side * terms["barrier"]
    rebates = np.exp(-market["rate"] * np.array(times))[touched.argmax(axis=0)] * terms["rebate"]
    gain = exp(-market["rate"]) * np.maximum(spots[-1] - terms["strike"], 0)
    samples = np.where(touched.any(axis=0), rebates, gain)
    return samples.mean(), samples.std() / sqrt(samples.size)


@pytest.mark.parametrize("times", [(0.1, 0.4, 0.75), tuple(i / 8 for i in range(1, 9)), (0.5,)], ids=len)
@pytest.mark.parametrize("terms", [DOWN, UP], ids=("down", "up"))
def test_first_date_that_touches_pays(terms, times):
    found = run(asked({**terms, "monitoring_times": times}, "delta"))["price"]
    mean, error = on_dates(terms, times)
    assert abs(found.value - mean) < 4 * np.hypot(found.stderr, error)


@pytest.mark.parametrize("terms", [DOWN, UP], ids=("down", "up"))
def test_methods_on_dates_agree(terms):
    contract, greeks = {**terms, "monitoring": 5}, "delta,gamma,vega,rho,theta"
    every = [
        run(asked(contract, greeks, estimator=how, seed=i)) for i, how in enumerate(("auto", "pathwise", "likelihood"))
    ]
    for one, *others in zip(*(answer.estimates for answer in every), strict=True):
        for other in others:
            distance = abs(one.value - other.value) - one.bias - other.bias
            assert distance <= 4 * np.hypot(one.stderr, other.stderr), (one, other)


@pytest.mark.parametrize("terms", [DOWN, UP], ids=("down", "up"))
def test_many_dates_approach_a_shifted_continuous_barrier(terms):
    """M. Broadie, P. Glasserman and S. Kou, A continuity correction for discrete barrier options, 1997."""
    side = 1 if terms is UP else -1
    found = run(asked({**terms, "monitoring": 150}, "price"))["price"]
    shifted = terms["barrier"] * exp(side * 0.5826 * MARKET["vol"] / sqrt(150))
    assert abs(found.value - exact({"kind": "barrier", **terms, "barrier": shifted})) < 4 * found.stderr + 0.01


@pytest.mark.parametrize("monitoring", ["continuous", 4])
def test_without_a_rate_the_time_of_payment_does_not_matter(monitoring):
    market = {**MARKET, "rate": 0.0}
    late = {**DOWN, "rebate_at": "expiry", "monitoring": monitoring}
    one, other = (run(asked({**late, **hit}, "delta", market)) for hit in ({}, {"rebate_at": "hit"}))
    for early, later in zip(one.estimates, other.estimates, strict=True):
        noise = 4 * np.hypot(early.stderr, later.stderr) + early.bias + later.bias
        assert abs(early.value - later.value) <= noise


@pytest.mark.parametrize(
    "settings", [{"beta": 10}, {"antithetic": True}, {"control": True}, {"dtype": "float32"}], ids=str
)
def test_settings_agree_with_the_closed_form(settings):
    for estimate in run(asked(DOWN, "delta,vega,rho", **settings)).estimates:
        assert abs(estimate.value - estimate.exact) <= 4 * estimate.stderr + estimate.bias, estimate


def test_pricing_equation_holds_on_dates():
    contract = {**DOWN, "monitoring_times": (0.3, 0.6)}
    found = run(asked(contract, "delta,gamma,theta", paths=400_000)).estimates
    spot, vol, rate = MARKET["spot"], MARKET["vol"], MARKET["rate"]
    weights = (-rate, (rate - MARKET["dividend_yield"]) * spot, 0.5 * vol**2 * spot**2, 1.0)
    residual = sum(weight * one.value for weight, one in zip(weights, found, strict=True))
    assert abs(residual) <= sum(abs(weight) * (4 * e.stderr + e.bias) for weight, e in zip(weights, found, strict=True))


def test_rebate_of_a_touched_barrier_is_paid_today_or_was_paid_before():
    beyond = run(asked({**DOWN, "barrier": 101}, "delta,rho,theta"))
    assert [one.value for one in beyond.estimates] == pytest.approx([10, 0, 0, 0], abs=1e-12)
    assert [one.exact for one in beyond.estimates] == pytest.approx([10, 0, 0, 0], abs=1e-12)
    before = run(asked({**DOWN, "knocked": "out"}, "delta"))
    assert [one.value for one in before.estimates] == [one.exact for one in before.estimates] == [0, 0]


def test_trades_of_other_martingales_share_no_trace():
    trades = [asked(terms, "delta,vega", market) for terms in (DOWN, UP) for market in MARKETS.values()]
    trades += [asked({**DOWN, "rebate_at": "expiry"}, "delta,vega"), asked({**DOWN, "monitoring": 3}, "delta,vega")]
    trades += [asked({**DOWN, "monitoring_times": times}, "delta,vega") for times in ((0.2, 0.5, 1), (0.1, 0.6, 1))]
    for found, trade in zip(run_together(trades), trades, strict=True):
        for one, other in zip(found.estimates, run(trade).estimates, strict=True):
            assert (one.value, one.stderr) == pytest.approx((other.value, other.stderr), rel=1e-9)


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ({"barrier_type": "down-in"}, "rebate_at hit is of knock-outs"),
        ({"window_start": 0.5}, "needs a continuous window that has begun, or dates"),
    ],
)
def test_rebates_that_cannot_be_paid_at_hit_are_refused(terms, message):
    with pytest.raises(InvalidInput, match=message):
        asked({**DOWN, **terms})


def test_header_tells_the_rebate_at_hit():
    assert asked(DOWN).contract.describe().endswith("rebate 10 at hit")
