"""Profiles, tolerances and mistakes of ``price`` and ``profile`` on several underlyings."""

import csv
import io
import json

import pytest

SPREAD = ("--contract", "spread", "--strike", "5", "--paths", "4000", "--quiet")
TWO = ("--underlying", "A:spot=100,vol=0.2", "--underlying", "B:spot=90,vol=0.3")
HALF = ("--correlation", "A,B=0.5")


@pytest.fixture
def points(greeks):
    """The rows of a profile of the spread."""

    def rows(*arguments, market=(*TWO, *HALF)):
        outcome = greeks("profile", *SPREAD, *market, *arguments, "--format", "csv")
        assert outcome.code == 0, outcome.err
        return list(csv.DictReader(io.StringIO(outcome.out)))

    return rows


def priced(greeks, *arguments):
    outcome = greeks("price", *SPREAD, *arguments, "--format", "json")
    assert outcome.code == 0, outcome.err
    return {one["name"]: one["value"] for one in json.loads(outcome.out)["estimates"]}


@pytest.mark.parametrize(
    ("over", "market"),
    [
        ("spot[A]=90,110", ("--underlying", "A:spot=110,vol=0.2", TWO[2], TWO[3], *HALF)),
        ("vol[B]=0.1,0.4", (TWO[0], TWO[1], "--underlying", "B:spot=90,vol=0.4", *HALF)),
        ("correlation[B,A]=0.1,0.8", (*TWO, "--correlation", "0.8")),
        ("rate=0,0.05", (*TWO, *HALF, "--rate", "0.05")),
        ("dividend-yield[B]=0,0.05", (TWO[0], TWO[1], "--underlying", "B:spot=90,vol=0.3,dividend_yield=0.05", *HALF)),
        ("strike=0,10", (*TWO, *HALF, "--strike", "10")),
    ],
)
def test_profile_has_the_price_of_each_point(points, greeks, over, market):
    last = points("--over", over, "--greeks", "delta[A]")[-1]
    assert float(last["value"]) == pytest.approx(priced(greeks, *market)["delta[A]"], rel=1e-9)


def test_node_of_an_underlyings_curve_varies(points, greeks):
    market = (TWO[0], TWO[1], "--underlying", "B:spot=90,vol=0.3,dividend_yield=0.02", *HALF)
    found = points("--over", "dividend_yield[B]=0.01,0.02", "--greeks", "price", market=market)
    assert float(found[-1]["value"]) == pytest.approx(priced(greeks, *market)["price"], rel=1e-9)


def test_curve_of_an_underlying_on_the_command_line(greeks):
    curve = ("--underlying", "B:spot=90,dividend_yield=0.5:0.01,1:0.02,vol=0.3")
    found = priced(greeks, TWO[0], TWO[1], *curve, *HALF, "--greeks", "phi[B:0.5],phi[B:1],phi[B]")
    assert found["phi[B]"] == pytest.approx(found["phi[B:0.5]"] + found["phi[B:1]"])


def test_two_spots_make_a_surface(points):
    rows = points("--over", "spot[A]=90,110", "--over", "spot[B]=80,100", "--greeks", "d(spot[A],spot[B])")
    at = [(float(row["spot[A]"]), float(row["spot[B]"])) for row in rows if row["name"] == "price"]
    assert at == [(90, 80), (90, 100), (110, 80), (110, 100)]
    assert all(float(row["value"]) < 0 for row in rows if row["name"] != "price")


def test_axis_gives_the_number_that_its_underlying_lacks(points):
    market = ("--underlying", "A:spot=100", "--underlying", "B:spot=90,vol=0.3")
    rows = points("--over", "vol[A]=0.1,0.2", "--over", "correlation[A,B]=0,0.5", "--greeks", "price", market=market)
    assert len(rows) == 4


def test_ends_of_the_correlation_are_priced_pathwise(points):
    rows = points("--over", "correlation[A,B]=-1:1:3", "--greeks", "gamma[A]")
    assert {row["estimator"] for row in rows} == {"pathwise"}
    assert all(float(row["value"]) > 0 for row in rows)


@pytest.mark.parametrize(
    ("over", "said"),
    [
        ("spot=90,110", "--over spot: belongs to each underlying; write spot[A]"),
        ("vol=0.1,0.2", "--over vol: belongs to each underlying; write vol[A]"),
        ("correlation=0,0.5", "--over correlation: belongs to each pair of underlyings; write correlation[A,B]"),
        ("spot[C]=90,110", "--over spot[C]: no number of the spread contract or its market; did you mean 'spot["),
        ("correlation[A,B]=0,1.5", "--over correlation[A,B]=1.5: the correlation of A,B should be -1 to 1"),
    ],
)
def test_axis_without_a_number_is_refused(greeks, over, said):
    outcome = greeks("profile", *SPREAD, *TWO, *HALF, "--over", over)
    assert (outcome.code, outcome.out) == (2, "")
    assert said in outcome.err


def test_headline_of_a_profile_over_a_correlation(greeks):
    out = greeks("profile", *SPREAD, *TWO, "--over", "correlation[A,B]=0,0.5", "--format", "table").out
    assert "; correlation 0 to 0.5; rate 0.01" in out


def test_tolerance_without_a_name_is_that_of_each_underlying(greeks):
    outcome = greeks("price", *SPREAD, *TWO, *HALF, "--tol", "delta=0.004", "--format", "json")
    found = {one["name"]: one["stderr"] + one["bias"] for one in json.loads(outcome.out)["estimates"]}
    assert max(found["delta[A]"], found["delta[B]"]) <= 0.004


def test_greek_without_a_name_is_that_of_the_underlyings_which_have_it(greeks):
    market = (TWO[0], TWO[1], "--underlying", "B:spot=90,vol=0.3,borrow=0.01", *HALF)
    assert "d(borrow[B])" in priced(greeks, *market, "--greeks", "d(borrow)")


@pytest.mark.parametrize("estimator", ["auto", "likelihood", "mixed", "conditional"])
def test_singular_matrix_is_priced_pathwise(greeks, estimator):
    settings = ("--correlation", "1", "--estimator", estimator, "--paths", "40000")
    found = priced(greeks, *TWO, *settings, "--greeks", "delta,hessian,vega")
    assert found["gamma[A]"] == pytest.approx(0.0365, rel=0.1)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--market-price", "5"), "--market-price: 5: is for contracts on one underlying"),
        (("--forward", "100"), "--forward: 100: is for contracts on one underlying"),
        (("--underlying", "C D:spot=3"), "--underlying: C D: is no name of an underlying among several"),
        (
            ("--valuation-date", "2026-11-30", "--expiry", "2026-11-02"),
            "--expiry: 2026-11-02: has passed, and contracts",
        ),
        (("--control",), "--control: of contracts on several underlyings only one has a control variate"),
        (("--underlyings", "A,A"), "--underlyings: A,A: A is named twice"),
        (("--underlyings", "A,C"), "--underlyings: C: no market is given for it; choose from A, B"),
        (("--correlation", "A,C=0.5"), "--correlation: A,C: there is no underlying 'C'; choose from A, B"),
        (("--correlation", "A,B=1.5"), "--correlation: 1.5: the correlation of A,B should be -1 to 1"),
        (("--underlying", "C:spot=3,vol=1,forward=2", "--correlation", "0.5"), "C: forward: is for contracts on one"),
    ],
)
def test_mistakes_are_told_once(greeks, arguments, said):
    correlation = () if "--correlation" in arguments else HALF
    outcome = greeks("price", *SPREAD, *TWO, *correlation, *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.count(said) == 1


def test_matrix_of_a_file_may_have_more_underlyings(greeks, tmp_path):
    file = tmp_path / "matrix.csv"
    file.write_text(",A,B,C\nA,1,0.5,0.5\nB,0.5,1,0.5\nC,0.5,0.5,1\n")
    assert priced(greeks, *TWO, "--correlation", str(file)) == priced(greeks, *TWO, *HALF)


DATED = """
valuation_date = 2026-11-30
greeks = "phi"
[contract]
kind = "spread"
strike = 5
expiry = 2027-06-18
[market]
rate = [["3M", 0.02], ["1Y", 0.03]]
[correlation]
"A,B" = 0.5
[underlying.A]
spot = 100
vol = 0.2
dividend_yield = [[2027-03-18, 0.02], ["1Y", 0.03]]
[underlying.B]
spot = 90
vol = 0.3
[simulation]
paths = 4000
buckets = true
"""


def test_curves_of_an_underlying_have_dates_and_buckets(greeks, tmp_path):
    file = tmp_path / "dated.toml"
    file.write_text(DATED)
    found = json.loads(greeks("price", "--config", str(file), "--format", "json").out)
    by_name = {one["name"]: one["value"] for one in found["estimates"]}
    assert by_name["phi[A:2027-03-18]"] + by_name["phi[A:1Y]"] == pytest.approx(by_name["phi[A]"])
    row = json.loads(greeks("batch", str(file)).out)
    assert row["market"] == found["market"]
    file.write_text(DATED.replace("2027-03-18", "2026-03-18"))
    said = "[underlying.A]: A: dividend_yield: node 2026-03-18: is not after the day of valuation"
    assert said in greeks("price", "--config", str(file)).err


def test_long_names_of_greeks_break_before_a_number_is_cut():
    from greeks_cli.report.text.screen import Screen
    from greeks_cli.report.text.table import table
    from greeks_cli.run.price import run
    from greeks_cli.terms.building import build_request
    from greeks_cli.terms.units import Units

    names = ["EUROSTOXX50E", "NIKKEI225X"]
    market = {"underlying": {name: {"spot": 5000, "vol": 0.2} for name in names}, "correlation": 0.5}
    request = build_request({"kind": "exchange", "underlyings": names}, market, {"paths": 2000}, "d(correlation)")
    for width in (80, 40):
        text = table(run(request), Units.RAW, Screen(width))
        assert "…" not in text
        assert max(map(len, text.splitlines())) <= width
