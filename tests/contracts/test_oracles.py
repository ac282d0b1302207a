"""Published values, parities and limits of contracts on the way the underlying takes."""

import csv
import json
from fractions import Fraction
from math import exp
from pathlib import Path

import pytest

from greeks_cli.analytic.closed_forms import exact_greeks
from greeks_cli.run.local import run
from greeks_cli.terms.errors import InvalidInput
from greeks_cli.terms.request import build_request

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
    return {"kind": "asian", "type": "put", "strike": p["K"], "fixing_times": times, "expiry": 1.0}


SIMULATED = [row for row in PUBLISHED.values() if row["id"].startswith(("bgk-doc", "asian-levy", "asian-r"))]


@pytest.mark.parametrize("row", SIMULATED, ids=lambda row: row["id"])
def test_simulation_agrees_with_the_published_values(row):
    p = json.loads(row["params"])
    if row["id"].startswith("bgk"):
        contract = monitored_barrier(p)
    elif "levy" in row["id"]:
        contract = levy_asian(p)
    else:
        contract = {"kind": "asian", "strike": p["K"], "fixings": p["n"], "expiry": p["T"]}
    estimate = run(build_request(contract, market(p), {"paths": 60_000}, row["quantity"]))[row["quantity"]]
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
NAG = {"theta": "theta", "colour": "color", "vomma": "volga"}


@pytest.mark.parametrize("key", CLOSED_FORMS)
def test_closed_forms_have_the_published_digits(key):
    row = PUBLISHED[key]
    p = json.loads(row["params"])
    if key.startswith("digital"):
        p.setdefault("cash", 10)  # the product says "cash 10"
    request = build_request(CLOSED_FORMS[key](p), market(p), {}, "price")
    assert exact_greeks(request)[0] == pytest.approx(float(row["value"]), abs=float(row["abs_tol"]))


@pytest.mark.parametrize(
    "row", [r for r in PUBLISHED.values() if r["id"].startswith("nag-cash")], ids=lambda r: r["id"]
)
def test_greeks_of_the_cash_digital_have_the_published_digits(row):
    p = json.loads(row["params"])
    contract = {"kind": "digital", "strike": p["K"], "cash": p["cash"], "expiry": p["T"]}
    greek = NAG.get(row["quantity"], row["quantity"])
    value = exact_greeks(build_request(contract, market(p), {}, greek))[-1]
    assert value == pytest.approx(float(row["value"]), abs=float(row["abs_tol"]))


BARRIER = {"kind": "barrier", "strike": 100, "barrier": 90}


@pytest.mark.parametrize("monitoring", ["continuous", 5])
def test_in_plus_out_is_the_vanilla_on_every_path(monitoring):
    asked = [
        build_request(contract, {"vol": 0.2}, {"paths": 5000, "steps": 5}, "delta")
        for contract in (
            {**BARRIER, "barrier_type": "down-in", "monitoring": monitoring},
            {**BARRIER, "barrier_type": "down-out", "monitoring": monitoring},
        )
    ]
    knocked_in, knocked_out = (run(request)["price"].value for request in asked)
    exact = exact_greeks(build_request({"strike": 100}, {"vol": 0.2}, {}, "price"))[0]
    together = run(build_request({"strike": 100}, {"vol": 0.2}, {"paths": 5000, "steps": 5}, "price"))["price"]
    assert abs(knocked_in + knocked_out - exact) < 4 * together.stderr


def test_a_barrier_already_passed():
    passed = {**BARRIER, "barrier": 105, "rebate": 7}
    vanilla = run(build_request({"strike": 100}, {"vol": 0.2}, {"paths": 5000}, "price"))["price"].value
    dead = build_request({**passed, "barrier_type": "down-out"}, {"vol": 0.2}, {"paths": 5000}, "price")
    alive = build_request({**passed, "barrier_type": "down-in"}, {"vol": 0.2}, {"paths": 5000}, "price")
    assert run(dead)["price"].value == pytest.approx(7 * exp(-0.01))
    assert run(alive)["price"].value == pytest.approx(vanilla)


def test_more_monitoring_dates_approach_the_continuous_barrier():
    def price(monitoring):
        contract = {**BARRIER, "barrier_type": "down-out", "monitoring": monitoring}
        return run(build_request(contract, {"vol": 0.2}, {"paths": 40_000}, "price"))["price"].value

    assert price(2) > price(10) > price(100) > price("continuous")


def test_an_average_over_one_fixing_is_the_european():
    asian = build_request(
        {"kind": "asian", "strike": 100, "fixings": 1}, {"vol": 0.2}, {"paths": 10_000}, "delta,theta"
    )
    plain = build_request({"strike": 100}, {"vol": 0.2}, {"paths": 10_000}, "delta,theta")
    for one, other in zip(run(asian).estimates, run(plain).estimates, strict=True):
        assert one.value == pytest.approx(other.value, rel=1e-12)


def test_the_geometric_control_of_an_asian_takes_most_of_the_noise():
    contract = {"kind": "asian", "strike": 100, "fixings": 12}
    plain = run(build_request(contract, {"vol": 0.2}, {}, "delta,vega"))
    controlled = run(build_request(contract, {"vol": 0.2}, {"control": True}, "delta,vega"))
    for one, other in zip(plain.estimates, controlled.estimates, strict=True):
        assert 0 < other.stderr < one.stderr / 5
        assert abs(one.value - other.value) < 4 * one.stderr


WRONG = [
    ({"kind": "asian"}, "strike is required"),
    ({"kind": "asian", "strike": 100, "strike_kind": "floating"}, "leave out strike"),
    ({"kind": "asian", "strike": 100, "fixings": 3, "fixing_times": [1]}, "exclude each other"),
    ({"kind": "asian", "strike": 100, "fixing_times": [0.5, 0.25]}, "must increase"),
    ({"kind": "asian", "strike": 100, "fixing_times": [2]}, "comes after expiry"),
    ({"kind": "forward-start", "start": 2}, "must come before expiry"),
    ({"kind": "strangle", "low_strike": 110, "high_strike": 90}, "must be below"),
    ({"kind": "butterfly", "low_strike": 90, "strike": 80, "high_strike": 110}, "must lie between"),
    ({"kind": "cliquet", "floor": 0.2}, "must be below cap"),
    ({"kind": "european", "strike": 100, "barrier": 90}, "unknown key, not an option of the european contract"),
    ({"kind": "asain", "strike": 100}, "did you mean 'asian'"),
]


@pytest.mark.parametrize(("contract", "message"), WRONG, ids=str)
def test_contracts_that_make_no_sense(contract, message):
    with pytest.raises(InvalidInput, match=message):
        build_request(contract, {"vol": 0.2}, {})
