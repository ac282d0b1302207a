"""Units of the command: --units desk beside closed forms, and the names of currencies."""

import json

import pytest

CALL = ("--strike", "100", "--vol", "0.2", "--spot", "110", "--paths", "2000", "--greeks", "delta,gamma,vega,rho,theta")
BOOK = (
    '{"id": "a", "underlying": "X", "strike": 100, "quantity": 2, "currency": "EUR"}\n'
    '{"id": "b", "underlying": "Y", "strike": 50, "currency": "EUR"}\n'
)
MARKET = "[underlying.X]\nspot = 110\nvol = 0.2\n[underlying.Y]\nspot = 55\nvol = 0.3\n"


def estimates(text):
    return {one["name"]: one for one in json.loads(text)["estimates"]}


def test_desk_units_are_steps_of_raw_ones(greeks):
    raw = estimates(greeks("price", *CALL, "--format", "json").out)
    desk = estimates(greeks("price", *CALL, "--format", "json", "--units", "desk", "--currency", "EUR").out)
    factors = {"price": 1, "delta": 110, "gamma": 121, "vega": 0.01, "rho": 0.0001, "theta": 1 / 365}
    for name, factor in factors.items():
        for number in ("value", "stderr", "low", "high", "exact"):
            assert desk[name][number] == pytest.approx(raw[name][number] * factor, rel=1e-12)
        assert desk[name]["unit"].startswith("EUR")


def test_a_profile_has_the_cash_of_each_point(greeks):
    line = ("profile", "--strike", "100", "--vol", "0.2", "--paths", "1000", "--greeks", "delta", "--over")
    raw = json.loads(greeks(*line, "spot=90,120", "--format", "json").out)["estimates"]
    desk = json.loads(greeks(*line, "spot=90,120", "--format", "json", "--units", "desk").out)["estimates"]
    assert [one["value"] for one in desk[1::2]] == [raw[1]["value"] * 90, raw[3]["value"] * 120]
    assert greeks(*line, "spot=90,120", "--format", "plot", "--units", "desk").code == 0


@pytest.fixture
def desk(greeks, book):
    def price(*arguments):
        outcome = greeks(
            "batch", book(BOOK, "b.jsonl"), "--market", book(MARKET, "m.toml"), "--paths", "2000", *arguments
        )
        assert outcome.code == 0
        return {row["id"]: row for row in map(json.loads, outcome.out.splitlines())}

    return price


def test_totals_of_a_desk_are_the_sums_of_its_rows(desk):
    found = desk("--units", "desk", "--total", "--greeks", "delta,gamma,vega")
    rows = {name: {one["name"]: one for one in row["estimates"]} for name, row in found.items()}
    for greek in ("delta", "gamma", "vega"):
        assert rows["total[underlying=X,currency=EUR]"][greek]["value"] == pytest.approx(rows["a"][greek]["value"])
    assert "cash_delta" not in rows["total[underlying=X,currency=EUR]"]
    whole = rows["total[currency=EUR]"]
    assert whole["cash_delta"]["value"] == pytest.approx(rows["a"]["delta"]["value"] + rows["b"]["delta"]["value"])
    assert whole["cash_gamma"]["unit"] == "EUR per 1% of the spot"
    assert found["a"]["key"].endswith("-desk")


def test_a_report_of_desk_units_draws_cash(greeks, book, tmp_path):
    page = tmp_path / "page.html"
    arguments = ("--market", book(MARKET, "m.toml"), "--paths", "1000", "--greeks", "delta,gamma", "--units", "desk")
    assert greeks("report", book(BOOK, "b.jsonl"), *arguments, "-o", str(page), "--quiet").code == 0
    assert "EUR per 1% of the spot" in page.read_text()
