"""Explained profit and loss: yesterday's Greeks against today's value."""

import csv
import json
from pathlib import Path

import pytest

CALL = '{"id": "call", "strike": 100, "quantity": 10, "currency": "EUR"}\n'
PUT = '{"id": "put", "type": "put", "strike": 95, "expiry": 0.5, "currency": "EUR"}\n'
MONDAY = {"spot": 100, "vol": 0.2, "rate": 0.02}


@pytest.fixture
def run(greeks, book):
    """Write the results of a book; returns their path."""

    def price(name, lines, *arguments, **market):
        flags = [part for key, value in {**MONDAY, **market}.items() for part in (f"--{key}", str(value))]
        path = book(lines, f"{name}.in.jsonl")
        outcome = greeks("batch", path, "--closed-form", *flags, *arguments)
        return book(outcome.out, f"{name}.jsonl")

    return price


@pytest.fixture
def explained(greeks):
    """The records of an explanation by id."""

    def explain(old, new):
        outcome = greeks("explain-pnl", old, new, "--format", "jsonl")
        assert outcome.err == ""
        return {record["id"]: record for record in map(json.loads, outcome.out.splitlines())}

    return explain


def parts(record):
    return {part["name"]: part["value"] for part in record["parts"]}


def test_a_move_of_the_spot_is_delta_and_half_of_gamma(run, explained):
    old, new = run("old", CALL, "--greeks", "delta,gamma,vega"), run("new", CALL, "--greeks", "price", spot=103)
    before, after = (json.loads(Path(path).read_text().splitlines()[0]) for path in (old, new))
    price, delta, gamma, _ = (one["value"] for one in before["estimates"])
    call = explained(old, new)["call"]
    assert call["moves"] == {"spot": 3}
    assert parts(call) == pytest.approx({"delta": 3 * delta, "gamma": 4.5 * gamma})
    assert call["change"]["value"] == pytest.approx(after["estimates"][0]["value"] - price)
    left = call["change"]["value"] - sum(parts(call).values())
    assert call["left"]["value"] == pytest.approx(left)
    assert abs(left) < 0.02 * abs(call["change"]["value"])


def test_all_greeks_leave_little_of_a_move_of_everything(run, explained):
    later = CALL.replace('"strike"', '"expiry": 0.99, "strike"')
    crossed = "d(spot,rate),d(vol,rate),d(rate,time)"
    moved = {"spot": 101, "vol": 0.205, "rate": 0.021}
    call = explained(run("old", CALL, "--greeks", f"all,{crossed}"), run("new", later, **moved))["call"]
    assert call["moves"] == pytest.approx({"time": 0.01, "spot": 1, "vol": 0.005, "rate": 0.001})
    assert abs(call["left"]["value"]) < 2e-4 * abs(call["change"]["value"])
    assert parts(call)["theta"] < 0


@pytest.mark.parametrize("units", ["market", "desk"])
def test_units_change_nothing(run, explained, units):
    new = run("new", CALL + PUT, spot=97, vol=0.22)
    raw = explained(run("old", CALL + PUT, "--greeks", "all"), new)
    other = explained(run("other", CALL + PUT, "--greeks", "all", "--units", units), new)
    for name, record in raw.items():
        assert parts(other[name]) == pytest.approx(parts(record), rel=1e-9, abs=1e-12)


def test_totals_add_up_trades_by_currency(run, explained):
    dollars = PUT.replace("EUR", "USD").replace('"put"', '"dollars"', 1)
    found = explained(run("old", CALL + PUT + dollars), run("new", CALL + PUT + dollars, spot=98))
    total = found["total[currency=EUR]"]
    assert total["change"]["value"] == pytest.approx(found["call"]["change"]["value"] + found["put"]["change"]["value"])
    assert parts(total)["delta"] == pytest.approx(parts(found["call"])["delta"] + parts(found["put"])["delta"])
    assert found["total[currency=USD]"]["trades"] == 1


def test_new_closed_and_resized_trades_are_parts_of_their_own(run, explained):
    larger = CALL.replace('"quantity": 10', '"quantity": 15')
    found = explained(run("old", CALL), run("new", larger + PUT, spot=102))
    assert parts(found["put"]) == {"new trade": found["put"]["change"]["value"]}
    assert found["put"]["left"]["value"] == 0
    assert set(parts(found["call"])) == {"delta", "gamma", "quantity"}
    assert abs(found["call"]["left"]["value"]) < 0.02 * abs(found["call"]["change"]["value"])
    closed = explained(run("old", CALL + PUT), run("new", CALL))
    assert parts(closed["put"]) == {"closed trade": closed["put"]["change"]["value"]}
    assert closed["put"]["change"]["value"] < 0
    none = explained(run("old", CALL), run("new", CALL.replace('"quantity": 10', '"quantity": 0')))
    assert set(parts(none["call"])) == {"closed trade"}


def test_a_trade_in_another_currency_is_closed_in_the_first_and_new_in_the_other(greeks, run):
    old, new = run("old", CALL), run("new", CALL.replace("EUR", "USD"))
    records = [json.loads(line) for line in greeks("explain-pnl", old, new, "--format", "jsonl").out.splitlines()]
    found = [(one["currency"], list(parts(one))) for one in records if one["id"] == "call"]
    assert found == [("EUR", ["closed trade"]), ("USD", ["new trade"])]


def test_errors_of_simulated_values_are_stated(greeks, book, explained):
    rows = [
        book(
            greeks("batch", book(CALL, "in.jsonl"), "--spot", spot, "--vol", "0.2", "--paths", "4000").out,
            f"{spot}.jsonl",
        )
        for spot in ("100", "101")
    ]
    call = explained(*rows)["call"]
    assert "errors hide what is left" in greeks("explain-pnl", *rows).out
    assert call["change"]["stderr"] > 0
    assert abs(call["left"]["value"]) < 4 * call["left"]["stderr"]
    assert call["left"]["stderr"] >= call["explained"]["stderr"] > 0


def test_nodes_of_a_curve_explain_what_the_curve_would(run, explained):
    old = run("old", CALL, "--greeks", "rho", "--buckets", rate="0.5:0.02,1:0.02")
    call = explained(old, run("new", CALL, rate="0.5:0.02,1:0.025"))["call"]
    assert set(parts(call)) == {"rho[1]"}
    assert abs(call["left"]["value"]) < 0.02 * abs(call["change"]["value"])


def test_a_changed_contract_is_told(run, explained):
    asian = '{"id": "a", "kind": "asian", "strike": 100, "fixings": 4, "average": "geometric"}\n'
    found = explained(
        run("old", asian), run("new", asian.replace('"fixings": 4', '"fixings": 4, "past_fixings": [99]'))
    )
    assert found["a"]["notes"] == ["the contract has another past_fixings"]


def test_another_strike_is_told_and_explained_by_dual_greeks_where_they_are_asked_for(run, explained):
    new = run("new", CALL.replace('"strike": 100', '"strike": 100.5'))
    for asked, named in (("delta", set()), ("dual_delta,dual_gamma", {"dual_delta", "dual_gamma"})):
        call = explained(run("old", CALL, "--greeks", asked), new)["call"]
        assert call["notes"] == ["the strike was 100, and is 100.5"]
        assert set(parts(call)) == named
    assert abs(call["left"]["value"]) < 1e-3 * abs(call["change"]["value"])


def test_trades_without_a_result_are_named(greeks, run):
    wrong = PUT.replace("95", "-1")
    outcome = greeks("explain-pnl", run("old", CALL + PUT), run("new", CALL + wrong))
    assert outcome.code == 3
    assert "without a result in one of the books, and left out: put" in outcome.out
    assert outcome.err == "greeks: trades without a result in one of the books: put\n"


def test_the_table_fits_a_terminal_and_csv_has_every_part(greeks, run):
    files = run("old", CALL + PUT, "--greeks", "all"), run("new", CALL + PUT, spot=101)
    table = greeks("explain-pnl", *files).out
    assert "hide what is left" not in table
    assert max(map(len, table.splitlines()[1:])) <= 80
    assert "left" in table
    names = [row["name"] for row in csv.DictReader(greeks("explain-pnl", *files, "--format", "csv").out.splitlines())]
    assert names[-3:] == ["explained", "change", "left"]


def test_what_holds_no_results_is_refused(greeks, book, run):
    outcome = greeks("explain-pnl", path := book(CALL, "book.jsonl"), run("new", CALL))
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == f"greeks: {path}: holds no results; give what greeks batch writes with -o results.jsonl\n"
    assert greeks("explain-pnl", "-", "-").err == "greeks: -: standard input can be read once only\n"


KINDS = (
    '{"id": "call", "strike": 100, "expiry": "2027-11-30", "quantity": 10}\n'
    '{"id": "asian", "kind": "asian", "strike": 100, "fixings": 4, "expiry": "2027-11-30", "quantity": -5}\n'
    '{"id": "put", "type": "put", "strike": 105, "exercise": "american", "exercise_dates": 6, "expiry": "2027-11-30"}\n'
)


@pytest.fixture
def days(greeks, book):
    """The files of results of a simulated book on two days, with other random numbers on the second."""

    def price(lines, *arguments):
        found = []
        for day, spot, seed in (("2026-11-30", "100", "1"), ("2026-12-01", "100.5", "2")):
            market = ("--valuation-date", day, "--spot", spot, "--vol", "0.2", "--rate", "0.03", "--paths", "4000")
            outcome = greeks("batch", book(lines, "in.jsonl"), *market, "--seed", seed, *arguments)
            found.append(book(outcome.out, f"{day}.jsonl"))
        return found

    return price


def test_changes_on_the_same_paths_have_the_errors_of_differences(greeks, explained, days):
    files = days(KINDS, "--greeks", "delta,gamma,theta")
    apart = explained(*files)
    records = greeks("explain-pnl", *files, "--same-paths", "--format", "jsonl").out.splitlines()
    together = {record["id"]: record for record in map(json.loads, records)}
    exact = explained(*days(KINDS.splitlines()[0] + "\n", "--greeks", "price", "--closed-form"))["call"]["change"]
    call = together["call"]["change"]
    assert abs(call["value"] - exact["value"]) < 4 * call["stderr"]
    for name in ("call", "asian", "put", "total"):
        share = 0.5 if name == "put" else 0.1  # a martingale leaves little of the put's error as it is
        assert 0 < together[name]["left"]["stderr"] < share * apart[name]["left"]["stderr"]
        sums = sum(parts(together[name]).values())
        assert together[name]["left"]["value"] == pytest.approx(together[name]["change"]["value"] - sums, abs=1e-9)
    assert together["total"]["change"]["stderr"] <= sum(
        together[n]["change"]["stderr"] for n in ("call", "asian", "put")
    )


def test_sobol_points_give_way_to_paths_that_both_days_have(greeks, days):
    line = KINDS.splitlines()[0] + "\n"
    old, _ = days(line, "--greeks", "delta", "--sampler", "sobol", "--paths", "4096")
    points = Path(old).read_text()
    _, new = days(line, "--greeks", "price", "--paths", "5000")
    Path(old).write_text(points)
    outcome = greeks("explain-pnl", old, new, "--same-paths", "--format", "jsonl")
    call = json.loads(outcome.out.splitlines()[0])
    assert outcome.err == ""
    assert 0 < call["left"]["stderr"] < 0.01 * abs(call["change"]["value"])


def test_trades_of_one_day_are_parts_on_the_same_paths_too(greeks, days):
    old, new = days(KINDS, "--greeks", "delta")
    lines = Path(new).read_text().splitlines(keepends=True)
    Path(new).write_text("".join(lines[1:]))
    outcome = greeks("explain-pnl", old, new, "--same-paths", "--format", "jsonl")
    records = {record["id"]: record for record in map(json.loads, outcome.out.splitlines())}
    assert list(parts(records["call"])) == ["closed trade"]
    assert records["call"]["left"] == {"value": 0, "stderr": 0, "bias": 0}


def test_control_variates_have_no_differences_path_by_path(greeks, days):
    outcome = greeks("explain-pnl", *days(KINDS.splitlines()[0] + "\n", "--control"), "--same-paths")
    assert outcome.code == 2
    message = "estimates with a control variate are no means, and have no differences path by path; leave it out"
    assert outcome.err == f"greeks: control: {message}\n"


@pytest.mark.parametrize("place", [1, 2])
def test_no_result_that_is_read_is_overwritten(greeks, tmp_path, place):
    names = [str(tmp_path / name) for name in ("old.jsonl", "new.jsonl")]
    for name in names:
        Path(name).write_text("results\n")
    outcome = greeks("explain-pnl", *names, "--format", "jsonl", "-o", names[place - 1])
    assert outcome.code == 2
    assert "would be overwritten, and is read" in outcome.err
    assert Path(names[place - 1]).read_text() == "results\n"
