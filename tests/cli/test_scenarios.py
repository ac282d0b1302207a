"""A book in scenarios: changes in value beside the prices of shifted trades."""

import csv
import json

import pytest

from greeks_cli.terms.books.scenario import parse_scenarios, shifted, where
from greeks_cli.terms.building import build_request

BOOK = (
    '{"id": "call", "underlying": "X", "strike": 100, "quantity": 10, "currency": "EUR"}\n'
    '{"id": "knock", "underlying": "X", "kind": "barrier", "strike": 100, "barrier": 80, "barrier_type": "down-out", '
    '"monitoring": 4, "quantity": -5, "currency": "EUR"}\n'
    '{"id": "put", "underlying": "Y", "type": "put", "strike": 50, "currency": "EUR"}\n'
)
MARKET = "[underlying.X]\nspot = 100\nvol = 0.2\n[underlying.Y]\nspot = 55\nvol = 0.3\n[simulation]\npaths = 4000\n"


@pytest.fixture
def priced(greeks, book):
    """The records of a book in scenarios."""

    def price(scenario, *arguments, text=BOOK, market=MARKET, code=0):
        files = (book(text, "book.jsonl"), "--market", book(market, "market.toml"))
        outcome = greeks("batch", *files, "--scenario", scenario, *arguments)
        assert outcome.code == code, outcome.err
        return [json.loads(line) for line in outcome.out.splitlines()] if "--format" not in arguments else outcome.out

    return price


def estimates(record):
    return {one["name"]: one for one in record["estimates"]}


def test_a_scenario_is_the_total_of_the_shifted_book(priced, greeks, book):
    records = priced("spot=-10%:10%:3,vol=-5;5")
    shifts = [record["scenario"] for record in records]
    assert shifts[:2] == [{"spot": "-10%", "vol": "-5"}, {"spot": "-10%", "vol": "+5"}]
    moved = MARKET.replace("spot = 100", "spot = 90").replace("spot = 55", "spot = 49.5")
    moved = moved.replace("0.2", "0.15").replace("0.3", "0.25")
    files = (book(BOOK, "book.jsonl"), "--market", book(moved, "moved.toml"), "--total-by", "currency")
    rows = [json.loads(line) for line in greeks("batch", *files, "--greeks", "price").out.splitlines()]
    there = estimates(rows[-1])["price"]
    found = estimates(records[0])["price"]
    assert (found["value"], found["stderr"]) == pytest.approx((there["value"], there["stderr"]), rel=1e-12)


def test_changes_are_of_the_same_paths(priced):
    middle, near, far = (estimates(record) for record in priced("spot=0;1%;10%"))
    assert (middle["pnl"]["value"], middle["pnl"]["stderr"]) == (0, 0)
    assert near["pnl"]["value"] == pytest.approx(near["price"]["value"] - middle["price"]["value"])
    assert 0 < near["pnl"]["stderr"] < 0.1 * near["price"]["stderr"]
    assert near["pnl"]["stderr"] < far["pnl"]["stderr"]


def test_numbers_do_not_depend_on_threads_and_processes(priced):
    alone = priced("spot=-5%;5%", "--threads", "1")
    assert priced("spot=-5%;5%", "--threads", "3") == alone
    assert priced("spot=-5%;5%", "--processes", "2") == alone


def test_greeks_are_added_where_they_are_asked_for(priced):
    assert list(estimates(priced("spot=5%;6%")[0])) == ["price", "pnl"]
    found = estimates(priced("spot=5%;6%", "--greeks", "delta,vega", "--units", "desk")[0])
    assert list(found) == ["price", "vega", "cash_delta", "pnl"]
    assert found["vega"]["unit"] == "EUR per vol point"
    of_x = priced("vol=1;2", "--total", "--greeks", "delta")[0]
    assert (of_x["by"], set(estimates(of_x))) == (
        {"underlying": "X", "currency": "EUR"},
        {"price", "delta", "cash_delta", "pnl"},
    )


def test_curves_surfaces_and_several_underlyings_are_shifted():
    market = {"vol": [(0.5, 0.2), (1, 0.25)], "rate": [(1, 0.02)], "spot": 50}
    (scenario,) = parse_scenarios("vol=2,rate=-50,spot=4,borrow=10")
    found = shifted(build_request({"strike": 100}, market, {}), scenario).sole_market
    assert (found.vol.values, found.rate.values, found.spot, found.borrow) == ((0.22, 0.27), (0.015,), 54, 0.001)
    tables = {"A": {"spot": 100, "vol": 0.2}, "B": {"spot": 50, "vol": 0.3}}
    joint = build_request({"kind": "spread", "strike": 5}, {"underlying": tables, "correlation": 0.5}, {})
    both = shifted(joint, parse_scenarios("spot=10%,vol=-1")[0]).joint_market
    assert [(own.spot, own.vol) for own in both.markets] == [(110, 0.19), (55, 0.29)]
    quotes = [[t, k, 0.2] for t in (0.5, 1) for k in (90, 100, 110)]
    local = build_request({"strike": 100}, {"model": "local-vol", "vol_surface": quotes}, {})
    moved = shifted(local, parse_scenarios("vol=3")[0]).sole_market.vol_surface
    assert set(moved.values.values()) == {0.23}


def test_a_future_moves_with_its_spot():
    request = build_request({"strike": 100}, {"future": 105, "vol": 0.2}, {})
    assert shifted(request, parse_scenarios("spot=10%")[0]).sole_market.future == 115.5


def test_a_trade_without_a_result_is_named_with_the_reason(priced):
    lines = priced("vol=-25;0", code=3)
    assert [record["status"] for record in lines] == ["no total", "scenario"]
    assert "call: vol: -0.05: should be greater than" in lines[0]["error"]


HESTON = (
    '{"id": "h", "model": "heston", "spot": 100, "strike": 100, "initial_variance": 0.04, "mean_reversion": 1, '
    '"long_run_variance": 0.0625, "vol_of_vol": 0.3, "spot_vol_correlation": -0.5, "closed_form": true}\n'
)


def test_a_shift_of_the_vol_moves_the_vols_of_random_variances(priced):
    down, none, up = (estimates(record)["price"]["value"] for record in priced("vol=-5;0;2", text=HESTON))
    at = HESTON.replace('"initial_variance": 0.04', '"initial_variance": %s').replace("0.0625", "%s")
    for found, moved in ((down, ("0.0225", "0.04")), (none, ("0.04", "0.0625")), (up, ("0.0484", "0.0729"))):
        there = estimates(priced("vol=0", text=at % moved)[0])["price"]["value"]
        assert found == pytest.approx(there, rel=1e-9)
    refused = priced("vol=-20", text=HESTON, code=3)[0]["error"]
    assert "h: vol: -20: takes the vol of initial_variance, 0.2, to 0; shift it less" in refused


def test_a_rejected_trade_leaves_no_sum(priced):
    records = priced("spot=1%;2%", text=BOOK.replace("50", "-50"), code=3)
    assert records[0]["error"] == "not valid, so that there is no sum: put"


def test_the_table_is_a_matrix_that_fits_a_terminal(priced):
    text = priced("spot=-10%:10%:5,vol=-5:5:3", "--format", "table")
    lines = text.splitlines()
    assert lines[0] == "3 trades, currency EUR: change in value, EUR, each with its standard error"
    assert lines[2].split() == ["spot", "vol", "-5", "vol", "0", "vol", "+5"]
    assert [line.split()[0] for line in lines[4:9]] == ["-10%", "-5%", "0%", "+5%", "+10%"]
    assert max(map(len, lines)) <= 80


def test_csv_has_a_column_for_each_shift(priced):
    rows = list(csv.DictReader(priced("spot=-10%;10%,rate=25", "--format", "csv").splitlines()))
    shown = [(row["spot"], row["rate"], row["name"]) for row in rows]
    assert shown[:2] == [("-10%", "+25", "price"), ("-10%", "+25", "pnl")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("spo=1:2:2", "'spo=1:2:2' shifts nothing; did you mean 'spot'?"),
        ("spot", "'spot' has no shifts; write spot=start:stop:count"),
        ("spot=1:2", "'spot=1:2' has no shifts; write spot=start:stop:count, or spot=a;b;c"),
        ("spot=1%;1%", "'spot=1%;1%' has a shift twice"),
        ("spot=-100%", "'spot=-100%' leaves nothing"),
        ("spot=1,spot=2", "shifts of different parameters are wanted"),
        ("", "shifts of different parameters are wanted"),
        ("spot=1:2:99,vol=1:2:99", "9,801 scenarios; at most 1,000 are priced"),
    ],
)
def test_a_wrong_scenario_is_one_line(greeks, book, text, said):
    outcome = greeks("batch", book(BOOK, "book.jsonl"), "--scenario", text)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith(f"greeks: --scenario: {said}")


def test_scenarios_are_written_as_they_are_read():
    assert [where(one) for one in parse_scenarios("spot=-5%;0%,vol=2.5")] == ["spot=-5%,vol=+2.5", "spot=0%,vol=+2.5"]


@pytest.mark.parametrize("setting", [("--tol", "price=1"), ("--control",)], ids=str)
def test_settings_by_which_trades_would_differ_in_paths_are_refused(greeks, book, setting):
    files = (book(BOOK, "book.jsonl"), "--market", book(MARKET, "market.toml"))
    outcome = greeks("batch", *files, "--scenario", "spot=1%;2%", *setting)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.endswith("greeks: scenario: is of the same paths for all trades; leave out tol and control\n")
