"""Prices under merton, heston and bates in random markets, against QuantLib and mpmath."""

from math import exp, sqrt

import numpy as np
import pytest
import QuantLib as ql

from greeks_cli.analytic.closed_forms import exact_greeks
from greeks_cli.terms.building import build_request
from greeks_cli.terms.markets.market import Market
from tests.analytic.fourier import CARRY, JUMPS, PARAMETERS, heston, true_call

MODELS = list(PARAMETERS)


def random_market(rng, model):
    """A market with parameters over several orders of magnitude, in which Feller's condition mostly fails."""
    found = {"spot": 100.0, "rate": rng.normal(0.02, 0.02), "dividend_yield": rng.normal(0.01, 0.02), "model": model}
    if model == "merton":
        found["vol"] = 10 ** rng.uniform(-1.5, -0.2)
    else:
        found |= heston(
            10 ** rng.uniform(-3, -0.5),
            10 ** rng.uniform(-1.5, 1.0),
            10 ** rng.uniform(-3, -0.5),
            10 ** rng.uniform(-1.5, 0.3),
            rng.uniform(-0.98, 0.98),
        ) | {"model": model}
    if model != "heston":
        found |= {"jump_intensity": 10 ** rng.uniform(-2, 0.7), "jump_mean": rng.normal(0, 0.15)}
        found |= {"jump_vol": 10 ** rng.uniform(-1.5, -0.5)}
    return {name: value if isinstance(value, str) else float(value) for name, value in found.items()}


def random_contract(rng, market, days):
    """A European within two and a half standard deviations of the forward."""
    years = int(rng.choice(days)) / 365
    deviation = Market.model_validate(market).flat(years).vol * sqrt(years)
    growth = (market["rate"] - market["dividend_yield"]) * years
    strike = float(100 * exp(growth + rng.uniform(-2.5, 2.5) * deviation))
    return {"type": str(rng.choice(["call", "put"])), "strike": strike, "expiry": years}


SEEDS = range(24)


@pytest.mark.parametrize("seed", SEEDS)
def test_random_markets_agree_with_mpmath(seed):
    rng = np.random.default_rng(seed)
    market = random_market(rng, MODELS[seed % 3])
    contract = {**random_contract(rng, market, (1, 4, 30, 365, 3650, 7300)), "type": "call"}
    (found,) = exact_greeks(build_request(contract, market, {}, "price"))
    rates = market["rate"], market["dividend_yield"]
    true = true_call(market, market["spot"], contract["strike"], contract["expiry"], *rates)
    assert found == pytest.approx(float(true), abs=1e-10)


TODAY, DAYS = ql.Date(1, 1, 2025), ql.Actual365Fixed()


def quantlib_price(market, contract):
    """The price by QuantLib's engines; under merton by the Poisson series of its formula of F. Black."""
    kind = ql.Option.Call if contract["type"] == "call" else ql.Option.Put
    if market["model"] == "merton":
        return poisson_series(market, contract, kind)
    ql.Settings.instance().evaluationDate = TODAY
    curves = [ql.YieldTermStructureHandle(ql.FlatForward(TODAY, market[n], DAYS)) for n in ("rate", "dividend_yield")]
    spot, own = ql.QuoteHandle(ql.SimpleQuote(market["spot"])), [market[name] for name in PROCESS]
    if market["model"] == "heston":
        engine = ql.AnalyticHestonEngine(ql.HestonModel(ql.HestonProcess(*curves, spot, *own)), 1e-13, 1_000_000)
    else:
        jumps = [market[name] for name in JUMPS]
        engine = ql.BatesEngine(ql.BatesModel(ql.BatesProcess(*curves, spot, *own, *jumps)), 1e-13, 1_000_000)
    date = TODAY + round(365 * contract["expiry"])
    option = ql.VanillaOption(ql.PlainVanillaPayoff(kind, contract["strike"]), ql.EuropeanExercise(date))
    option.setPricingEngine(engine)
    return option.NPV()


PROCESS = ("initial_variance", "mean_reversion", "long_run_variance", "vol_of_vol", "spot_vol_correlation")
"""Parameters in the order of QuantLib's process."""


def poisson_series(market, contract, kind):
    """R. Merton (1976): options of lognormals, by the number of jumps."""
    years, mean, variance = contract["expiry"], market["jump_mean"], market["jump_vol"] ** 2
    count, growth = market["jump_intensity"] * years, exp(mean + 0.5 * variance) - 1
    forward = market["spot"] * exp((market["rate"] - market["dividend_yield"]) * years - count * growth)
    found, chance = 0.0, exp(-count)
    for n in range(200):
        deviation = sqrt(market["vol"] ** 2 * years + n * variance)
        mean_of_n = forward * exp(n * (mean + 0.5 * variance))
        found += chance * ql.blackFormula(kind, contract["strike"], mean_of_n, deviation)
        chance *= count / (n + 1)
    return exp(-market["rate"] * years) * found


@pytest.mark.parametrize("seed", range(30))
def test_random_markets_agree_with_quantlib(seed):
    rng = np.random.default_rng(100 + seed)
    market = random_market(rng, MODELS[seed % 3])
    contract = random_contract(rng, market, (30, 365, 1095))
    price, delta, gamma = exact_greeks(build_request(contract, market, {}, "delta,gamma"))
    bump = 0.02 * 100 * Market.model_validate(market).flat(contract["expiry"]).vol * sqrt(contract["expiry"])
    up, middle, down = (quantlib_price({**market, "spot": 100 + shift}, contract) for shift in (bump, 0.0, -bump))
    assert price == pytest.approx(middle, abs=1e-7)
    assert delta == pytest.approx((up - down) / (2 * bump), abs=1e-3)
    assert gamma == pytest.approx((up - 2 * middle + down) / bump**2, abs=2e-3 / bump)


def test_large_rare_jumps_of_small_variance_are_mixtures_of_lognormals():
    """The series takes the mean of the variance, on which its law leaves its mark in the seventh digit."""
    market = CARRY | heston(1e-6, 0.39, 1e-6, 0.1, -0.3)
    market |= {"model": "bates", "jump_intensity": 0.57, "jump_mean": -0.55, "jump_vol": 0.04}
    contract = {"strike": 54.5, "expiry": 0.1}
    (found,) = exact_greeks(build_request(contract, market, {}, "price"))
    assert found == pytest.approx(poisson_series({**market, "vol": 1e-3}, contract, ql.Option.Call), rel=1e-8)
