"""Quanto options: a published value, QuantLib, limits, estimates beside closed forms, markets that are refused."""

import random

import pytest
import QuantLib as ql

from greeks_cli.analytic.closed_forms import exact_greeks
from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request
from greeks_cli.terms.errors import InvalidInput

FIRST = "delta,vega,rho,phi,theta,dual_delta,d(foreign_rate),d(fx_vol),d(fx_correlation),d(fx_rate)"
SECOND = "gamma,vanna,volga,charm,veta,speed,d(spot,rate),d(spot,fx_vol),d(vol,fx_vol),d(spot,foreign_rate),dual_gamma"
HAUG = {"kind": "quanto", "strike": 105, "expiry": 0.5, "foreign_rate": 0.05, "fx_vol": 0.1, "fx_correlation": 0.3}
HAUGS_MARKET = {"spot": 100, "vol": 0.2, "rate": 0.08, "dividend_yield": 0.04}


def asked(contract=HAUG, greeks="price", market=HAUGS_MARKET, **simulation):
    return build_request(contract, market, simulation, greeks)


def exact(contract=HAUG, greeks="price", market=HAUGS_MARKET):
    return exact_greeks(asked(contract, greeks, market))[-1]


def drawn(seed):
    """A random contract and market."""
    rng = random.Random(seed)
    contract = {
        "kind": "quanto",
        "type": rng.choice(["call", "put"]),
        "strike": rng.uniform(85, 115),
        "expiry": rng.choice([0.1, 0.5, 1, 3]),
        "foreign_rate": rng.choice([-0.01, 0, 0.06]),
        "fx_vol": rng.uniform(0.05, 0.3),
        "fx_correlation": rng.uniform(-0.9, 0.9),
        "fx_rate": rng.choice([1, 1.5]),
    }
    market = {"spot": 100, "vol": rng.uniform(0.1, 0.5), "rate": rng.choice([0, 0.04]), "dividend_yield": 0.02}
    return contract, market


def test_published_price():
    """E. Haug, The complete guide to option pricing formulas, 1998, pp. 105-106: 5.3280 at an exchange rate of 1.5."""
    assert exact() == pytest.approx(3.552022612811, abs=1e-11)
    assert exact({**HAUG, "fx_rate": 1.5}) == pytest.approx(5.3280, abs=5e-5)


@pytest.mark.parametrize("seed", range(6))
def test_prices_and_greeks_match_quantlib(seed):
    contract, market = drawn(seed)
    contract["expiry"], contract["fx_rate"] = 1.0, 1.0
    today, days = ql.Date(1, 1, 2025), ql.Actual365Fixed()
    ql.Settings.instance().evaluationDate = today

    def flat(rate):
        return ql.YieldTermStructureHandle(ql.FlatForward(today, rate, days))

    def vol(number):
        return ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, ql.NullCalendar(), number, days))

    spot = ql.QuoteHandle(ql.SimpleQuote(market["spot"]))
    process = ql.BlackScholesMertonProcess(
        spot, flat(market["dividend_yield"]), flat(market["rate"]), vol(market["vol"])
    )
    payoff = ql.PlainVanillaPayoff(getattr(ql.Option, contract["type"].title()), contract["strike"])
    option = ql.QuantoVanillaOption(payoff, ql.EuropeanExercise(ql.Date(1, 1, 2026)))
    correlation = ql.QuoteHandle(ql.SimpleQuote(contract["fx_correlation"]))
    theirs = flat(contract["foreign_rate"]), vol(contract["fx_vol"]), correlation
    option.setPricingEngine(ql.QuantoEuropeanEngine(process, *theirs))
    assert exact(contract, "price", market) == pytest.approx(option.NPV(), abs=1e-9)
    assert exact(contract, "delta", market) == pytest.approx(option.delta(), abs=1e-9)
    assert exact(contract, "gamma", market) == pytest.approx(option.gamma(), abs=1e-9)
    assert exact(contract, "vega", market) == pytest.approx(option.vega(), abs=1e-7)


def test_without_correlation_and_with_one_rate_it_is_a_european():
    european = {"kind": "european", "strike": 105, "expiry": 0.5}
    quanto = {**HAUG, "fx_correlation": 0, "foreign_rate": HAUGS_MARKET["rate"]}
    for greek in ("price", "delta", "gamma", "vega", "vanna", "volga", "dual_gamma"):
        assert exact(quanto, greek) == pytest.approx(exact(european, greek), rel=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_estimates_agree_with_closed_forms(seed):
    contract, market = drawn(100 + seed)
    result = run(asked(contract, f"{FIRST},{SECOND}", market, paths=40_000))
    for estimate in result.estimates:
        assert estimate.exact is not None
        assert abs(estimate.value - estimate.exact) <= 4 * estimate.stderr + estimate.bias + 1e-9, estimate


@pytest.mark.parametrize("estimator", ["likelihood", "mixed", "conditional"])
def test_every_estimator_knows_that_market_parameters_move_the_kink(estimator):
    result = run(asked(HAUG, f"{FIRST},{SECOND}", paths=200_000, estimator=estimator))
    for estimate in result.estimates:
        assert abs(estimate.value - estimate.exact) <= 4 * estimate.stderr + estimate.bias + 1e-9, estimate


def test_spot_gammas_are_as_precise_as_those_of_a_european():
    """No kernel is needed: neither gamma nor vanna states a bias."""
    european = {"kind": "european", "strike": 105, "expiry": 0.5}
    theirs = run(asked(european, "gamma,vanna", paths=40_000))
    ours = run(asked(HAUG, "gamma,vanna,charm", paths=40_000))
    assert {estimate.bias for estimate in ours.estimates} == {0.0}
    for greek in ("gamma", "vanna"):
        assert ours[greek].stderr < 1.5 * theirs[greek].stderr


def test_curves_and_shares_of_the_price():
    market = {"vol": 0.25, "rate": "0.25:0.02,1:0.04", "dividend_yield": "0.3:0.01,1:0.02", "dividends": "0.2:2%"}
    result = run(asked(HAUG, "delta,gamma,vega,rho,rho[0.25],phi[1],theta,d(spot,rate[0.25])", market, paths=40_000))
    for estimate in result.estimates:
        assert estimate.exact is not None
        assert abs(estimate.value - estimate.exact) <= 4 * estimate.stderr + estimate.bias + 1e-9, estimate


@pytest.mark.parametrize(
    ("market", "word"),
    [
        ({"vol": "0.5:0.2,1:0.3"}, "vol that is a number"),
        ({"vol": 0.2, "future": 100}, "spot and dividend_yield"),
        ({"vol": 0.2, "dividends": "0.2:1.5"}, "dividends in cash"),
        ({"vol": 0.2, "model": "merton", "jump_intensity": 1, "jump_mean": 0, "jump_vol": 0.1}, "model gbm"),
    ],
)
def test_markets_that_are_refused(market, word):
    with pytest.raises(InvalidInput, match=word):
        asked(market=market)
