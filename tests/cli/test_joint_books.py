"""Books with trades on several underlyings."""

import csv
import io
import json
from math import hypot

import pytest

from tests.cli.joint_books import BOOK, MARKET
from tests.cli.positions import estimate


@pytest.fixture
def joint(priced):
    """Price the book, or another one, in the market; returns the rows by id, and the outcome."""

    def price(*arguments, book=BOOK, market=MARKET, name="book.csv"):
        return priced(*arguments, book=book, market=market, name=name)

    return price


def test_trades_take_the_markets_and_correlations_of_their_underlyings(joint):
    rows, outcome = joint()
    assert outcome.code == 0
    assert {row["status"] for row in rows.values()} == {"ok"}
    assert rows["spread"]["contract"]["underlyings"] == ["A", "B"]
    assert rows["spread"]["market"]["correlation"] == {"A,B": 0.5}
    assert [own["spot"] for own in rows["spread"]["market"]["underlying"].values()] == [100, 90]
    assert {own["rate"] for own in rows["basket"]["market"]["underlying"].values()} == {0.05}
    assert rows["best"]["market"]["correlation"] == {"B,C": 0.7}
    assert rows["worst"]["market"]["correlation"] == {"A,B": 0.5, "A,C": 0.1, "B,C": 0.2}
    assert rows["worst"]["position"]["currency"] == "EUR"
    assert "d(correlation[A,B])" not in {one["name"] for one in rows["one"]["estimates"]}


def test_formats_of_a_book_give_the_same_numbers(joint):
    found = joint()[0]["spread"]["estimates"]
    trade = {"id": "spread", "kind": "spread", "strike": 5, "quantity": 10}
    for underlyings in ("A,B", ["A", "B"]):
        book = json.dumps({**trade, "underlyings": underlyings})
        assert joint(book=book, name="book.jsonl")[0]["spread"]["estimates"] == found
    toml = '[[trade]]\nid = "spread"\nkind = "spread"\nstrike = 5\nquantity = 10\nunderlyings = ["A", "B"]\n'
    assert joint(book=toml, name="book.toml")[0]["spread"]["estimates"] == found
    assert joint("--underlying", "A:vol=0.2", "--correlation", "A,B=0.5")[0]["spread"]["estimates"] == found


def test_flags_win_over_files(joint):
    market = joint("--underlying", "A:vol=0.4", "--correlation", "A,B=-0.1", "--rate", "0")[0]["spread"]["market"]
    assert (market["underlying"]["A"]["vol"], market["correlation"]) == (0.4, {"A,B": -0.1})
    assert market["underlying"]["B"]["rate"] == 0


def test_result_can_be_read_again(joint, greeks, tmp_path):
    row = joint()[0]["worst"]
    names = [one["name"] for one in row["estimates"]]
    flat = {
        "id": "worst",
        **row["contract"],
        **row["market"],
        **row["simulation"],
        "greeks": names,
        "quantity": 2,
        "currency": "EUR",
    }
    (tmp_path / "again.jsonl").write_text(json.dumps(flat))
    again = json.loads(greeks("batch", "again.jsonl").out)
    assert again["estimates"] == row["estimates"]
    sections = {name: row[name] for name in ("contract", "market", "simulation")}
    (tmp_path / "again.json").write_text(json.dumps({**sections, "greeks": names}))
    assert json.loads(greeks("batch", "again.json").out)["market"] == row["market"]


def test_grid_over_a_correlation(joint):
    book = (
        '[[trade]]\nid = "x"\nkind = "spread"\nstrike = 5\nunderlyings = "A,B"\ngrid = {correlation = [-0.5, 0, 0.5]}\n'
    )
    rows, _ = joint(book=book, name="book.toml")
    prices = [estimate(row, "price")["value"] for row in rows.values()]
    assert prices == sorted(prices, reverse=True)
    assert [row["market"]["correlation"]["A,B"] for row in rows.values()] == [-0.5, 0, 0.5]


def test_grid_over_the_spot_of_one_underlying(joint):
    trade = '[[trade]]\nid = "x"\nkind = "spread"\nstrike = 5\nunderlyings = "A,B"\n'
    grid = '[trade.grid]\n"spot[A]" = [90, 100]\n"correlation[A,B]" = "0:0.5:2"\n'
    rows, _ = joint(book=trade + grid, name="book.toml")
    markets = [row["market"] for row in rows.values()]
    assert list(rows)[1] == "x[spot[A]=90,correlation[A,B]=0.5]"
    assert [own["underlying"]["A"]["spot"] for own in markets] == [90, 90, 100, 100]
    assert [own["correlation"]["A,B"] for own in markets] == [0, 0.5, 0, 0.5]
    assert {own["underlying"]["B"]["spot"] for own in markets} == {90}


def test_matrix_file_and_one_number_for_all(joint, tmp_path):
    without = MARKET.partition("[correlation]")[0] + "[simulation]" + MARKET.partition("[simulation]")[2]
    (tmp_path / "matrix.csv").write_text(",A,B,C\nA,1,0.5,0.2\nB,0.5,1,0.4\nC,0.2,0.4,1\n")
    found = joint()[0]
    assert joint(market='correlation = "matrix.csv"\n' + without)[0] == found
    assert joint(market="correlation = 0.5\n" + without)[0]["spread"] == found["spread"]


MISTAKES = {
    '{"kind":"best-of","strike":9,"underlyings":"A,D"}': "underlyings: D: no market is given for it",
    '{"kind":"spread","strike":9,"underlying":"A","underlyings":"A,B"}': 'write underlyings = "A,B" in place of',
    '{"kind":"spread","strike":9,"underlying":"A,B"}': 'write underlyings = "A,B" in place of underlying',
    '{"kind":"european","strike":9,"underlying":"A,B"}': "in the field underlyings",
    '{"kind":"spread","strike":9,"underlyings":"A,A"}': "underlyings: A is named twice",
    '{"kind":"spread","strike":9,"underlyings":"A"}': "it has several underlyings",
    '{"kind":"spread","strike":9,"underlyings":"A,B","correlation":1.5}': "correlation of A,B should be -1 to 1",
    '{"kind":"spread","strike":9,"underlyings":"A,B","correlation":{"A,X":0}}': "A,X: there is no underlying 'X'",
    '{"kind":"spread","strike":9,"underlyings":"A,B","spot":9}': "spot: 9: belongs to each underlying; write 'spot[A]'",
    '{"kind":"european","strike":9,"underlying":"A","spot[A]":9}': "spot[A]: unknown key",
    '{"kind":"basket","strike":9,"correlation":{"A,B":0.9,"A,C":-0.9,"B,C":0.9}}': "not positive semidefinite",
    '{"kind":"spread","strike":9,"underlyings":"A,B","forward":100}': "forward: 100: is for contracts on one",
    '{"kind":"european","strike":9}': 'implies it; or write underlying = "A", whose market the book has',
    '{"kind":"autocallable"}': 'or write underlying = "A", or underlyings = "A,B", whose market the book has',
}


@pytest.mark.parametrize(("book", "said"), MISTAKES.items())
def test_mistake_of_a_trade_is_told_once(joint, book, said):
    _, outcome = joint(book=book + '\n{"kind":"spread","strike":5,"underlyings":"A,B"}', name="book.jsonl")
    assert outcome.code == 3
    assert "book.jsonl:1: trade '1': " in outcome.err
    assert outcome.err.count(said) == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('"A,B" = 0.5', '"AB" = 0.5'), "market.toml: [correlation]: 'AB' is no pair of underlyings; write A,B=0.5"),
        (('"A,B" = 0.5', '"A,D" = 0.5'), "market.toml: [correlation]: A,D: there is no underlying 'D'"),
        (('"A,B" = 0.5', '"A,B" = 5'), "market.toml: [correlation]: 5.0: the correlation of A,B should be -1 to 1"),
        (('"A,B" = 0.5', '"A,B" = "x"'), "market.toml: [correlation]: the correlation of A,B should be a number"),
    ],
)
def test_mistake_of_the_correlations_is_told_once(joint, change, said):
    _, outcome = joint(market=MARKET.replace(*change))
    assert outcome.code == 2
    assert outcome.err.count(said) == 1
    assert len(outcome.err.splitlines()) == 1


def test_missing_pair_is_told_for_the_trades_that_need_it(joint):
    rows, outcome = joint(market=MARKET.replace('"A,C" = 0.2\n', ""))
    assert outcome.code == 3
    assert rows["spread"]["status"] == "ok"
    assert "trade 'basket': correlation: required for each pair, and not given for A,C" in outcome.err


def test_underlyings_in_two_currencies_want_the_trades_own(joint):
    market = MARKET.replace('dividend_yield = 0.01\ncurrency = "EUR"', 'dividend_yield = 0.01\ncurrency = "USD"')
    rows, outcome = joint(market=market)
    assert "trade 'spread': currency: A is in EUR, B is in USD; give the trade a currency" in outcome.err
    assert rows["one"]["status"] == "ok"


def test_wide_csv_has_a_column_of_each_parameter(joint):
    _, outcome = joint("--format", "csv", "--wide")
    row = next(row for row in csv.DictReader(io.StringIO(outcome.out)) if row["id"] == "spread")
    named = ("spot[A]", "vol[B]", "dividend_yield[B]", "correlation[A,B]", "rate", "underlyings")
    assert [row[name] for name in named] == ["100.0", "0.3", "0.01", "0.5", "0.03", "A;B"]


def test_book_of_several_does_not_depend_on_processes_and_goes_on(joint, greeks, tmp_path):
    found = joint("--processes", "1")[1].out
    assert joint("--processes", "2")[1].out == found
    assert greeks("batch", "book.csv", "--market", "market.toml", "-o", "out.jsonl").code == 0
    assert (tmp_path / "out.jsonl").read_text() == found
    assert "finished already" in greeks("batch", "book.csv", "--market", "market.toml", "-o", "out.jsonl").err


def test_dry_run_lists_the_vol_of_each_underlying(joint):
    _, outcome = joint("--dry-run", "--format", "csv")
    assert "spread\tspread call on A - B, strike 5, expiry 1y\tA vol 0.2, B vol 0.3\t4,000 paths" in outcome.out


def test_paths_are_independent_by_names(joint):
    rows, _ = joint()
    seeds = [row["simulation"]["seed"] for row in rows.values()]
    assert len(set(seeds)) == len(seeds) - 1
    assert rows["basket"]["simulation"]["seed"] == rows["worst"]["simulation"]["seed"]


def sums(rows, *terms):
    """The sum of estimates of rows, by names."""
    return sum(estimate(rows[row], name)["value"] * factor for row, name, factor in terms)


def test_trade_on_several_underlyings_counts_in_the_total_of_each(joint):
    rows, _ = joint("--total")
    of_a, of_all = rows["total[underlying=A,currency=EUR]"], rows["total[currency=EUR]"]
    assert (of_a["trades"], of_all["trades"]) == (4, 6)
    deltas = [("one", "delta", 1), *((name, "delta[A]", 1) for name in ("spread", "basket", "worst"))]
    assert estimate(of_a, "delta")["value"] == pytest.approx(sums(rows, *deltas))
    assert estimate(of_a, "cash_delta")["value"] == pytest.approx(100 * sums(rows, *deltas))
    gammas = [("one", "gamma", 1), *((name, "gamma[A]", 1) for name in ("spread", "basket", "worst"))]
    assert estimate(of_a, "gamma")["value"] == pytest.approx(sums(rows, *gammas))
    pairs = [(name, "d(correlation[A,B])", 1) for name in ("spread", "basket", "worst")]
    for total in (of_a, of_all):
        assert estimate(total, "d(correlation[A,B])")["value"] == pytest.approx(sums(rows, *pairs))
    cross = [(name, "d(spot[A],spot[B])", 1) for name in ("spread", "basket", "worst")]
    assert estimate(of_a, "d(spot[A],spot[B])")["value"] == pytest.approx(sums(rows, *cross))
    vegas = [("one", "vega", 1), ("two", "vega", 1)]
    vegas += [(row, f"vega[{name}]", 1) for row, own in JOINT.items() for name in own]
    assert estimate(of_all, "vega")["value"] == pytest.approx(sums(rows, *vegas))
    spots = {"A": 100, "B": 90, "C": 105}
    cash = [("one", "delta", 100), ("two", "delta", 90)]
    cash += [(row, f"delta[{name}]", spots[name]) for row, own in JOINT.items() for name in own]
    assert estimate(of_all, "cash_delta")["value"] == pytest.approx(sums(rows, *cash))


JOINT = {"spread": "AB", "basket": "ABC", "best": "BC", "worst": "ABC"}


def test_total_of_all_is_there_where_one_underlying_is_in_all_trades(joint):
    rows, _ = joint("--total", book="\n".join(BOOK.splitlines()[i] for i in (0, 1, 3)))
    assert [name for name in rows if name.startswith("total")] == [
        "total[underlying=A,currency=EUR]",
        "total[underlying=B,currency=EUR]",
        "total[currency=EUR]",
    ]


def test_buckets_of_an_underlying_are_totalled(joint):
    market = MARKET.replace("dividend_yield = 0.01", 'dividend_yield = "0.5:0.01;2:0.02"')
    rows, _ = joint("--total", "--buckets", "--greeks", "phi", market=market)
    total = rows["total[underlying=B,currency=EUR]"]
    terms = [("two", "phi[0.5]", 1), *((row, "phi[B:0.5]", 1) for row in JOINT)]
    assert estimate(total, "phi[0.5]")["value"] == pytest.approx(sums(rows, *terms))


def test_total_by_a_tag_adds_up_pairs(joint):
    book = BOOK.replace("\n", ",tags.desk\n", 1).replace("\nspread", "\nspread").replace(",0.05,\n", ",0.05,,north\n")
    rows, _ = joint("--total-by", "tags.desk", book=book)
    total = rows["total[tags.desk=north,currency=EUR]"]
    assert {"vega", "cash_delta", "d(spot[A],spot[B])", "d(correlation[B,C])"} <= {
        e["name"] for e in total["estimates"]
    }


def test_error_of_a_total_is_that_of_the_sum(joint):
    book = BOOK.splitlines()[0] + "\none,european,A,,100,call,,1,,\nlong,spread,,AB,5,call,,1,,\n".replace("AB", "A;B")
    rows, _ = joint("--total", book=book + "short,spread,,A;B,5,call,,-1,,\n")
    of_a, of_b = rows["total[underlying=A,currency=EUR]"], rows["total[underlying=B,currency=EUR]"]
    assert estimate(of_b, "delta")["stderr"] == 0
    assert estimate(of_a, "delta")["stderr"] == pytest.approx(estimate(rows["one"], "delta")["stderr"], rel=1e-9)
    rows, _ = joint("--total", book=book)
    parts = [estimate(rows["one"], "delta"), estimate(rows["long"], "delta[A]")]
    found = estimate(rows["total[underlying=A,currency=EUR]"], "delta")
    assert found["stderr"] == pytest.approx(hypot(*(part["stderr"] for part in parts)), rel=1e-9)


def test_rejected_trade_on_several_underlyings_leaves_the_total_of_each_without_a_sum(joint):
    book = BOOK.replace("A;B;C,98", "A;B,-98").replace("0.5;0.3;0.2", "")
    rows, _ = joint("--total", book=book)
    assert "'basket'" in rows["total[underlying=A,currency=EUR]"]["error"]
    assert "'basket'" in rows["total[underlying=B,currency=EUR]"]["error"]
    assert "error" not in rows["total[underlying=C,currency=EUR]"]


def test_report_has_heat_maps_of_pairs_for_trades_and_totals(joint, greeks, tmp_path):
    joint()
    assert greeks("report", "book.csv", "--market", "market.toml", "--total", "--quiet", "-o", "book.html").code == 0
    page = (tmp_path / "book.html").read_text()
    assert page.count("<b>Hessian in cash</b>") == page.count("<b>Correlations</b>") == len(JOINT) + 1
    assert "A, B: " in page
    assert "nan" not in page
    assert "spot[B] (currency)" in page
    assert "cross gamma: change of the delta in A with the spot of B" in page
    assert '<th scope="row"><span>A, EUR</span>' in page
    assert "vega[A]</b> per 1.00 vol[A], Monte Carlo" in page


def test_report_without_curves_and_of_results(joint, greeks, tmp_path):
    (tmp_path / "book.jsonl").write_text(joint("--greeks", "delta")[1].out)
    assert greeks("report", "book.jsonl", "--no-profiles", "-o", "book.html").code == 0
    assert "Hessian" not in (tmp_path / "book.html").read_text()


def test_schema_knows_several_underlyings(greeks):
    schema = json.loads(greeks("schema").out)
    assert "correlation" in schema["properties"]
    assert {"underlyings", "correlation"} <= set(schema["$defs"]["contract spread"]["properties"])
    assert "correlation" not in schema["$defs"]["contract european"]["properties"]
