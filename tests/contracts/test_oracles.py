"""Published values, parities and limits of path-dependent contracts."""

import csv
import json
from fractions import Fraction
from math import exp, hypot, sqrt
from pathlib import Path

import pytest

from greeks_cli.analytic.closed_forms import exact_greeks
from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request
from greeks_cli.terms.errors import InvalidInput
from tests.conftest import natural_unit

with (Path(__file__).parents[1] / "reference" / "values.csv").open() as file:
    PUBLISHED = {row["id"]: row for row in csv.DictReader(file)}


def market(p):
    return {"spot": p["S"], "vol": p["vol"], "rate": p["r"], "dividend_yield": p["q"]}


def monitored_barrier(p):
    terms = {"strike": p["K"], "barrier": p["H"], "barrier_type": "down-out", "monitoring": p["m"], "expiry": p["T"]}
    return {"kind": "barrier", **terms}


def levy_asian(p):
    n, length = p["n"], float(Fraction(p["length"]))
    times = [length * i / (n - 1) for i in range(n)]
    return {"kind": "asian", "type": "put", "strike": p["K"], "fixing_times": times, "expiry": length}


SIMULATED = [row for row in PUBLISHED.values() if row["id"].startswith(("bgk-doc", "asian-levy", "asian-r"))]


def test_every_published_value_of_this_file_is_tested():
    assert len(SIMULATED) == 32
    assert len(CASH_DIGITALS) == 12
    assert set(CLOSED_FORMS) <= set(PUBLISHED)


LARGEST_ERROR = {"price": 0.006, "delta": 0.06, "gamma": 0.06, "gamma on 50 dates": 0.4}
"""Of standard error and bias, in natural units; twice what is measured, 0.003, 0.03, 0.03 and 0.22."""


@pytest.mark.parametrize("row", SIMULATED, ids=lambda row: row["id"])
def test_simulation_agrees_with_the_published_values(row):
    p = json.loads(row["params"])
    if row["id"].startswith("bgk"):
        contract = monitored_barrier(p)
    elif "levy" in row["id"]:
        contract = levy_asian(p)
    else:
        contract = {"kind": "asian", "strike": p["K"], "fixings": p["n"], "expiry": p["T"]}
    result = run(build_request(contract, market(p), {"paths": 60_000}, row["quantity"]))
    estimate = result[row["quantity"]]
    narrow = LARGEST_ERROR["gamma on 50 dates" if "m50" in row["id"] and estimate.greek.order == 2 else row["quantity"]]
    assert estimate.stderr + estimate.bias <= narrow * natural_unit(result.request, estimate.greek)
    error = abs(estimate.value - float(row["value"]))
    assert error <= 4 * estimate.stderr + estimate.bias + float(row["abs_tol"]), estimate


CLOSED_FORMS = {
    "digital-1": lambda p: {"kind": "digital", "strike": p["K"], "cash": p["cash"], "type": "put", "expiry": p["T"]},
    "digital-2": lambda p: {"kind": "digital", "strike": p["K"], "payout": "asset", "type": "put", "expiry": p["T"]},
    "lookback-5": lambda p: {
        "kind": "lookback",
        "strike_kind": "floating",
        "type": "put",
        "running_extreme": p["Smax"],
        "expiry": p["T"],
    },
    "asian-geo-disc": lambda p: {
        "kind": "asian",
        "average": "geometric",
        "strike": p["K"],
        "fixings": p["n"],
        "expiry": p["T"],
    },
}
CASH_DIGITALS = [row for row in PUBLISHED.values() if row["id"].startswith("nag-cash")]
NAG = {"theta": "theta", "colour": "color", "vomma": "volga"}


@pytest.mark.parametrize("key", CLOSED_FORMS)
def test_closed_forms_have_the_published_digits(key):
    row = PUBLISHED[key]
    p = json.loads(row["params"])
    if key.startswith("digital"):
        p.setdefault("cash", 10)  # the product says "cash 10"
    request = build_request(CLOSED_FORMS[key](p), market(p), {}, "price")
    assert exact_greeks(request)[0] == pytest.approx(float(row["value"]), abs=float(row["abs_tol"]))


@pytest.mark.parametrize("row", CASH_DIGITALS, ids=lambda row: row["id"])
def test_greeks_of_the_cash_digital_have_the_published_digits(row):
    p = json.loads(row["params"])
    contract = {"kind": "digital", "strike": p["K"], "cash": p["cash"], "expiry": p["T"]}
    greek = NAG.get(row["quantity"], row["quantity"])
    value = exact_greeks(build_request(contract, market(p), {}, greek))[-1]
    assert value == pytest.approx(float(row["value"]), abs=float(row["abs_tol"]))


BARRIER = {"kind": "barrier", "strike": 100, "barrier": 90}


@pytest.mark.parametrize("option", ["call", "put"])
@pytest.mark.parametrize("side", ["up", "down"])
@pytest.mark.parametrize("monitoring", ["continuous", 5])
def test_knock_in_plus_knock_out_is_the_vanilla_on_the_same_paths(monitoring, side, option):
    """One seed draws the same normals for all three contracts, so that the sum has rounding errors only."""

    def priced(contract):
        settings = {"paths": 5000, "steps": 1 if monitoring == "continuous" else monitoring}
        return run(build_request({"strike": 100, "type": option, **contract}, {"vol": 0.2}, settings, "price"))["price"]

    barrier = {"kind": "barrier", "barrier": 90 if side == "down" else 115, "monitoring": monitoring}
    knocked_in, knocked_out = (priced({**barrier, "barrier_type": f"{side}-{kind}"}) for kind in ("in", "out"))
    assert min(knocked_in.value, knocked_out.value) > 0.1
    assert knocked_in.value + knocked_out.value == pytest.approx(priced({}).value, rel=1e-12)


def test_barrier_passed_today_pays_the_rebate_or_the_vanilla():
    passed = {**BARRIER, "barrier": 105, "rebate": 7}
    vanilla = run(build_request({"strike": 100}, {"vol": 0.2}, {"paths": 5000}, "price"))["price"].value
    dead = build_request({**passed, "barrier_type": "down-out"}, {"vol": 0.2}, {"paths": 5000}, "price")
    alive = build_request({**passed, "barrier_type": "down-in"}, {"vol": 0.2}, {"paths": 5000}, "price")
    assert run(dead)["price"].value == pytest.approx(7 * exp(-0.01))
    assert run(alive)["price"].value == pytest.approx(vanilla)


def down_and_out(barrier, monitoring):
    contract = {**BARRIER, "barrier": barrier, "barrier_type": "down-out", "monitoring": monitoring}
    return build_request(contract, {"vol": 0.2}, {"paths": 40_000}, "price")


def test_more_monitoring_dates_approach_the_continuous_barrier():
    prices = [run(down_and_out(90, monitoring))["price"] for monitoring in (2, 10, 100, "continuous")]
    for more, fewer in zip(prices[1:], prices, strict=False):
        assert fewer.value - more.value > 2 * hypot(fewer.stderr, more.stderr)


@pytest.mark.parametrize("dates", [50, 100, 200])
def test_monitored_barrier_has_the_price_of_a_shifted_continuous_barrier(dates):
    """M. Broadie, P. Glasserman and S. Kou, A continuity correction for discrete barrier options, 1997."""
    estimate = run(down_and_out(90, dates))["price"]
    shifted = 90 * exp(-0.5826 * 0.2 * sqrt(1 / dates))
    assert abs(estimate.value - exact_greeks(down_and_out(shifted, "continuous"))[0]) < 3 * estimate.stderr
    # Without the shift the price is another one.
    assert abs(estimate.value - exact_greeks(down_and_out(90, "continuous"))[0]) > 2 * estimate.stderr


def test_an_average_over_one_fixing_is_the_european():
    asian = build_request(
        {"kind": "asian", "strike": 100, "fixings": 1}, {"vol": 0.2}, {"paths": 10_000}, "delta,theta"
    )
    plain = build_request({"strike": 100}, {"vol": 0.2}, {"paths": 10_000}, "delta,theta")
    for one, other in zip(run(asian).estimates, run(plain).estimates, strict=True):
        assert one.value == pytest.approx(other.value, rel=1e-12)


def test_geometric_control_variate_leaves_a_fifth_of_the_standard_error():
    contract = {"kind": "asian", "strike": 100, "fixings": 12}
    plain = run(build_request(contract, {"vol": 0.2}, {}, "delta,vega"))
    controlled = run(build_request(contract, {"vol": 0.2}, {"control": True}, "delta,vega"))
    for one, other in zip(plain.estimates, controlled.estimates, strict=True):
        assert 0 < other.stderr < one.stderr / 5
        assert abs(one.value - other.value) < 4 * one.stderr


def test_call_spread_and_put_spread_add_up_to_the_discounted_distance_of_their_strikes():
    strikes = {"low_strike": 90, "high_strike": 110}
    call, put = (
        run(build_request({"kind": kind, **strikes}, {"vol": 0.2}, {"paths": 5000}, "delta"))
        for kind in ("call-spread", "put-spread")
    )
    assert call["price"].value + put["price"].value == pytest.approx(20 * exp(-0.01), rel=1e-12)
    assert call["delta"].value + put["delta"].value == pytest.approx(0, abs=1e-12)


WRONG = [
    ({"kind": "asian"}, "strike is required"),
    ({"kind": "asian", "strike": 100, "strike_kind": "floating"}, "leave out strike"),
    ({"kind": "asian", "strike": 100, "fixings": 3, "fixing_times": [1]}, "exclude each other"),
    ({"kind": "asian", "strike": 100, "fixing_times": [0.5, 0.25]}, "must increase"),
    ({"kind": "asian", "strike": 100, "fixing_times": [0.5, 0.5 + 1e-12]}, "must increase, by 1e-09 years or more"),
    ({"kind": "asian", "strike": 100, "fixing_times": [2]}, "comes after expiry"),
    ({"kind": "forward-start", "start": 2}, "must come before expiry"),
    ({"kind": "strangle", "low_strike": 110, "high_strike": 90}, "must be below"),
    ({"kind": "butterfly", "low_strike": 90, "strike": 80, "high_strike": 110}, "must lie between"),
    ({"kind": "double-barrier", "strike": 100, "low_barrier": 110, "high_barrier": 90}, "must be below high_barrier"),
    ({"kind": "cliquet", "floor": 0.2}, "must be below cap"),
    ({"kind": "european", "strike": 100, "barrier": 90}, "unknown key, not an option of the european contract"),
    ({"kind": "asain", "strike": 100}, "did you mean 'asian'"),
]


@pytest.mark.parametrize(("contract", "message"), WRONG, ids=str)
def test_inconsistent_contracts_are_refused(contract, message):
    with pytest.raises(InvalidInput, match=message):
        build_request(contract, {"vol": 0.2}, {})
