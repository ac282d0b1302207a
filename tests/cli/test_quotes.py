"""Market prices and forwards in place of vol and dividend yield, through the command line."""

import csv
import io
import json
from math import log

import pytest

from tests.chain import FORWARDS, RATE, SPOT, Quoted, as_csv, chain

FAST = ("--paths", "64", "--closed-form", "--quiet")


def price(greeks, *arguments):
    done = greeks("price", "--strike", "100", *FAST, "--format", "json", *arguments)
    assert (done.code, done.err) == (0, "")
    return json.loads(done.out)


def rows_of(greeks, path, *arguments):
    """The exit code, the rows by id, and the messages of a book."""
    done = greeks("batch", str(path), *FAST, "--greeks", "delta", *arguments)
    return done.code, {row["id"]: row for row in map(json.loads, done.out.splitlines())}, done.err


@pytest.fixture
def chain_file(tmp_path):
    path = tmp_path / "chain.csv"
    path.write_text(as_csv(chain()))
    return path


MARKET = ("--spot", str(SPOT), "--rate", str(RATE))


def test_a_market_price_is_shown_with_its_vol_and_is_the_price(greeks):
    found = price(greeks, "--market-price", "10.450583572185565", "--rate", "0.05")
    assert found["market"]["vol"] == pytest.approx(0.2, rel=1e-12)
    assert found["market"]["market_price"] == 10.450583572185565
    assert found["estimates"][0]["exact"] == pytest.approx(10.450583572185565, rel=1e-13)


def test_the_headline_names_the_market_price(greeks):
    done = greeks("price", "--strike", "100", *FAST, "--market-price", "7.97", "--rate", "0")
    assert "vol 0.200112, rate 0, dividend yield 0, market price 7.97" in done.out


def test_a_forward_stands_in_place_of_the_dividend_yield(greeks):
    found = price(greeks, "--vol", "0.2", "--rate", "0.03", "--forward", "102", "--expiry", "0.5")
    assert found["market"]["forward"] == 102
    assert found["market"]["dividend_yield"] == pytest.approx(0.03 - log(1.02) / 0.5, rel=1e-12)


def test_a_profile_keeps_the_implied_vol(greeks):
    shared = ("profile", "--strike", "100", "--paths", "64", "--quiet", "--over", "spot=90,110", "--format", "csv")
    done = greeks(*shared, "--market-price", "9")
    assert done.err == "greeks: --spot: is wanted, because vol follows from --market-price at one value of it\n"
    vol = str(price(greeks, "--market-price", "9")["market"]["vol"])
    quoted, plain = (greeks(*shared, "--spot", "100", *at) for at in (("--market-price", "9"), ("--vol", vol)))
    assert (quoted.code, quoted.out) == (0, plain.out)


REFUSED = {
    "below intrinsic": (
        ("--market-price", "4"),
        "4.0: no vol gives this price, which must be above 4.877",
    ),
    "worthless": (("--market-price", "0", "--strike", "120"), "which must be above 0 with forward 105.1271"),
    "above the spot": (("--market-price", "101"), "which must be below 100 with forward 105.1271"),
    "rounded away": (
        ("--market-price", "60.00000000000001", "--strike", "40", "--rate", "0"),
        "does not tell the vol: it is 60, that at vol 0, but for rounding",
    ),
    "vol beyond all": (("--market-price", "99.99999"), "--market-price: 99.99999: the implied vol 10.64 is not in"),
    "with a vol": (("--market-price", "9", "--vol", "0.2"), "market_price and vol exclude each other"),
    "of a digital": (("--market-price", "0.4", "--contract", "digital"), "and the contract is digital; give vol"),
    "negative": (("--market-price", "-1"), "--market-price: -1: should be greater than or equal to 0"),
    "expired": (
        ("--market-price", "9", "--valuation-date", "2026-11-30", "--expiry", "2026-11-30"),
        "says nothing of a contract that has expired; give vol",
    ),
    "neither": ((), "--vol: required: volatility"),
    "a forward and a yield": (
        ("--vol", "0.2", "--forward", "101", "--dividend-yield", "0.01"),
        "--forward: 101: forward and dividend_yield exclude each other",
    ),
    "a forward and other carry": (
        ("--market-price", "9", "--forward", "101", "--borrow", "0.01", "--dividends", "0.4:1"),
        "--forward: 101: a forward is all of the carry, and borrow and dividends would add to it",
    ),
    "jumps by dividends": (
        ("--market-price", "9", "--dividends", "0.4:1"),
        "with jumps there is no formula to invert; give vol, or dividend_model escrowed",
    ),
    "a forward far away": (("--vol", "0.2", "--forward", "900"), "is a dividend yield of -2.147 a year at spot 100"),
    "parity of one": (("--vol", "0.2", "--forward", "parity"), "--forward: parity takes the forward from the calls"),
}


@pytest.mark.parametrize(("arguments", "message"), REFUSED.values(), ids=REFUSED)
def test_an_impossible_quote_is_refused_in_one_line(greeks, arguments, message):
    done = greeks("price", "--strike", "100", "--rate", "0.05", *FAST, *arguments)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert message in done.err


def test_every_problem_of_a_quote_is_told_at_once(greeks):
    done = greeks("price", "--market-price", "-1", "--dividend-yield", "0", "--forward", "x")
    assert done.code == 2
    assert [line.split(":")[1].strip() for line in done.err.splitlines()] == [
        "--market-price",
        "--forward",
        "--forward",
        "--strike",
    ]


def test_a_book_has_null_and_a_status_for_prices_without_a_vol(greeks, tmp_path):
    book = tmp_path / "book.csv"
    book.write_text("id,strike,option price\ngood,100,8.5\nbelow,80,19\nabove,100,101\nnone,150,0\n")
    code, rows, err = rows_of(greeks, book, *MARKET)
    assert code == 3
    assert {name: row["status"] for name, row in rows.items()} == {
        "good": "ok",
        **dict.fromkeys(("below", "above", "none"), "no implied vol"),
    }
    for name, given in (("below", 19), ("above", 101), ("none", 0)):
        assert (rows[name]["market"]["vol"], rows[name]["market"]["market_price"]) == (None, given)
        assert "estimates" not in rows[name]
    assert f"{book}:3: trade 'below': market_price: 19.0: no vol gives this price" in rows["below"]["error"]
    assert "3 of 4 trades have no implied vol: below, above, none" in err


def test_csv_leaves_the_vol_of_such_a_row_empty(greeks, tmp_path):
    book = tmp_path / "book.csv"
    book.write_text("id,strike,option price\ngood,100,8.5\nnone,150,0\n")
    done = greeks("batch", str(book), *FAST, "--format", "csv", "--wide", *MARKET)
    good, none = csv.DictReader(io.StringIO(done.out))
    assert (float(good["market_price"]), none["market_price"]) == (8.5, "0.0")
    assert (none["status"], none["vol"], none["price"]) == ("no implied vol", "", "")
    assert float(good["vol"]) > 0


def test_results_with_such_a_row_make_a_report(greeks, tmp_path):
    book, out = tmp_path / "book.csv", tmp_path / "out.jsonl"
    book.write_text("id,strike,option price\ngood,100,8.5\nnone,150,0\n")
    assert greeks("batch", str(book), *FAST, "-o", str(out), *MARKET).code == 3
    manifest = json.loads((tmp_path / "out.jsonl.manifest.json").read_text())
    assert (manifest["succeeded"], manifest["failed"]) == (1, 1)
    page = tmp_path / "page.html"
    assert greeks("report", str(out), "-o", str(page), "--no-profiles").code == 3
    assert "no vol gives this price" in page.read_text()


def test_a_price_of_a_trade_wins_over_the_vol_of_its_file(greeks, tmp_path):
    book = tmp_path / "book.toml"
    trades = ("id = 'quoted'\nstrike = 100\nmarket_price = 9", "id = 'not'\nstrike = 100")
    book.write_text("\n".join(["[market]", "vol = 0.3", *(f"[[trade]]\n{one}" for one in trades)]))
    code, rows, _ = rows_of(greeks, book, *MARKET)
    assert code == 0
    assert rows["quoted"]["estimates"][0]["exact"] == pytest.approx(9, rel=1e-12)
    assert rows["not"]["market"]["vol"] == 0.3


def test_a_row_with_a_vol_and_a_price_is_refused(greeks, tmp_path):
    book = tmp_path / "book.csv"
    book.write_text("id,strike,vol,market_price\nboth,100,0.2,9\none,100,0.2,\n")
    code, rows, _ = rows_of(greeks, book, *MARKET)
    assert (code, rows["one"]["status"], rows["both"]["status"]) == (3, "ok", "error")
    assert "market_price and vol exclude each other" in rows["both"]["error"]


def test_deltas_of_a_chain_are_the_vendors_only_at_each_expirys_own_forward(greeks, chain_file):
    def worst(*arguments):
        _, rows, err = rows_of(greeks, chain_file, *MARKET, *arguments)
        priced = [one for one in chain() if rows[one.id]["status"] == "ok"]
        return max(abs(rows[one.id]["estimates"][1]["exact"] - one.delta) for one in priced), len(priced), err

    by_parity, n_priced, err = worst("--forward", "parity")
    assert (by_parity < 1e-9, n_priced) == (True, 28)
    assert "note: 2 forwards by put-call parity, each the median of its expiry, from 14 pairs of call and put" in err
    at_rate, n_priced, _ = worst()
    assert at_rate > 0.02
    assert n_priced < 28  # calls deep in the money are below their intrinsic value at the wrong forward


def test_parity_gives_forward_vol_and_yield_of_every_expiry(greeks, chain_file):
    code, rows, _ = rows_of(greeks, chain_file, *MARKET, "--forward", "parity")
    assert code == 0
    for quote in chain():
        market, forward = rows[quote.id]["market"], FORWARDS[quote.expiry]
        assert market["forward"] == pytest.approx(forward, rel=1e-13)
        assert market["dividend_yield"] == pytest.approx(RATE - log(forward / SPOT) / quote.expiry, abs=1e-12)
        assert market["vol"] == pytest.approx(quote.vol, rel=1e-9)


def test_a_wrong_quote_does_not_move_the_forward_and_is_named(greeks, tmp_path):
    path = tmp_path / "chain.csv"
    path.write_text(as_csv([wrong(quote) for quote in chain()]))
    _, rows, err = rows_of(greeks, path, *MARKET, "--forward", "parity")
    assert rows["c100-1"]["market"]["forward"] == pytest.approx(FORWARDS[1.0], rel=1e-13)
    assert "the furthest pair is 0.03 of the forward away (expiry 1y, strike 125)" in err


def wrong(quote: Quoted) -> Quoted:
    """The quote, or a stale price."""
    return quote._replace(price=quote.price + 3) if quote.id == "c125-1" else quote


def test_a_forward_by_parity_serves_other_contracts_of_the_expiry(greeks, tmp_path):
    book = tmp_path / "book.toml"
    trades = [
        f'[[trade]]\nid = "{one.id}"\ntype = "{one.type}"\nstrike = {one.strike}\nexpiry = {one.expiry}\n'
        f"market_price = {one.price!r}\n"
        for one in chain()
    ]
    other = '[[trade]]\nid = "digital"\nkind = "digital"\nstrike = 100\nexpiry = 1\nvol = 0.2\n'
    lone = '[[trade]]\nid = "lone"\nstrike = 100\nexpiry = 2\nvol = 0.2\n'
    book.write_text('[market]\nforward = "parity"\n' + "".join(trades) + other + lone)
    code, rows, _ = rows_of(greeks, book, *MARKET)
    assert rows["digital"]["market"]["forward"] == pytest.approx(FORWARDS[1.0], rel=1e-13)
    assert (code, rows["lone"]["status"], rows["lone"]["market"]["dividend_yield"]) == (3, "error", None)
    assert "parity needs a call and a put of this expiry and of one strike" in rows["lone"]["error"]


def test_forwards_are_of_each_underlying(greeks, tmp_path):
    book = tmp_path / "book.csv"
    prices = {("A", "call"): 9, ("A", "put"): 6, ("B", "call"): 5, ("B", "put"): 7}
    rows = [f"{name}-{side},{name},{side},100,{price}" for (name, side), price in prices.items()]
    book.write_text("\n".join(["id,underlying,type,strike,market_price", *rows, ""]))
    code, found, _ = rows_of(greeks, book, "--forward", "parity", "--rate", "0", "--spot", "100")
    assert code == 0
    assert {name: row["market"]["forward"] for name, row in found.items()} == {
        "A-call": 103,
        "A-put": 103,
        "B-call": 98,
        "B-put": 98,
    }


def test_an_underlying_has_a_forward_and_a_trades_yield_wins(greeks, tmp_path):
    book = tmp_path / "book.toml"
    trade = '[[trade]]\nid = "{}"\nunderlying = "B"\nstrike = 50\nvol = 0.2\n'
    own = trade.format("own") + "dividend_yield = 0.01\n"
    book.write_text("[underlying.B]\nspot = 50\nrate = 0.02\nforward = 51\n" + trade.format("its") + own)
    _, rows, _ = rows_of(greeks, book)
    assert rows["its"]["market"]["dividend_yield"] == pytest.approx(0.02 - log(51 / 50), abs=1e-15)
    assert rows["own"]["market"] == {"spot": 50, "vol": 0.2, "rate": 0.02, "dividend_yield": 0.01}


def test_the_schema_knows_both(greeks):
    market = json.loads(greeks("schema").out)["properties"]["market"]["properties"]
    assert {"market_price", "forward"} <= market.keys()
