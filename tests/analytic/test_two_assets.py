"""Options on A that B decides: closed forms beside QuantLib and estimates, limits, parity, what is refused."""

import random
from itertools import product

import numpy as np
import pytest
import QuantLib as ql
from scipy.stats import multivariate_normal

from greeks_cli.analytic.bivariate import Bivariate, rules
from greeks_cli.analytic.closed_forms import exact_greeks
from greeks_cli.engine.autodiff.chainer_runtime import chainer
from greeks_cli.run.price import run
from greeks_cli.terms.errors import InvalidInput
from tests.contracts.joint import asked

GREEKS = "delta,hessian,vega,vanna,d(correlation),d(spot[B],correlation[A,B]),rho,theta,d(barrier),d(strike)"
TYPES = ["up-out", "up-in", "down-out", "down-in"]
SETTINGS = list(product(TYPES, ["call", "put"]))


def drawn(seed):
    """A random market of two underlyings."""
    rng = random.Random(seed)
    tables = {
        name: {"spot": 100, "vol": rng.uniform(0.15, 0.4), "dividend_yield": rng.choice([0, 0.03])} for name in "AB"
    }
    return {"underlying": tables, "correlation": rng.uniform(-0.8, 0.8), "rate": rng.choice([0, 0.05])}


def barrier_on(market, barrier_type, option, **more):
    level = 115 if barrier_type.startswith("up") else 88
    contract = {"kind": "two-asset-barrier", "strike": 102, "barrier": level, "barrier_type": barrier_type}
    return {**contract, "type": option, "expiry": 0.5, **more}, market


def exact(contract, market, greek="price"):
    return exact_greeks(asked(contract, greek, market))[-1]


def theirs(contract, market):
    """The price by QuantLib's engine, whose bivariate normal distribution has errors of about 1e-6."""
    today, days = ql.Date(1, 1, 2026), ql.Actual360()
    ql.Settings.instance().evaluationDate = today

    def flat(rate):
        return ql.YieldTermStructureHandle(ql.FlatForward(today, rate, days))

    def process(own):
        vol = ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, ql.NullCalendar(), own["vol"], days))
        spot = ql.QuoteHandle(ql.SimpleQuote(own["spot"]))
        return ql.BlackScholesMertonProcess(spot, flat(own["dividend_yield"]), flat(market["rate"]), vol)

    kind = getattr(ql.Barrier, contract["barrier_type"].title().replace("-", ""))
    payoff = ql.PlainVanillaPayoff(getattr(ql.Option, contract["type"].title()), contract["strike"])
    option = ql.TwoAssetBarrierOption(kind, contract["barrier"], payoff, ql.EuropeanExercise(today + 180))
    correlation = ql.QuoteHandle(ql.SimpleQuote(market["correlation"]))
    processes = [process(market["underlying"][name]) for name in "AB"]
    option.setPricingEngine(ql.AnalyticTwoAssetBarrierEngine(*processes, correlation))
    return option.NPV()


@pytest.mark.parametrize(("barrier_type", "option"), SETTINGS)
def test_prices_match_quantlib(barrier_type, option):
    """QuantLib's knock-ins leave out the dividend yield of A."""
    for seed in range(4):
        contract, market = barrier_on(drawn(seed), barrier_type, option)
        if barrier_type.endswith("in"):
            market["underlying"]["A"]["dividend_yield"] = 0
        assert exact(contract, market) == pytest.approx(theirs(contract, market), abs=1e-4)


@pytest.mark.parametrize(("barrier_type", "option"), SETTINGS)
def test_estimates_agree_with_closed_forms(barrier_type, option):
    contract, market = barrier_on(drawn(10), barrier_type, option, rebate=3)
    for estimate in run(asked(contract, GREEKS, market, paths=40_000)).estimates:
        assert estimate.exact is not None
        assert abs(estimate.value - estimate.exact) <= 4 * estimate.stderr + estimate.bias + 1e-9, estimate


@pytest.mark.parametrize("option", ["call", "put"])
@pytest.mark.parametrize("estimator", ["auto", "likelihood", "conditional"])
def test_estimates_of_the_correlation_option_agree(option, estimator):
    contract = {"kind": "two-asset-correlation", "strike": 100, "trigger": 95, "type": option}
    greeks = GREEKS.replace("d(barrier)", "d(trigger)")
    for estimate in run(asked(contract, greeks, drawn(11), paths=40_000, estimator=estimator)).estimates:
        assert abs(estimate.value - estimate.exact) <= 4 * estimate.stderr + estimate.bias + 1e-9, estimate


def test_without_correlation_it_is_an_option_times_a_probability():
    market = {**drawn(3), "correlation": 0.0}
    own = {name: {**market["underlying"][name], "rate": market["rate"]} for name in "AB"}
    option = exact({"kind": "european", "strike": 102, "expiry": 0.5}, own["A"])
    digital = {"kind": "digital", "strike": 95, "expiry": 0.5}
    chance = exact(digital, own["B"]) * np.exp(0.5 * market["rate"])
    contract = {"kind": "two-asset-correlation", "strike": 102, "trigger": 95, "expiry": 0.5}
    assert exact(contract, market) == pytest.approx(option * chance, rel=1e-12)


@pytest.mark.parametrize("side", ["up", "down"])
def test_in_and_out_add_up_to_the_european(side):
    market = drawn(4)
    european = exact(
        {"kind": "european", "strike": 102, "expiry": 0.5}, {**market["underlying"]["A"], "rate": market["rate"]}
    )
    parts = [exact(*barrier_on(market, f"{side}-{kind}", "call")) for kind in ("in", "out")]
    assert sum(parts) == pytest.approx(european, rel=1e-11)


def test_a_barrier_that_is_touched_or_was():
    market = drawn(5)
    european = exact(
        {"kind": "european", "strike": 102, "expiry": 0.5}, {**market["underlying"]["A"], "rate": market["rate"]}
    )
    for more in ({"barrier": 99}, {"knocked": "in"}):
        contract, _ = barrier_on(market, "up-in", "call", **more)
        estimate = run(asked(contract, "price", market))["price"]
        assert estimate.exact == pytest.approx(european, rel=1e-12)
        assert abs(estimate.value - european) < 4 * estimate.stderr
    contract, _ = barrier_on(market, "up-out", "call", barrier=99, rebate=2)
    assert run(asked(contract, "price", market))["price"].value == pytest.approx(2 * np.exp(-0.5 * market["rate"]))


def test_dates_of_the_second_underlying():
    """One date, the expiry: a barrier is then a trigger."""
    market = drawn(6)
    contract, _ = barrier_on(market, "down-out", "call", monitoring=1)
    triggered = {"kind": "two-asset-correlation", "strike": 102, "trigger": 88, "expiry": 0.5}
    for estimate in run(asked(contract, "delta,gamma,vega,theta,d(correlation)", market, paths=40_000)).estimates:
        value = exact(triggered, market, estimate.greek.name)
        assert abs(estimate.value - value) <= 4 * estimate.stderr + estimate.bias + 1e-9, estimate


def test_a_window_lies_between_no_watch_and_all_the_time():
    market, prices = drawn(7), []
    for start in (0, 0.25, 0.49):
        contract, _ = barrier_on(market, "down-out", "call", window_start=start)
        prices.append(run(asked(contract, "price", market, paths=40_000))["price"].value)
    assert prices == sorted(prices)


def test_a_rebate_at_hit_is_that_of_the_watched_underlying_alone():
    """A strike far away leaves the rebate."""
    market = drawn(8)
    contract, _ = barrier_on(market, "down-out", "call", strike=1e6, rebate=5, rebate_at="hit")
    alone = {
        "kind": "barrier",
        "strike": 1e6,
        "barrier": 88,
        "barrier_type": "down-out",
        "rebate": 5,
        "rebate_at": "hit",
    }
    value = exact({**alone, "expiry": 0.5}, {**market["underlying"]["B"], "rate": market["rate"]})
    estimate = run(asked(contract, "price", market))["price"]
    assert abs(estimate.value - value) < 4 * estimate.stderr


def test_bivariate_normal_distribution():
    rng = np.random.default_rng(1)
    a, b = rng.uniform(-5, 5, (2, 200))
    correlation = rng.uniform(-0.97, 0.97, 200)
    one, other = (
        Bivariate(*(np.repeat(numbers[rule][:, None], 200, axis=1) for numbers in rules().values()))(
            *map(chainer.Variable, (a, b, correlation))
        ).array
        for rule in (0, 1)
    )
    found = [
        multivariate_normal([0, 0], [[1, r], [r, 1]]).cdf([x, y]) for x, y, r in zip(a, b, correlation, strict=True)
    ]
    np.testing.assert_allclose(one, other, atol=1e-13)
    np.testing.assert_allclose(one, found, atol=1e-9)


@pytest.mark.parametrize(
    ("more", "market", "word"),
    [
        ({"underlyings": "A,B,C"}, {}, "no market is given for it|two underlyings"),
        ({}, {"rate": "0.1:0.02,1:0.03"}, "constant parameters up to expiry"),
        ({"barrier": -1}, {}, "barrier"),
    ],
)
def test_requests_that_are_refused(more, market, word):
    contract, usual = barrier_on(drawn(9), "up-out", "call", **more)
    with pytest.raises(InvalidInput, match=word):
        asked(contract, "price", {**usual, **market})
