"""Positions of a book: quantities, underlyings, currencies and tags, and the totals over them."""

import csv
import io
import json
from math import hypot, sqrt
from statistics import mean, stdev

import pytest

from greeks_cli.book.underlyings import seed_of

MARKET = """
passthrough = ["desk"]
[simulation]
paths = 4000
[underlying.SX5E]
spot = 5000
vol = 0.18
rate = 0.02
dividend_yield = 0.03
currency = "EUR"
[underlying.SPX]
spot = 6000
vol = 0.16
rate = 0.04
currency = "USD"
"""
FX = '[fx]\nbase = "EUR"\nUSD = 0.9\n'
BOOK = """id,underlying,kind,type,strike,expiry,quantity,multiplier,desk,tags.book
a,SX5E,european,call,5100,1,100,10,north,A
b,SX5E,european,put,4800,1,-50,10,south,A
c,SPX,european,call,6100,0.5,-20,100,north,B
d,SPX,digital,call,6100,0.5,1000,1,south,B
e,SX5E,european,call,5100,0.5,-10,10,north,B
"""


@pytest.fixture
def priced(greeks, tmp_path, monkeypatch):
    """Price a book with a market file; returns the rows by id, and the outcome."""

    def price(*arguments, book=BOOK, market=MARKET, name="book.csv"):
        monkeypatch.chdir(tmp_path)
        (tmp_path / name).write_text(book)
        (tmp_path / "market.toml").write_text(market)
        outcome = greeks("batch", name, "--market", "market.toml", *arguments)
        rows = [json.loads(line) for line in outcome.out.splitlines()] if "--format" not in arguments else []
        return {row["id"]: row for row in rows}, outcome

    return price


def estimate(row, name):
    return next(one for one in row["estimates"] if one["name"] == name)


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


def test_market_file_may_be_csv(greeks, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "book.csv").write_text("id,underlying,strike\na,X,5100\nb,Y,90\n")
    (tmp_path / "market.csv").write_text("underlying;spot;vol;rate;ccy\nX;5.000,0;18%;2%;EUR\nY;100,5;20%;1%;USD\n")
    rows = [json.loads(line) for line in greeks("batch", "book.csv", "--market", "market.csv").out.splitlines()]
    assert [row["market"]["spot"] for row in rows] == [5000, 100.5]
    assert [row["market"]["vol"] for row in rows] == [0.18, 0.2]
    assert [row["position"]["currency"] for row in rows] == ["EUR", "USD"]


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


@pytest.mark.parametrize(
    ("market", "said"),
    [
        (MARKET.replace("spot = 6000", "sopt = 6000"), "[underlying.SPX] sopt: unknown key; did you mean 'spot'?"),
        (MARKET.replace("spot = 6000", "spot = -6"), "[underlying.SPX] spot: -6: should be greater than or equal to"),
        (MARKET + '[fx]\nbase = "EUR"\nEUR = 2\n', "[fx] EUR: 2: is the base, and worth 1; leave it out"),
        (MARKET + "[fx]\nUSD = 0.9\n", "[fx] base: the currency of the rates is wanted"),
        (MARKET + '[fx]\nbase = "EUR"\nUSD = -1\n', "[fx] USD: -1: a positive number is wanted"),
    ],
)
def test_mistakes_of_a_market_file_stop_the_book(priced, market, said):
    _, outcome = priced(market=market)
    assert outcome.code == 2
    assert said in outcome.err
    assert outcome.err.count("\n") == 1


def test_totals_add_up_by_underlying_and_currency_and_money_by_rates(priced):
    rows, _ = priced("--total", market=MARKET + FX)
    by_underlying = {"SX5E": "abe", "SPX": "cd"}
    for (underlying, members), currency in zip(by_underlying.items(), ("EUR", "USD"), strict=True):
        total = rows[f"total[underlying={underlying},currency={currency}]"]
        assert (total["trades"], total["by"]) == (len(members), {"underlying": underlying, "currency": currency})
        for one in total["estimates"]:
            if not one["name"].startswith("cash_"):
                parts = [estimate(rows[member], one["name"]) for member in members]
                assert one["value"] == pytest.approx(sum(part["value"] for part in parts), rel=1e-9)
                assert 0 < one["stderr"] <= sum(part["stderr"] for part in parts) * (1 + 1e-9)
        spot = rows[members[0]]["market"]["spot"]
        delta, gamma = estimate(total, "delta"), estimate(total, "gamma")
        assert estimate(total, "cash_delta")["value"] == pytest.approx(delta["value"] * spot, rel=1e-9)
        assert estimate(total, "cash_delta")["stderr"] == pytest.approx(delta["stderr"] * spot, rel=1e-9)
        assert estimate(total, "cash_gamma")["value"] == pytest.approx(gamma["value"] * spot**2 / 100, rel=1e-9)
    whole = rows["total[in=EUR]"]
    assert {one["name"] for one in whole["estimates"]} == {"price", "vega", "theta", "rho", "cash_delta", "cash_gamma"}
    parts = [rows["total[underlying=SX5E,currency=EUR]"], rows["total[underlying=SPX,currency=USD]"]]
    for one in whole["estimates"]:
        first, second = (estimate(part, one["name"]) for part in parts)
        assert one["value"] == pytest.approx(first["value"] + 0.9 * second["value"], rel=1e-9)
        assert one["stderr"] == pytest.approx(hypot(first["stderr"], 0.9 * second["stderr"]), rel=1e-9)  # independent


def test_a_total_of_trades_that_offset_each_other_has_no_error(priced):
    book = "id,underlying,strike,quantity\na,SPX,6100,7\nb,SPX,6100,-7\n"
    rows, _ = priced("--total", book=book)
    for one in rows["total"]["estimates"]:
        assert abs(one["value"]) < 1e-9 * abs(estimate(rows["a"], "price")["value"]) + 1e-6
        if not one["name"].startswith("cash"):
            assert one["stderr"] < 1e-9 * estimate(rows["a"], one["name"])["stderr"] + 1e-9


def test_totals_by_tags_keep_currencies_apart(priced):
    rows, _ = priced("--total-by", "tags.book, tags.desk")
    ids = [name for name in rows if name.startswith("total")]
    assert ids[:4] == [
        "total[tags.book=A,tags.desk=north,currency=EUR]",
        "total[tags.book=A,tags.desk=south,currency=EUR]",
        "total[tags.book=B,tags.desk=north,currency=USD]",
        "total[tags.book=B,tags.desk=south,currency=USD]",
    ]
    assert sum(rows[name]["trades"] for name in ids if "tags" in name) == 5


@pytest.mark.parametrize(
    ("field", "said"),
    [("desk", "is no field to add up by"), ("tags.x", "no trade has this field"), (" ,", "names no field")],
)
def test_fields_that_no_total_can_be_by_are_refused(priced, field, said):
    _, outcome = priced("--total-by", field)
    assert outcome.code == 2
    assert outcome.err.count("\n") == 1
    assert said in outcome.err


def test_a_currency_without_a_rate_is_told(priced):
    _, outcome = priced("--total", market=MARKET + '[fx]\nbase = "EUR"\nGBP = 1.1\n')
    assert outcome.code == 2
    assert "[fx]: USD: a trade has this currency, and [fx] no rate from it to EUR; add one" in outcome.err


def test_a_rejected_trade_takes_the_totals_that_it_belongs_to(priced):
    whole, _ = priced("--total")
    rows, outcome = priced("--total", book=BOOK.replace("6100,0.5,1000", "-1,0.5,1000"))
    assert outcome.code == 3
    why = "trade 'd' has no result: a sum would be partial; correct the trade, or leave it out"
    found = {name: row.get("error", row.get("estimates")) for name, row in rows.items() if name.startswith("total")}
    assert found == {
        "total[underlying=SX5E,currency=EUR]": whole["total[underlying=SX5E,currency=EUR]"]["estimates"],
        "total[underlying=SPX,currency=USD]": why,
    }
    assert rows["total[underlying=SPX,currency=USD]"]["trades"] == 2


UNPLACED = "no position that can be read, and may be part of it: a sum would be partial; correct the trade, or leave"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"underlying": "SPY"}, f"trade 'd' has {UNPLACED}"),  # is it SPX?
        ({"quantity": "many"}, f"trade 'd' has {UNPLACED}"),
        ({"undrlying": "SPX", "underlying": None}, f"trade 'd' has {UNPLACED}"),
        ({"Whg": "EUR"}, f"trade 'd' has {UNPLACED}"),
        ({"strkie": 6100, "strike": None}, "trade 'd' has no result: a sum"),
        ({"id": "a"}, "trade 'book.json:1 (#4)' has no result: a sum"),
    ],
)
def test_a_rejected_trade_without_a_position_takes_all_totals(priced, change, said):
    trades = [dict(row) for row in csv.DictReader(io.StringIO(BOOK.replace("desk", "tags.desk")))]
    trades[3] = {key: value for key, value in {**trades[3], **change}.items() if value is not None}
    rows, _ = priced("--total-by", "currency", book=json.dumps(trades), name="book.json")
    totals = {name: row for name, row in rows.items() if name.startswith("total")}
    assert list(totals) == ["total[currency=EUR]", "total[currency=USD]"]
    assert totals["total[currency=USD]"]["error"].startswith(said)
    assert totals["total[currency=EUR]"]["status"] == ("total" if "strkie" in change else "no total")


def test_a_total_names_its_failed_trades_and_counts_them(priced):
    book = "".join(line.replace("6100", "-6100").replace("5100", "-5100") + "\n" for line in BOOK.splitlines())
    rows, _ = priced("--total-by", "currency", market=MARKET + FX, book=book)
    why = {name: row["error"].partition(":")[0] for name, row in rows.items() if name.startswith("total")}
    assert why == {
        "total[currency=EUR]": "trades 'a', 'e' have no result",
        "total[currency=USD]": "trades 'c', 'd' have no result",
        "total[in=EUR]": "trades 'a', 'c', 'd' and 1 more have no result",
    }


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


def test_error_bars_of_totals_over_expiries_are_true(priced):
    rows = [(i, 5000 + 40 * i, 0.3 + 0.1 * i, (-1) ** i * (3 + i)) for i in range(6)]
    book = "id,underlying,strike,expiry,quantity\n" + "".join(f"t{i},SX5E,{k},{t},{q}\n" for i, k, t, q in rows)
    z = []
    for seed in range(60):
        found, _ = priced("--total", "--seed", str(seed), "--greeks", "delta", "--paths", "2000", book=book)
        for name in ("price", "delta"):
            exact = sum(estimate(found[f"t{i}"], name)["exact"] for i in range(6))
            total = estimate(found["total"], name)
            z.append((total["value"] - exact) / total["stderr"])
    for own in (z[::2], z[1::2]):
        assert abs(mean(own)) < 4 / sqrt(60)
        assert abs(stdev(own) - 1) < 4 / sqrt(120)


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


def test_rates_convert_a_book_of_one_currency_that_is_not_the_base(priced):
    rows, _ = priced("--total", book="id,underlying,strike\na,SPX,6100\n", market=MARKET + FX)
    own, base = (rows[name] for name in ("total[underlying=SPX,currency=USD]", "total[in=EUR]"))
    assert estimate(base, "price")["value"] == pytest.approx(0.9 * estimate(own, "price")["value"], rel=1e-12)


def test_no_two_totals_have_one_name(priced):
    book = 'id,underlying,strike,tags.desk\na,SPX,6100,none\nb,SPX,6100,\nc,SPX,6100,"x,currency=USD"\n'
    rows, _ = priced("--total-by", "tags.desk", book=book)
    totals = [name for name in rows if name.startswith("total")]
    assert totals == [
        "total[tags.desk=none,currency=USD]",
        "total[tags.desk=,currency=USD]",
        'total[tags.desk="x,currency=USD",currency=USD]',
        "total[currency=USD]",
    ]


def test_one_underlying_at_several_spots_is_told(priced):
    _, outcome = priced(book="id,underlying,strike,spot\na,SPX,6100,\nb,SPX,6100,5900\n")
    assert outcome.err == "greeks: note: underlying 'SPX' has 2 spots; its totals add Greeks at different spots\n"


def test_a_report_shows_positions_per_unit_and_all_totals(priced, greeks):
    _, outcome = priced("--total", "-o", "out.jsonl", market=MARKET + FX)
    assert outcome.code == 0
    page = greeks("report", "out.jsonl", "--profiles", "0").out
    assert "Position of -20 x 100 on SPX, USD, desk north, book B" in page
    assert "the dot is the estimate at today&#x27;s spot of one unit" in page or "spot of one unit" in page
    for name in ("total[underlying=SX5E,currency=EUR]: 3 trades", "total[underlying=SPX,currency=USD]: 2 trades"):
        assert name in page
    assert "total[in=EUR]: 5 trades" in page


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
