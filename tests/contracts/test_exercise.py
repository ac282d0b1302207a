"""Early exercise: published values, limits, and Greeks against prices at other parameters."""

import csv
import json
from pathlib import Path

import pytest

from greeks_cli.engine.execution.compile import plan
from greeks_cli.engine.execution.warnings import too_rich
from greeks_cli.run.checking import check
from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request
from greeks_cli.terms.errors import InvalidInput

MODELS = Path(__file__).parents[1] / "reference" / "models.csv"
MARKET = {"spot": 100, "vol": 0.2, "rate": 0.05}
BERMUDAN = {"type": "put", "strike": 100, "exercise": "bermudan", "exercise_times": [0.25, 0.5, 0.75, 1]}


def priced(contract, market, greeks="price", **simulation):
    return run(build_request(contract, market, {"paths": 20_000, **simulation}, greeks))


PUBLISHED = {
    # Values of a convolution on a grid, near those of QuantLib 1.41 by finite differences
    "put, 4 dates": ("put", 100, 100, 1, 0.2, 0.03, 0, [91, 182, 274, 365], 6.65815),
    "put, 8 dates": ("put", 110, 100, 2, 0.3, 0.02, 0, [91, 182, 274, 365, 456, 548, 639, 730], 11.42841),
    "call, 6 dates": ("call", 105, 100, 2, 0.22, 0.01, 0.03, [122, 243, 365, 487, 608, 730], 13.13846),
    "call, 5 dates": ("call", 120, 110, 182 / 365, 0.15, 0.03, 0, [36, 73, 109, 146, 182], 12.71215),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_bermudans_have_the_published_prices_between_their_bounds(name):
    kind, spot, strike, expiry, vol, rate, dividend_yield, days, expected = PUBLISHED[name]
    times = [day / 365 for day in days]
    contract = {"type": kind, "strike": strike, "expiry": expiry, "exercise": "bermudan", "exercise_times": times}
    market = {"spot": spot, "vol": vol, "rate": rate, "dividend_yield": dividend_yield}
    price = priced(contract, market)["price"]
    rounded = 3e-5
    assert price.value - 4 * price.stderr - rounded <= expected <= price.upper + 4 * price.upper_stderr + rounded
    assert price.upper - price.value <= 0.001 * expected
    assert price.bias >= price.upper - price.value
    assert price.high >= price.upper


LIMITS = {
    "call without dividends": ({"type": "call", "strike": 100}, MARKET),
    "put at a negative rate": ({"type": "put", "strike": 100}, {**MARKET, "rate": -0.01}),
    "put at no rate": ({"type": "put", "strike": 100}, {**MARKET, "rate": 0.0}),
}


@pytest.mark.parametrize("name", LIMITS)
def test_americans_that_nobody_exercises_are_europeans(name):
    contract, market = LIMITS[name]
    names = "price,delta,gamma,vega,rho,theta"
    american = priced({**contract, "exercise": "american"}, market, names, paths=2_000)
    exact = run(build_request(contract, market, {"closed_form": True}, names))
    for estimate in american.estimates:
        expected = exact[estimate.greek.name].value
        assert estimate.value == pytest.approx(expected, rel=1e-9)
        assert estimate.stderr == 0
        assert estimate.bias <= 1e-8 * abs(expected)


# Closed forms of the European, and what early exercise adds by QuantLib 1.41's finite differences (1600 x 1600)
FAR_OUT = {"price": 0.0139589, "delta": -0.00137837, "gamma": 0.000133691, "vega": 0.767012}


def test_exercise_that_no_path_shows_is_part_of_the_bias():
    contract, market = {"type": "put", "strike": 100, "exercise": "american"}, {**MARKET, "spot": 170}
    found = priced(contract, market, ",".join(FAR_OUT), paths=100_000)
    for name, truth in FAR_OUT.items():
        estimate = found[name]
        assert estimate.stderr == 0
        assert 0 < abs(estimate.value - truth) <= estimate.bias < 0.25 * abs(truth)
        assert "every path gave the same" in estimate.warning


def test_bounds_of_a_put_far_out_of_the_money_are_near_each_other():
    # By QuantLib 1.41 (finite differences, 1600 x 1600, their error of the European taken off)
    contract = {"type": "put", "strike": 83.18654410455733, "expiry": 91 / 365, "exercise": "american"}
    price = priced(contract, {"spot": 100, "vol": 0.178, "rate": 0.0832})["price"]
    assert price.value - 4 * price.stderr <= 0.0298464 <= price.upper + 4 * price.upper_stderr
    assert price.upper - price.value <= 0.032 * price.value  # half of what bells around the forward leave


def test_an_american_put_deep_in_the_money_is_exercised_now():
    found = priced({"type": "put", "strike": 100, "exercise": "american"}, {**MARKET, "spot": 70}, "price,delta,gamma")
    assert (found["price"].value, found["delta"].value, found["gamma"].value) == (30, -1, 0)
    assert found["price"].upper == pytest.approx(30, abs=0.01)


def test_greeks_are_slopes_of_the_price():
    found = priced(BERMUDAN, MARKET, "price,delta,gamma,vega,rho,dual_delta", paths=100_000)

    def price(spot=100.0, vol=0.2, rate=0.05, strike=100.0):
        contract, market = {**BERMUDAN, "strike": strike}, {"spot": spot, "vol": vol, "rate": rate}
        return priced(contract, market, paths=100_000)["price"].value

    slopes = {
        "delta": (price(spot=101) - price(spot=99)) / 2,
        "gamma": (price(spot=102) - 2 * price() + price(spot=98)) / 4,
        "vega": (price(vol=0.205) - price(vol=0.195)) / 0.01,
        "rho": (price(rate=0.0525) - price(rate=0.0475)) / 0.005,
        "dual_delta": (price(strike=101) - price(strike=99)) / 2,
    }
    noise = {"delta": 4e-4, "gamma": 3e-4, "vega": 0.08, "rho": 0.16, "dual_delta": 4e-4}
    for name, slope in slopes.items():
        estimate = found[name]
        assert abs(estimate.value - slope) <= 4 * estimate.stderr + noise[name], name


def test_an_american_has_the_homogeneity_of_its_payoff():
    found = priced({"type": "put", "strike": 100, "exercise": "american"}, MARKET, "price,delta,dual_delta")
    delta, dual = found["delta"], found["dual_delta"]
    tolerance = 400 * (delta.stderr + dual.stderr) + found["price"].bias + 4 * found["price"].stderr
    assert abs(100 * delta.value + 100 * dual.value - found["price"].value) <= tolerance


def test_a_cash_dividend_makes_early_exercise_of_a_call_worth_more():
    contract, market = {"strike": 100, "exercise": "american"}, {**MARKET, "dividends": "0.5:7"}
    american, european = priced(contract, market)["price"], priced({"strike": 100}, market)["price"]
    assert american.value > european.value + 5 * european.stderr
    assert american.upper >= american.value


def test_a_poorer_basis_earns_less_and_widens_the_gap():
    prices = [priced({**BERMUDAN, "basis": n}, MARKET)["price"] for n in (1, 3, 9)]
    usual = priced(BERMUDAN, MARKET)["price"]
    poor, fair = (price.upper - price.value for price in prices[:2])
    assert poor > 2 * fair > 0
    assert (prices[2].value, prices[2].upper) == (usual.value, usual.upper)
    assert all(price.value - 4 * price.stderr <= usual.upper for price in prices)


def test_a_basis_that_is_too_rich_is_warned_of():
    market = {**MARKET, "spot": 160}
    rich, usual = (priced({**BERMUDAN, **more}, market, paths=1_000)["price"] for more in ({"basis": 16}, {}))
    assert "basis 16 is too rich for the paths in the money" in warnings_of(market, 16)
    assert "basis" not in warnings_of(market, None)
    assert rich.value == pytest.approx(usual.value, rel=0.05)


def warnings_of(market, basis):
    own = plan(build_request({**BERMUDAN, "basis": basis}, market, {}, "price"))
    return too_rich(own) or ""


REFUSED = {
    "a basis of a european": ({"basis": 3, "strike": 100}, MARKET, "is that of early exercise"),
    "times of a european": ({**BERMUDAN, "exercise": "european"}, MARKET, "give exercise bermudan"),
    "no times": ({"strike": 100, "exercise": "bermudan"}, MARKET, "wants exercise_times"),
    "times after expiry": ({**BERMUDAN, "expiry": 0.9}, MARKET, "comes after expiry"),
    "a number of dates": ({**BERMUDAN, "exercise_dates": 4}, MARKET, "are those of american exercise"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_wrong_right_is_refused_with_a_reason(name):
    contract, market, reason = REFUSED[name]
    with pytest.raises(InvalidInput, match=reason):
        build_request({"strike": 100, **contract}, market, {}, "price")


def test_a_width_of_kernels_changes_no_estimator():
    request = build_request(BERMUDAN, MARKET, {"width": 1, "autodiff": "backward"}, "gamma")
    used = {index: str(group.method.estimator) for group in plan(request).groups for index in group.wanted}
    assert used["spot", "spot"] == "likelihood"


def test_methods_of_a_check_agree():
    results = check(build_request(BERMUDAN, MARKET, {"paths": 5_000}, "delta"))
    assert {result.method for result in results} >= {"chainer.grad", "likelihood", "bumps", "pricing equation"}
    assert all(abs(result.z or 0.0) <= 4 for result in results)


def test_a_date_of_exercise_that_has_passed_is_refused_with_a_reason():
    contract = {**BERMUDAN, "expiry": "2027-06-18", "exercise_times": ["2026-10-01", "2027-01-15"]}
    with pytest.raises(InvalidInput, match=r"leave it out$"):
        build_request(contract, MARKET, {}, "price", dates={"valuation_date": "2026-11-30"})


def test_single_precision_is_refused_with_a_reason():
    with pytest.raises(InvalidInput, match="wants dtype float64"):
        build_request(BERMUDAN, MARKET, {"dtype": "float32"}, "price")


@pytest.mark.parametrize("greek", ["volga", "d(vol,rate)", "d(strike,strike)"])
def test_second_orders_that_move_the_policy_twice_are_refused(greek):
    with pytest.raises(InvalidInput, match="policy moves with"):
        build_request(BERMUDAN, MARKET, {}, greek)


def test_all_leaves_out_what_early_exercise_does_not_estimate_unless_it_is_named():
    names = {greek.name for greek in build_request(BERMUDAN, MARKET, {}, "all").greeks}
    assert {"gamma", "vanna", "charm", "rho"} <= names
    assert not {"volga", "ultima", "dual_gamma"} & names
    with pytest.raises(InvalidInput, match="policy moves with"):
        build_request(BERMUDAN, MARKET, {}, "all, volga")


# American digitals at rate 0.05 that are paid when the price is at the strike (E. Reiner and M. Rubinstein, Risk 4(8),
# 1991), and a put whose time value is spent within a few dates, by finite differences
COARSE = {
    "digital call": ({"kind": "digital", "type": "call"}, {"spot": 90, "vol": 0.2}, {"price": 0.6344912581689}),
    "digital put": ({"kind": "digital", "type": "put"}, {"spot": 110, "vol": 0.3}, {"price": 0.7385988183909}),
    "put of low vol": ({"type": "put"}, {"spot": 100, "vol": 0.01}, {"delta": -0.36931, "gamma": 3.69666}),
}


@pytest.mark.parametrize("n_dates", [4, 12])
@pytest.mark.parametrize("name", ["digital call", "digital put"])
def test_the_upper_bound_of_a_digital_covers_the_price_for_few_dates(name, n_dates):
    contract, market, truths = COARSE[name]
    terms = {"strike": 100, "exercise": "american", "exercise_dates": n_dates, **contract}
    price = priced(terms, {"rate": 0.05, **market})["price"]
    assert truths["price"] <= price.upper + 4 * price.upper_stderr
    assert abs(price.value - truths["price"]) <= 4 * price.stderr + price.bias


@pytest.mark.parametrize("name", COARSE)
def test_too_few_dates_are_part_of_the_bias(name):
    contract, market, truths = COARSE[name]
    terms = {"strike": 100, "exercise": "american", **contract}
    found = priced(terms, {"rate": 0.05, **market}, "price,delta,gamma")
    for greek, truth in truths.items():
        estimate = found[greek]
        assert abs(estimate.value - truth) <= 4 * estimate.stderr + estimate.bias, greek


def test_estimators_of_early_exercise_hold_the_path_fixed():
    request = build_request(BERMUDAN, MARKET, {}, "price,delta,gamma,dual_delta,d(spot,strike)")
    used = {index: str(group.method.estimator) for group in plan(request).groups for index in group.wanted}
    assert used[("spot",)] == used["spot", "spot"] == "likelihood"
    assert used[("strike",)] == "pathwise"
    assert used["spot", "strike"] == "mixed"


def test_published_values_are_those_of_the_table():
    with MODELS.open() as file:
        rows = {row["id"]: row for row in csv.DictReader(file) if row["id"].startswith("bermudan")}
    assert len(rows) == len(PUBLISHED)
    for row, (kind, spot, strike, expiry, *_, expected) in zip(rows.values(), PUBLISHED.values(), strict=True):
        known = json.loads(row["params"])
        assert (kind, expected) == (row["contract"].split()[1], float(row["value"]))
        assert (spot, strike, expiry) == pytest.approx((known["S"], known["K"], known["T"]))
