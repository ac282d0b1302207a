"""One book of 200 positions by every door: the command, Python, the pipe, scenarios, and its explained change."""

import json
import subprocess
import sys

import pytest

import greeks_cli
from tests.cli.desk_book import MONDAY, TUESDAY, lines, positions

ASKED = "delta,gamma,vega,theta"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The book and its markets, with the results of both days."""
    found = tmp_path_factory.mktemp("desk")
    for name, text in (("book.jsonl", lines()), ("monday.toml", MONDAY), ("tuesday.toml", TUESDAY)):
        (found / name).write_text(text)
    for day, asked, total in (("monday", ASKED, True), ("tuesday", "price", False)):
        settings = {"market": found / f"{day}.toml", "greeks": asked, "units": "desk", "total": total}
        greeks_cli.batch(found / "book.jsonl", **settings, closed_form=True).save(found / f"{day}.jsonl")
    return found


def rows(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_every_position_has_a_result_in_its_currency(folder):
    found = [row for row in rows(folder / "monday.jsonl") if "trades" not in row]
    assert len(found) == 200
    assert {row["status"] for row in found} == {"ok"}
    assert {row["estimates"][3]["unit"] for row in found} == {f"{c} per vol point" for c in ("EUR", "USD", "JPY")}


def test_totals_are_sums_of_positions_and_currencies_of_their_base(folder):
    found = rows(folder / "monday.jsonl")
    values = {row["id"]: {one["name"]: one["value"] for one in row["estimates"]} for row in found}
    for currency in ("EUR", "USD"):
        members = [values[row["id"]] for row in found if row.get("position", {}).get("currency") == currency]
        total = values[f"total[currency={currency}]"]
        assert total["cash_delta"] == pytest.approx(sum(one["delta"] for one in members))
        assert total["vega"] == pytest.approx(sum(one["vega"] for one in members))
    base = values["total[in=EUR]"]["price"]
    yen = values["total[underlying=NKY,currency=JPY]"]["price"]
    in_euros = values["total[currency=EUR]"]["price"] + 0.9 * values["total[currency=USD]"]["price"] + 0.006 * yen
    assert base == pytest.approx(in_euros)


def test_the_pipe_answers_as_the_book_does(folder):
    arguments = ["--market", str(folder / "monday.toml"), "--greeks", ASKED, "--units", "desk", "--closed-form"]
    command = [sys.executable, "-m", "greeks_cli", "serve", "--stdio", *arguments]
    done = subprocess.run(command, input=lines(), capture_output=True, text=True, check=True)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert answers == [row for row in rows(folder / "monday.jsonl") if "trades" not in row]


def test_scenarios_of_the_book_fit_a_terminal(greeks, folder):
    files = (str(folder / "book.jsonl"), "--market", str(folder / "monday.toml"), "--closed-form", "--quiet")
    outcome = greeks("batch", *files, "--scenario", "spot=-10%:10%:3,vol=-2;2", "--format", "table")
    assert outcome.code == 0
    assert outcome.out.count("change in value") == 4
    assert max(map(len, outcome.out.splitlines())) <= 80


def test_greeks_explain_the_change_of_the_book_from_one_day_to_the_next(greeks, folder):
    old, new = folder / "monday.jsonl", folder / "tuesday.jsonl"
    found = greeks_cli.explain_pnl(old, new)
    assert len(found.trades) == 200
    of_euros = next(total for total in found.totals if total.currency == "EUR")
    assert abs(of_euros.left.value) < 4 * of_euros.left.stderr + of_euros.left.bias
    exact = [trade for trade in found.trades if trade.left.stderr == 0]
    assert len(exact) > 100
    for trade in exact:
        moved = sum(abs(part.amount.value) for part in trade.parts)
        assert abs(trade.left.value) < 0.05 * max(abs(trade.change.value), moved)
    outcome = greeks("explain-pnl", str(old), str(new))
    assert outcome.code == 0
    assert max(len(line) for line in outcome.out.splitlines() if "change in value" not in line) <= 80


def test_the_book_is_a_frame_of_rows(folder):
    market = {"market": folder / "monday.toml", "closed_form": True, "greeks": "delta"}
    frame = greeks_cli.batch(positions()[:20], **market).to_frame("polars")
    assert frame.shape[0] == 40
    assert {"tags.desk", "underlying", "value", "unit"} <= set(frame.columns)
