"""Early exercise of contracts on several underlyings: published values, bounds and Greeks."""

import pytest

from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request
from greeks_cli.terms.errors import InvalidInput
from tests.engine.simulation.surfaces import QUOTES

DATES = {"exercise": "bermudan", "expiry": 3, "exercise_times": [k / 3 for k in range(1, 10)]}
PUBLISHED = {
    # The price of a call on the larger of two: P. Glasserman, Monte Carlo Methods in Financial Engineering, table 8.1.
    (2, 90): (8.08, 0.01),
    (2, 100): (13.90, 0.01),
    (2, 110): (21.34, 0.01),
    # SciML/HighDimPDE.jl, and S. Becker, P. Cheridito and A. Jentzen, Journal of Machine Learning Research 20, 2019
    (3, 90): (11.278, 0.02),
    (5, 90): (16.64, 0.03),
    (5, 110): (36.78, 0.03),
}


def underlyings(count, spot=100.0):
    own = {"spot": spot, "vol": 0.2, "dividend_yield": 0.1}
    return {"underlying": {chr(65 + k): own for k in range(count)}, "correlation": 0.0, "rate": 0.05}


def priced(contract, market, greeks="price", **simulation):
    return run(build_request(contract, market, simulation, greeks))


@pytest.mark.parametrize(("count", "spot"), PUBLISHED)
def test_calls_on_the_best_have_their_published_prices_between_two_bounds(count, spot):
    expected, rounded = PUBLISHED[count, spot]
    price = priced({"kind": "best-of", "strike": 100, **DATES}, underlyings(count, spot), paths=50_000)["price"]
    assert price.value - 4 * price.stderr - rounded <= expected <= price.upper + 4 * price.upper_stderr + rounded
    assert price.upper - price.value <= 0.01 * expected + 4 * price.stderr + 4 * price.upper_stderr


def test_nested_paths_bring_the_bounds_of_a_call_on_the_best_together():
    count, spot = 2, 90
    expected, rounded = PUBLISHED[count, spot]
    contract = {"kind": "best-of", "strike": 100, **DATES, "bounds": "nested"}
    price = priced(contract, underlyings(count, spot), paths=50_000)["price"]
    assert price.value - 4 * price.stderr - rounded <= expected <= price.upper + 4 * price.upper_stderr + rounded
    assert price.upper - price.value <= 0.005 * expected


def test_greeks_are_slopes_of_the_price():
    contract = {"kind": "best-of", "strike": 100, **DATES}
    greeks = "price,delta[A],gamma[A],d(correlation[A,B]),rho,dual_delta"
    found = priced(contract, underlyings(2), greeks, paths=50_000)

    def price(spot=100.0, correlation=0.0, rate=0.05, strike=100.0):
        market = {**underlyings(2), "correlation": correlation, "rate": rate}
        market["underlying"] = {**market["underlying"], "A": {**market["underlying"]["A"], "spot": spot}}
        return priced({**contract, "strike": strike}, market, paths=50_000)["price"].value

    slopes = {
        "delta[A]": (price(spot=102) - price(spot=98)) / 4,
        "gamma[A]": (price(spot=106) - 2 * price() + price(spot=94)) / 36,
        "d(correlation[A,B])": (price(correlation=0.1) - price(correlation=-0.1)) / 0.2,
        "rho": (price(rate=0.055) - price(rate=0.045)) / 0.01,
        "dual_delta": (price(strike=102) - price(strike=98)) / 4,
    }
    for name, slope in slopes.items():
        estimate = found[name]
        assert abs(estimate.value - slope) <= 4 * estimate.stderr + estimate.bias, name


LEAST = {
    "basket": {"type": "put", "strike": 100},
    "worst-of": {"type": "put", "strike": 100},
    "spread": {"type": "put", "strike": 5},
    "exchange": {},
    "rainbow": {"type": "put", "strike": 100},
}


@pytest.mark.parametrize("kind", LEAST)
def test_a_right_to_exercise_early_is_worth_no_less_than_none_and_than_now(kind):
    market = underlyings(2)
    european = priced({"kind": kind, **LEAST[kind]}, market, paths=20_000)["price"]
    american = priced({"kind": kind, **LEAST[kind], "exercise": "american", "exercise_dates": 8}, market, paths=20_000)
    price = american["price"]
    assert price.value >= european.value - 4 * european.stderr
    assert price.value - 4 * price.stderr <= price.upper + 4 * price.upper_stderr
    assert price.upper <= price.value * 1.05 + 0.05


def test_dividends_in_cash_are_refused_with_a_reason():
    market = underlyings(2)
    paying = {**market["underlying"]["A"], "dividends": "0.5:2", "dividend_model": "escrowed"}
    market["underlying"] = {**market["underlying"], "A": paying}
    with pytest.raises(InvalidInput, match=r"A: dividends: early .* wants no dividends in cash"):
        build_request({"kind": "best-of", "strike": 100, **DATES}, market, {}, "price")


def test_local_vol_is_refused_in_one_line():
    market = underlyings(2)
    market["underlying"] = {**market["underlying"], "B": {"model": "local-vol", "vol_surface": QUOTES}}
    with pytest.raises(InvalidInput) as refused:
        priced({"kind": "best-of", "strike": 100, **DATES}, market)
    (problem,) = refused.value.problems
    assert "B: early exercise is not priced under local-vol" in problem.message
