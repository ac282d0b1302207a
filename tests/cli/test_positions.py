"""Positions of a book: quantities, underlyings, currencies and tags."""

import csv
import io
import json

import pytest

from greeks_cli.book.underlyings import seed_of
from tests.cli.positions import BOOK, FX, MARKET, estimate


def test_estimates_are_those_of_the_position_and_the_unit_stays_beside(priced):
    rows, outcome = priced()
    assert (outcome.code, outcome.err) == (0, "")
    for row in rows.values():
        scale = row["position"]["quantity"] * row["position"]["multiplier"]
        for one in row["estimates"]:
            assert one["value"] == pytest.approx(scale * one["per_unit_value"], rel=1e-12)
            assert one["stderr"] == pytest.approx(abs(scale) * one["per_unit_stderr"], rel=1e-12)
            assert one["bias"] == pytest.approx(abs(scale) * one["per_unit_bias"], rel=1e-12)
            assert one["low"] <= one["value"] <= one["high"]
            assert abs(one["value"] - one["exact"]) < 4.5 * one["stderr"] + one["bias"]


def test_market_and_currency_come_from_the_underlying_and_own_fields_win(priced):
    book = "id,underlying,strike,vol,currency\na,SX5E,5100,,\nb,SX5E,5100,0.3,USD\n"
    rows, _ = priced(book=book)
    assert rows["a"]["market"] == {"spot": 5000, "vol": 0.18, "rate": 0.02, "dividend_yield": 0.03}
    assert rows["a"]["position"]["currency"] == "EUR"
    assert (rows["b"]["market"]["vol"], rows["b"]["position"]["currency"]) == (0.3, "USD")
    flagged, _ = priced("--vol", "0.25", book=book)
    assert [flagged[name]["market"]["vol"] for name in "ab"] == [0.25, 0.3]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("SPX,european", "SXP,european"), "underlying: SXP: no market is given for it; did you mean 'SPX'?"),
        (("-20,100", "many,100"), "quantity: many: should be a valid number"),
        (("-20,100", "-20,0"), "multiplier: 0: should be greater than 0"),
    ],
)
def test_mistakes_of_a_position_are_errors_of_its_row(priced, change, said):
    rows, outcome = priced(book=BOOK.replace(*change))
    assert outcome.code == 3
    assert said in outcome.err
    assert outcome.err.count("trade 'c'") == 1
    assert rows["c"]["status"] == "error"
    assert rows["a"]["status"] == "ok"


def test_underlyings_have_independent_paths_and_a_trade_alone_can_have_them(priced, greeks):
    rows, _ = priced()
    seeds = {name: row["simulation"]["seed"] for name, row in rows.items()}
    assert seeds["a"] == seeds["b"] == seed_of(0, "SX5E", (1.0,))
    assert seeds["c"] == seeds["d"] == seed_of(0, "SPX", (0.5,))
    assert len({seeds["a"], seeds["c"], seeds["e"]}) == 3  # other underlyings and other dates
    assert max(seeds.values()) < 2**53  # exact in readers of JSON that hold doubles
    market = ("--spot", "6000", "--vol", "0.16", "--rate", "0.04", "--seed", str(seeds["c"]), "--paths", "4000")
    alone = greeks("price", "--strike", "6100", "--expiry", "0.5", *market, "--format", "json").out
    assert estimate(json.loads(alone), "delta")["value"] == estimate(rows["c"], "delta")["per_unit_value"]


def test_own_seed_of_a_trade_is_its_seed(priced):
    rows, _ = priced(book="id,underlying,strike,seed\na,SPX,6100,5\n")
    assert rows["a"]["simulation"]["seed"] == 5


def test_csv_and_wide_csv_carry_the_inputs(priced):
    for form in ((), ("--wide",)):
        _, outcome = priced("--format", "csv", *form, "--greeks", "delta", "--total")
        rows = list(csv.DictReader(io.StringIO(outcome.out)))
        row = next(row for row in rows if row["id"] == "c")
        assert [row[name] for name in ("underlying", "quantity", "multiplier", "currency")] == [
            "SPX",
            "-20.0",
            "100.0",
            "USD",
        ]
        assert [row[name] for name in ("kind", "strike", "spot", "vol", "tags.book", "tags.desk")] == [
            "european", "6100.0", "6000.0", "0.16", "B", "north",
        ]  # fmt: skip
        assert (row["price_exact"] if form else row["exact"]) != ""


def test_tags_may_be_a_table_and_a_position_a_section(priced):
    book = """
[position]
underlying = "SPX"
multiplier = 100
[[trade]]
id = "a"
strike = 6100
tags = {book = "A", year = 2026}
[[trade]]
id = "b"
strike = 6100
quantity = -2
tags.book = "B"
"""
    rows, outcome = priced(book=book, name="book.toml")
    assert outcome.code == 0
    assert rows["a"]["position"]["tags"] == {"book": "A", "year": "2026"}
    assert (rows["b"]["position"]["multiplier"], rows["b"]["position"]["tags"]) == (100, {"book": "B"})


def test_dates_tenors_and_rules_are_read_from_columns(priced):
    book = "id;underlying;kind;strike;maturity;fixings\na;SPX;european;6100;2027-06-18;\nb;SPX;asian;6100;6M;monthly\n"
    rows, outcome = priced(book=book, market="valuation_date = 2026-11-30\n" + MARKET)
    assert outcome.code == 0
    assert rows["a"]["dates"]["expiry"] == "2027-06-18"
    assert rows["b"]["dates"]["fixing_times"][-1] == rows["b"]["dates"]["expiry"] == "2027-05-30"
    timed = f"id;underlying;kind;strike;maturity\na;SPX;european;6100;{200 / 365!r}\n"
    assert priced(book=timed)[0]["a"]["estimates"] == rows["a"]["estimates"]


@pytest.mark.parametrize("cells", [("monthly", ""), ("", "2026-12-30,2027-05-30"), ("weekly", "")], ids=str)
def test_monitoring_is_read_from_columns(priced, cells):
    header = "id;underlying;kind;strike;maturity;monitoring;monitoring_times\n"
    book = header + f"a;SPX;lookback;6100;6M;{cells[0]};{cells[1]}\n"
    rows, outcome = priced(book=book, market="valuation_date = 2026-11-30\n" + MARKET)
    assert outcome.code == 0
    dates = rows["a"]["dates"]["monitoring_times"]
    assert dates[-1] == rows["a"]["dates"]["expiry"] == "2027-05-30"
    assert len(dates) == {"monthly": 6, "weekly": 26}.get(cells[0], 2)


def test_defaults_of_spot_and_rate_are_told(greeks, tmp_path):
    book = tmp_path / "b.jsonl"
    book.write_text('{"id": "a", "strike": 100, "vol": 0.2}\n{"id": "b", "strike": 100, "vol": 0.2, "rate": 0.02}\n')
    err = greeks("batch", str(book), "--paths", "2000").err
    assert err == (
        "greeks: note: 2 trades have no spot, and take 100\ngreeks: note: trade 'a' has no rate, and takes 0.01\n"
    )


def test_several_spots_without_an_underlying_are_told(greeks, tmp_path):
    book = tmp_path / "b.csv"
    book.write_text("id,spot,strike,quantity\na,100,100,2\nb,50,50,-3\n")
    err = greeks("batch", str(book), "--vol", "0.2", "--rate", "0.01", "--paths", "2000").err
    said = "greeks: note: trades without an underlying have 2 spots; name the underlying of each\n"
    assert err == said
    book.write_text("id,spot,strike\na,100,100\nb,50,50\n")
    plain = ("batch", str(book), "--vol", "0.2", "--rate", "0.01", "--paths", "2000")
    assert greeks(*plain).err == ""
    assert greeks(*plain, "--total").err == said


def test_closed_forms_stand_for_what_has_one(priced):
    book = BOOK + "f,SX5E,asian,call,5100,1,1,1,north,A\n"
    rows, _ = priced("--closed-form", "--total", book=book)
    for name in "abcde":
        assert {one["estimator"] for one in rows[name]["estimates"]} == {"closed form"}
        assert all(
            one["stderr"] == one["bias"] == 0 and one["value"] == one["exact"] for one in rows[name]["estimates"]
        )
        assert rows[name]["paths"] == 0
    assert rows["f"]["paths"] == 4000
    total = rows["total[underlying=SX5E,currency=EUR]"]
    assert estimate(total, "price")["stderr"] == pytest.approx(estimate(rows["f"], "price")["stderr"], rel=1e-9)


def test_a_book_of_positions_goes_on_and_does_not_depend_on_processes(priced, greeks, tmp_path):
    rows, _ = priced("--total")
    again, _ = priced("--total", "--processes", "2")
    assert rows == again
    _, outcome = priced("--total", "-o", "out.jsonl")
    assert outcome.code == 0
    written = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert {row["id"]: row for row in written} == rows
    _, outcome = priced(
        "--total",
        "-o",
        "out.jsonl",
        book=BOOK.replace("a,SX5E,european,call,5100,1,100", "a,SX5E,european,call,5100,1,101"),
    )
    assert outcome.code == 2
    assert "holds results of other settings" in outcome.err


def test_what_all_trades_have_in_common_gives_way_to_underlyings_and_trades(priced):
    book = """
[position]
currency = "GBP"
tags = {desk = "north", book = "A"}
[[trade]]
id = "a"
strike = 6100
underlying = "SPX"
[[trade]]
id = "b"
strike = 100
spot = 100
vol = 0.2
rate = 0.01
tags = {book = "B"}
[[trade]]
id = "c"
strike = 6100
underlying = "SPX"
currency = "CHF"
"""
    rows, _ = priced(book=book, name="book.toml")
    assert [rows[name]["position"]["currency"] for name in "abc"] == ["USD", "GBP", "CHF"]
    assert rows["b"]["position"]["tags"] == {"desk": "north", "book": "B"}


def test_a_report_shows_positions_per_unit_and_all_totals(priced, greeks):
    _, outcome = priced("--total", "-o", "out.jsonl", market=MARKET + FX)
    assert outcome.code == 0
    page = greeks("report", "out.jsonl", "--profiles", "0").out
    assert "Position of -20 x 100 on SPX, USD, desk north, book B" in page
    assert "the dot is the estimate at today&#x27;s spot of one unit" in page or "spot of one unit" in page
    for name in ("SX5E, EUR: 3 trades", "SPX, USD: 2 trades", "All in EUR: 5 trades"):
        assert name in page


@pytest.mark.parametrize(
    ("separator", "cells", "prices"),
    [
        (";", ['"98,5;101"', '"99,25;100,5"'], [[98.5, 101], [99.25, 100.5]]),
        (",", ['"5,100.5;5,050.5"', "4990"], [[5100.5, 5050.5], [4990]]),
        (";", ["98,50", "97,5"], [[98.5], [97.5]]),
        (",", ['"98.5,101.0"', "99"], [[98.5, 101], [99]]),
    ],
)
def test_lists_in_columns_have_the_decimal_mark_of_the_column(greeks, tmp_path, separator, cells, prices):
    book = tmp_path / "b.csv"
    lines = [separator.join(("asian", "100", "4", cell)) for cell in cells]
    book.write_text("\n".join([separator.join(("kind", "strike", "fixings", "past_fixings")), *lines]))
    market = ("--spot", "100", "--vol", "0.2", "--rate", "0.01", "--paths", "1000", "--greeks", "delta")
    rows = [json.loads(line) for line in greeks("batch", str(book), *market).out.splitlines()]
    assert [row["contract"]["past_fixings"] for row in rows] == prices


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('kind,strike,past_fixings\nasian,100,"98.5,101"\n', "separate the entries of a list by semicolons"),
        ('kind;strike;past_fixings\nasian;100;"1,234;1,500"\n', "is 1.234 or 1234, and no other cell tells which"),
    ],
)
def test_lists_that_can_be_read_in_two_ways_are_refused(greeks, tmp_path, text, said):
    book = tmp_path / "b.csv"
    book.write_text(text)
    outcome = greeks("batch", str(book), "--vol", "0.2")
    assert outcome.code == 2
    assert said in outcome.err
    assert outcome.err.count("\n") == 1


@pytest.mark.parametrize("tags", ['"north"', '["north"]', "5"])
def test_tags_that_are_no_table_are_refused(greeks, book, tags):
    outcome = greeks("batch", book(f'{{"id": "a", "strike": 100, "vol": 0.2, "tags": {tags}}}\n', "book.jsonl"))
    assert outcome.code == 3
    assert "trade 'a': tags: " in outcome.err
    assert "should be a table of names and values" in outcome.err


def test_tags_of_null_are_none(greeks, book):
    line = '{"id": "a", "strike": 100, "vol": 0.2, "closed_form": true, "tags": {"desk": null, "book": "A"}}\n'
    row = json.loads(greeks("batch", book(line, "book.jsonl"), "--quiet").out)
    assert row["position"]["tags"] == {"book": "A"}
