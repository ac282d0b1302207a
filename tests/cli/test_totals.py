"""Totals of a book: what is added up, their error bars, and trades without a result."""

import csv
import io
import json
from math import hypot, sqrt
from statistics import mean, stdev

import pytest

from tests.cli.positions import BOOK, FX, MARKET, estimate


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
