"""Early exercise under merton, heston and bates: finite differences of QuantLib, quadrature, and limits."""

from math import exp, factorial, log

import numpy as np
import pytest
import QuantLib as ql

from greeks_cli.run.checking import bump
from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request
from greeks_cli.terms.errors import InvalidInput
from tests.models import BATES, HESTON, MERTON

PUT = {"type": "put", "strike": 100}
AMERICAN = {**PUT, "exercise": "american"}
BERMUDAN = {**PUT, "exercise": "bermudan", "exercise_times": [73 / 365, 146 / 365, 219 / 365, 292 / 365, 1]}
RATE = 0.05
CALLS = {"price": "NPV", "delta": "delta", "gamma": "gamma", "theta": "theta"}
_ENGINES = {
    "heston": (ql.HestonProcess, ql.HestonModel, ql.FdHestonVanillaEngine),
    "bates": (ql.BatesProcess, ql.BatesModel, ql.FdBatesVanillaEngine),
}


def priced(contract, market, greeks="price", **simulation):
    simulation = {"paths": 10_000, **simulation}
    return run(build_request(contract, {"spot": 100, **market, "rate": RATE}, simulation, greeks))


def by_finite_differences(contract, market, n_times=100, **moved):
    """QuantLib's option on a put of a year under a model; twice as many prices and half as many variances as times."""
    own = {"spot": 100.0, **market, "rate": RATE, **moved}
    names = ("initial_variance", "mean_reversion", "long_run_variance", "vol_of_vol", "spot_vol_correlation")
    names += ("jump_intensity", "jump_mean", "jump_vol") if market["model"] == "bates" else ()
    today, days = ql.Date(1, 1, 2025), ql.Actual365Fixed()
    ql.Settings.instance().evaluationDate = today
    curves = [ql.YieldTermStructureHandle(ql.FlatForward(today, rate, days)) for rate in (own["rate"], 0.0)]
    make, model, engine = _ENGINES[market["model"]]
    process = make(*curves, ql.QuoteHandle(ql.SimpleQuote(own["spot"])), *(own[name] for name in names))
    dates = [today + round(365 * time) for time in contract.get("exercise_times", ())]
    exercise = ql.BermudanExercise(dates) if dates else ql.AmericanExercise(today, today + 365)
    option = ql.VanillaOption(ql.PlainVanillaPayoff(ql.Option.Put, contract["strike"]), exercise)
    option.setPricingEngine(engine(model(process), n_times, 2 * n_times, n_times // 2))
    return option


def slope(contract, market, name, width):
    ends = (by_finite_differences(contract, market, **{name: market[name] + sign * width}) for sign in (1, -1))
    up, down = (option.NPV() for option in ends)
    return (up - down) / (2 * width)


GRID = {"price": 0.004, "delta": 5e-4, "gamma": 1e-5, "theta": 1e-3}
"""Twice, at least, what doubled grids change in truths that are extrapolated: 0.0021, 2.1e-4, 4.9e-6 and 4.8e-4."""


def extrapolated(contract, market):
    """The price and Greeks of finite differences on a grid, and as far beyond as half the grid is before: order 1."""
    grids = [by_finite_differences(contract, market, n_times) for n_times in (50, 100)]
    half, whole = ({name: getattr(grid, call)() for name, call in CALLS.items()} for grid in grids)
    return {name: 2 * value - half[name] for name, value in whole.items()}


@pytest.mark.parametrize("contract", [AMERICAN, BERMUDAN], ids=["american", "bermudan"])
@pytest.mark.parametrize("market", [HESTON, BATES], ids=["heston", "bates"])
def test_puts_have_prices_and_greeks_of_finite_differences(contract, market):
    truth = extrapolated(contract, market)
    found = priced(contract, market, ",".join(truth))
    price = found["price"]
    low, high = price.value - 4 * price.stderr, price.upper + 4 * price.upper_stderr
    assert low - GRID["price"] <= truth["price"] <= high + GRID["price"]
    assert price.upper - price.value <= 0.03 * price.value
    for name, value in truth.items():
        estimate = found[name]
        assert abs(estimate.value - value) <= 4 * estimate.stderr + estimate.bias + GRID[name], name


def test_nested_paths_bring_the_bounds_under_heston_together():
    contract = {**BERMUDAN, "bounds": "nested"}
    truth = extrapolated(contract, HESTON)["price"]
    price = priced(contract, HESTON, paths=20_000)["price"]
    low, high = price.value - 4 * price.stderr, price.upper + 4 * price.upper_stderr
    assert low - GRID["price"] <= truth <= high + GRID["price"]
    assert price.upper - price.value <= 0.002 * price.value


def test_greeks_in_the_parameters_of_variance_are_slopes_of_finite_differences():
    widths = {"initial_variance": 0.004, "long_run_variance": 0.005, "mean_reversion": 0.2, "vol_of_vol": 0.03}
    found = priced(BERMUDAN, HESTON, ",".join(f"d({name})" for name in widths))
    for name, width in widths.items():
        estimate, expected = found[f"d({name})"], slope(BERMUDAN, HESTON, name, width)
        assert abs(estimate.value - expected) <= 4 * estimate.stderr + estimate.bias + 0.003 * abs(expected), name


def by_quadrature(market, times, strike):
    """A Bermudan put under merton, by the density of the logarithm between dates that are equally far apart."""
    years = times[0]
    intensity, jump, spread = (market[name] for name in ("jump_intensity", "jump_mean", "jump_vol"))
    logs = np.linspace(-2.0, 2.0, 4001)
    step, variance = logs[1] - logs[0], market["vol"] ** 2 * years
    drift = RATE * years - 0.5 * variance - intensity * years * (exp(jump + 0.5 * spread**2) - 1)
    shifts = np.arange(-4000, 4001) * step
    density = np.zeros_like(shifts)
    for k in range(12):
        own = variance + k * spread**2
        chance = exp(-intensity * years) * (intensity * years) ** k / factorial(k)
        density += chance * np.exp(-0.5 * (shifts - drift - k * jump) ** 2 / own) / np.sqrt(2 * np.pi * own)
    payment = np.maximum(strike - 100 * np.exp(logs), 0)
    value = payment
    for _ in times:
        going_on = exp(-RATE * years) * step * np.convolve(value, density[::-1], mode="valid")[: len(logs)]
        value = np.maximum(payment, going_on)
    return float(np.interp(log(1.0), logs, going_on))


def test_a_bermudan_put_under_merton_has_the_price_of_quadrature():
    price = priced(BERMUDAN, MERTON)["price"]
    truth = by_quadrature(MERTON, BERMUDAN["exercise_times"], BERMUDAN["strike"])
    assert price.value - 4 * price.stderr <= truth <= price.upper + 4 * price.upper_stderr
    assert price.upper - price.value <= 0.02 * truth


def test_greeks_in_the_parameters_of_jumps_are_slopes_of_quadrature():
    widths = {"vol": 0.02, "jump_intensity": 0.1, "jump_mean": 0.02, "jump_vol": 0.02}
    found = priced(BERMUDAN, MERTON, ",".join(f"d({name})" for name in widths))
    for name, width in widths.items():
        ends = [{**MERTON, name: MERTON[name] + sign * width} for sign in (1, -1)]
        up, down = (by_quadrature(end, BERMUDAN["exercise_times"], 100) for end in ends)
        estimate, expected = found[f"d({name})"], (up - down) / (2 * width)
        assert abs(estimate.value - expected) <= 4 * estimate.stderr + estimate.bias + 0.005 * abs(expected), name


def test_variance_that_hardly_moves_makes_a_price_of_gbm():
    still = {**HESTON, "initial_variance": 0.04, "long_run_variance": 0.04, "vol_of_vol": 0.001}
    found, limit = (priced(BERMUDAN, market, "price,delta") for market in (still, {"vol": 0.2}))
    for name in ("price", "delta"):
        one, other = found[name], limit[name]
        assert abs(one.value - other.value) <= 4 * (one.stderr + other.stderr) + one.bias + other.bias, name


@pytest.mark.parametrize("market", [MERTON, HESTON, BATES], ids=["merton", "heston", "bates"])
def test_an_american_call_without_dividends_is_a_european(market):
    price = priced({"strike": 100, "exercise": "american", "exercise_dates": 8}, market)["price"]
    truth = run(build_request({"strike": 100}, {"spot": 100, **market, "rate": RATE}, {"closed_form": True}))["price"]
    assert price.value - 4 * price.stderr <= truth.value <= price.upper + 4 * price.upper_stderr
    assert abs(price.value - truth.value) <= 4 * price.stderr + 0.001 * truth.value


@pytest.mark.parametrize("greek", ["d(initial_variance)", "d(long_run_variance)", "theta"])
def test_bumps_by_the_same_policy_agree(greek):
    request = build_request(BERMUDAN, {"spot": 100, **HESTON, "rate": RATE}, {"paths": 4_000}, greek)
    found, (own,) = run(request)[greek], request.greeks[-1:]
    theirs = bump(request, own, 1)
    noise = 4 * np.hypot(found.stderr, theirs.stderr)
    assert abs(found.value - theirs.value) <= noise + found.bias + theirs.bias
    assert theirs.stderr + theirs.bias < 0.3 * abs(theirs.value)


def test_chances_of_exercise_add_up_to_the_chance_of_a_payment():
    law = priced(BERMUDAN, HESTON).exercise
    assert sum(date.probability for date in law.dates) == pytest.approx(law.probability, abs=1e-12)
    assert 0 < law.probability < 1


REFUSED = {
    "local vol": (
        {"model": "local-vol", "vol_surface": [[t, k, 0.2] for t in (0.5, 1) for k in (90, 100, 110)]},
        "price",
        "not priced under",
    ),
    "cash dividends": ({**HESTON, "dividends": "0.5:2"}, "price", "wants no dividends in cash"),
    "two orders of variance": (HESTON, "d(initial_variance,vol_of_vol)", "policy moves with"),
    "time and variance": (HESTON, "d(initial_variance,time)", "policy moves with"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_estimated_is_refused_with_a_reason(name):
    market, greek, reason = REFUSED[name]
    with pytest.raises(InvalidInput, match=reason):
        build_request(AMERICAN, {"spot": 100, **market, "rate": RATE}, {}, greek)
