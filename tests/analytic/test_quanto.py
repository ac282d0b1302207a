"""Quanto options: a published value, QuantLib, limits, estimates beside closed forms, markets that are refused."""

import random
from math import exp

import pytest
import QuantLib as ql

from greeks_cli.analytic.closed_forms import exact_greeks
from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request
from greeks_cli.terms.errors import InvalidInput
from greeks_cli.terms.unsolved import build_from_quote

FIRST = "delta,vega,rho,phi,theta,dual_delta,d(foreign_rate),d(fx_vol),d(fx_correlation)"
SECOND = "gamma,vanna,volga,charm,veta,speed,d(spot,rate),d(spot,fx_vol),d(vol,fx_vol),d(spot,foreign_rate),dual_gamma"
HAUG = {"strike": 105, "expiry": 0.5}
HESTON = {
    "initial_variance": 0.04,
    "mean_reversion": 1,
    "long_run_variance": 0.04,
    "vol_of_vol": 0.5,
    "spot_vol_correlation": -0.7,
}
QUANTO = {"foreign_rate": 0.05, "fx_vol": 0.1, "fx_correlation": 0.3}
HAUGS_MARKET = {"spot": 100, "vol": 0.2, "rate": 0.08, "dividend_yield": 0.04, **QUANTO}


def asked(contract=HAUG, greeks="price", market=HAUGS_MARKET, **simulation):
    return build_request(contract, market, simulation, greeks)


def exact(contract=HAUG, greeks="price", market=HAUGS_MARKET):
    return exact_greeks(asked(contract, greeks, market))[-1]


def drawn(seed):
    """A random contract and market."""
    rng = random.Random(seed)
    contract = {
        "type": rng.choice(["call", "put"]),
        "strike": rng.uniform(85, 115),
        "expiry": rng.choice([0.1, 0.5, 1, 3]),
    }
    quanto = {
        "foreign_rate": rng.choice([-0.01, 0, 0.06]),
        "fx_vol": rng.uniform(0.05, 0.3),
        "fx_correlation": rng.uniform(-0.9, 0.9),
    }
    market = {"spot": 100, "vol": rng.uniform(0.1, 0.5), "rate": rng.choice([0, 0.04]), "dividend_yield": 0.02}
    return contract, {**market, **quanto}


def test_published_price():
    """E. Haug, The complete guide to option pricing formulas, 1998, pp. 105-106: 5.3280 at an exchange rate of 1.5."""
    assert exact() == pytest.approx(3.552022612811, abs=1e-11)
    assert 1.5 * exact() == pytest.approx(5.3280, abs=5e-5)


@pytest.mark.parametrize(
    ("contract", "market", "value"),
    [
        ({"strike": 100, "expiry": 0.5, "low_barrier": 90, "high_barrier": 110}, {"vol": 0.15}, 0.5236),
        ({"strike": 102, "expiry": 0.25, "low_barrier": 80, "high_barrier": 120, "knock": "in"}, {"vol": 0.25}, 2.6313),
    ],
)
def test_published_prices_between_two_barriers(contract, market, value):
    """QuantLib, test-suite/quantooption.cpp, testDoubleBarrierValues."""
    of_fx = {"rate": 0.1, "foreign_rate": 0.05, "fx_vol": 0.2, "fx_correlation": 0.3}
    estimates = run(
        asked({"kind": "double-barrier", **contract}, "delta,vega,d(fx_vol)", {**market, **of_fx})
    ).estimates
    assert estimates[0].exact == pytest.approx(value, abs=1e-4)
    for estimate in estimates:
        assert abs(estimate.value - estimate.exact) <= 4 * estimate.stderr + estimate.bias, estimate


@pytest.mark.parametrize("seed", range(6))
def test_prices_and_greeks_match_quantlib(seed):
    contract, market = drawn(seed)
    contract["expiry"] = 1.0
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
    correlation = ql.QuoteHandle(ql.SimpleQuote(market["fx_correlation"]))
    theirs = flat(market["foreign_rate"]), vol(market["fx_vol"]), correlation
    option.setPricingEngine(ql.QuantoEuropeanEngine(process, *theirs))
    assert exact(contract, "price", market) == pytest.approx(option.NPV(), abs=1e-9)
    assert exact(contract, "delta", market) == pytest.approx(option.delta(), abs=1e-9)
    assert exact(contract, "gamma", market) == pytest.approx(option.gamma(), abs=1e-9)
    assert exact(contract, "vega", market) == pytest.approx(option.vega(), abs=1e-7)


def test_without_correlation_and_with_one_rate_it_is_a_european():
    plain = {name: number for name, number in HAUGS_MARKET.items() if name not in QUANTO}
    quanto = {**HAUGS_MARKET, "fx_correlation": 0, "foreign_rate": HAUGS_MARKET["rate"]}
    for greek in ("price", "delta", "gamma", "vega", "vanna", "volga", "dual_gamma"):
        assert exact(HAUG, greek, quanto) == pytest.approx(exact(HAUG, greek, plain), rel=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_estimates_agree_with_closed_forms(seed):
    contract, market = drawn(100 + seed)
    result = run(asked(contract, f"{FIRST},{SECOND}", market, paths=40_000))
    for estimate in result.estimates:
        assert estimate.exact is not None
        assert abs(estimate.value - estimate.exact) <= 4 * estimate.stderr + estimate.bias + 1e-9, estimate


@pytest.mark.parametrize("estimator", ["pathwise", "likelihood", "mixed", "conditional"])
def test_every_estimator_knows_that_the_vol_moves_the_drift(estimator):
    result = run(asked(HAUG, f"{FIRST},{SECOND}", paths=200_000, estimator=estimator))
    for estimate in result.estimates:
        assert abs(estimate.value - estimate.exact) <= 4 * estimate.stderr + estimate.bias + 1e-9, estimate


CONTRACTS = {
    "digital": {"strike": 100},
    "barrier": {"strike": 100, "barrier": 85, "barrier_type": "down-out", "rebate": 2, "rebate_at": "hit"},
    "lookback": {"strike": 105, "monitoring": "continuous"},
    "asian": {"strike": 100, "average": "geometric", "fixings": 6},
    "cliquet": {"periods": 4},
    "variance-swap": {"fixings": 12, "strike_vol": 0.2},
}


@pytest.mark.parametrize("kind", CONTRACTS)
def test_contracts_have_the_same_price_where_the_dividend_yield_makes_the_drift(kind):
    """A quanto differs from the contract in its drift alone, and so in a dividend yield."""
    moved = QUANTO["foreign_rate"] - QUANTO["fx_correlation"] * QUANTO["fx_vol"] * HAUGS_MARKET["vol"]
    plain = {name: number for name, number in HAUGS_MARKET.items() if name not in QUANTO}
    plain["dividend_yield"] += plain["rate"] - moved
    contract = {"kind": kind, **CONTRACTS[kind]}
    for greek in ("price", "delta", "gamma", "phi"):
        assert exact(contract, greek) == pytest.approx(exact(contract, greek, plain), rel=1e-9)
    result = run(asked(contract, "delta,gamma,vega,rho,theta,d(foreign_rate),d(fx_vol)", paths=40_000))
    for estimate in result.estimates:
        assert abs(estimate.value - estimate.exact) <= 4 * estimate.stderr + estimate.bias + 1e-9, estimate


def test_dividends_in_cash_fall_off_the_price_that_drifts_as_a_quanto():
    """The forward is that of the drift, less what the dividends have grown to; a far strike pays the forward."""
    drift = QUANTO["foreign_rate"] - QUANTO["fx_correlation"] * QUANTO["fx_vol"] * 0.2 - 0.04
    forward = 100 * exp(drift * 0.5) - 3 * exp(drift * 0.3)
    for model in ("jump", "escrowed"):
        market = {**HAUGS_MARKET, "dividends": "0.2:3", "dividend_model": model}
        price = run(asked({"strike": 1, "expiry": 0.5}, "price", market))["price"]
        assert abs(price.value - exp(-0.04) * (forward - 1)) < 4 * price.stderr


def test_several_underlyings_each_with_its_exchange_rate():
    """Margrabe's formula with the drifts of quantos; the estimate of each derivative agrees."""
    tables = {"A": {"spot": 100, "vol": 0.2, **QUANTO}, "B": {"spot": 95, "vol": 0.3, "dividend_yield": 0.02}}
    market = {"underlying": tables, "correlation": 0.4, "rate": 0.03}
    greeks = "delta,gamma,vega,rho,theta,d(fx_vol),d(foreign_rate[A]),d(correlation)"
    result = run(asked({"kind": "exchange"}, greeks, market, paths=40_000))
    moved = 0.05 - 0.3 * 0.1 * 0.2
    plain = {"A": {"spot": 100, "vol": 0.2, "dividend_yield": 0.03 - moved}, "B": tables["B"]}
    assert result["price"].exact == pytest.approx(exact({"kind": "exchange"}, "price", {**market, "underlying": plain}))
    for estimate in result.estimates:
        assert abs(estimate.value - estimate.exact) <= 4 * estimate.stderr + estimate.bias + 1e-9, estimate


def test_curves_and_shares_of_the_price():
    market = {
        **QUANTO,
        "vol": 0.25,
        "rate": "0.25:0.02,1:0.04",
        "dividend_yield": "0.3:0.01,1:0.02",
        "dividends": "0.2:2%",
    }
    result = run(asked(HAUG, "delta,gamma,vega,rho,rho[0.25],phi[1],theta,d(spot,rate[0.25])", market, paths=40_000))
    for estimate in result.estimates:
        assert estimate.exact is not None
        assert abs(estimate.value - estimate.exact) <= 4 * estimate.stderr + estimate.bias + 1e-9, estimate


@pytest.mark.parametrize(
    ("market", "word"),
    [
        ({"vol": 0.2, "future": 100, **QUANTO}, "future and foreign_rate exclude each other"),
        ({"vol": 0.2, "fx_vol": 0.1}, "give foreign_rate and fx_correlation too"),
        ({"model": "heston", **HESTON, **QUANTO}, "model gbm or merton"),
    ],
)
def test_markets_that_are_refused(market, word):
    with pytest.raises(InvalidInput, match=word):
        asked(market=market)


def test_jumps_keep_the_drift_of_the_mean():
    """Under jumps as under gbm, a far strike pays the forward."""
    market = {**HAUGS_MARKET, "model": "merton", "jump_intensity": 1, "jump_mean": -0.1, "jump_vol": 0.1}
    forward = 100 * exp(0.5 * (0.05 - 0.3 * 0.1 * 0.2 - 0.04))
    assert exact({"strike": 1e-6, "expiry": 0.5}, "price", market) == pytest.approx(exp(-0.04) * forward, rel=1e-6)


@pytest.mark.parametrize(
    ("quote", "word"),
    [({"market_price": 8}, "moves that of a quanto"), ({"forward": 101}, "leave out forward, or foreign")],
)
def test_quotes_that_are_refused(quote, word):
    market = {name: number for name, number in HAUGS_MARKET.items() if name not in {"vol", "dividend_yield"}}
    market |= {"vol": 0.2} if "forward" in quote else {}
    with pytest.raises(InvalidInput, match=word):
        build_from_quote(HAUG, {**market, **quote}, {}, "price")
