"""Books that are priced again: what is kept, what is priced anew, and what is refused."""

import itertools
import json
import os
import re
import signal
import time

import pytest

from greeks_cli.run.machine.files import CannotWrite
from tests.cli.batches import HEADER, lines, start, trades, wait_for_rows


def test_corrected_trade_is_priced_when_the_book_is_resumed(greeks, book, tmp_path):
    out, row = tmp_path / "out.jsonl", '{"id": "x", "status": "error", "key": "before", "error": "typo"}\n'
    (tmp_path / "out.jsonl.partial").write_text(row)
    assert greeks("batch", book(HEADER + '[[trade]]\nid = "x"\nstrike = 100\n'), "-o", str(out)).code == 0
    assert [record["status"] for record in lines(out.read_text())] == ["ok"]


def test_a_finished_book_is_not_priced_again_and_a_changed_one_is_refused(greeks, book, tmp_path):
    out = str(tmp_path / "out.csv")
    path = book(trades(2))
    assert greeks("batch", path, "-o", out).code == 0
    assert "finished already" in greeks("batch", path, "-o", out).err
    changed = greeks("batch", path, "-o", out, "--vol", "0.3")
    assert changed.code == 2
    assert "other settings, market or version for trade T0, T1" in changed.err
    assert greeks("batch", path, "-o", out, "--vol", "0.3", "--restart").code == 0
    for other in ("--wide", "--units=market"):
        assert greeks("batch", path, "-o", out, "--vol", "0.3", other).code == 2
    manifest = json.loads((tmp_path / "out.csv.manifest.json").read_text())
    assert manifest["succeeded"] == 2
    assert set(manifest["trades"]) == {"T0", "T1"}
    assert path in manifest["inputs"]


def test_a_wall_clock_set_back_does_not_change_durations(greeks, book, tmp_path, monkeypatch):
    clock = itertools.count(time.time(), -3600)
    monkeypatch.setattr(time, "time", lambda: next(clock))
    assert greeks("batch", book(trades(1)), "-o", str(tmp_path / "out.jsonl")).code == 0
    manifest = json.loads((tmp_path / "out.jsonl.manifest.json").read_text())
    assert 0 <= manifest["elapsed_seconds"] < 600
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", manifest["started"])


def test_results_of_another_book_are_not_replaced_after_a_run_that_came_to_nothing(greeks, book, tmp_path):
    out, partial = tmp_path / "out.jsonl", tmp_path / "out.jsonl.partial"
    assert greeks("batch", book(trades(2)), "-o", str(out)).code == 0
    finished = out.read_bytes()
    other = book(trades(3).replace("T", "U"), "other.toml")
    assert greeks("batch", other, "-o", str(out), "--restart", "--scheduler", "tcp://127.0.0.1:9").code == 1
    assert not partial.exists()
    partial.touch()
    refused = greeks("batch", other, "-o", str(out))
    assert refused.code == 2
    assert "holds results of other settings" in refused.err
    assert out.read_bytes() == finished


def test_results_that_were_changed_afterwards_are_not_taken_for_finished(greeks, book, tmp_path):
    path, out = book(trades(2)), tmp_path / "out.jsonl"
    assert greeks("batch", path, "-o", str(out)).code == 0
    out.write_text(out.read_text().replace('"ok"', '"OK"', 1))
    outcome = greeks("batch", path, "-o", str(out))
    assert outcome.code == 2
    assert "has been changed since it was written" in outcome.err


@pytest.mark.parametrize("there", [True, False])
def test_results_go_through_a_link(greeks, book, tmp_path, there):
    real, link = tmp_path / "real.jsonl", tmp_path / "out.jsonl"
    link.symlink_to(real)
    if there:
        real.write_text("old")
    assert greeks("batch", book(trades(1)), "-o", str(link), "--restart").code == 0
    assert link.is_symlink()
    assert [row["id"] for row in lines(real.read_text())] == ["T0"]


def test_failed_trades_are_not_counted_as_kept(greeks, book, tmp_path, monkeypatch):
    def full(path, content):
        raise CannotWrite(f"cannot write {path}: No space left on device")

    path, out = book(trades(2) + "[[trade]]\nstrkie = 1\n"), tmp_path / "out.jsonl"
    with monkeypatch.context() as patched:
        patched.setattr("greeks_cli.run.books.ledger.write_whole", full)
        outcome = greeks("batch", path, "-o", str(out))
    assert outcome.code == 1
    assert "the 2 results finished are safe in" in outcome.err
    assert "going on after 2 of 3 trades" in greeks("batch", path, "-o", str(out)).err
    assert greeks("batch", path, "-o", str(out)).code == 3
    manifest = json.loads((tmp_path / "out.jsonl.manifest.json").read_text())
    assert {name: manifest[name] for name in ("taken_up", "succeeded", "not_met", "failed")} == {
        "taken_up": 2,
        "succeeded": 2,
        "not_met": 0,
        "failed": 1,
    }


def test_a_changed_book_is_not_mixed_into_an_unfinished_one(greeks, book, tmp_path):
    path, out = book(trades(40)), tmp_path / "out.jsonl"
    running = start(path, "-o", str(out), "--paths", "4000000", "--processes", "1")
    wait_for_rows(tmp_path / "out.jsonl.partial", 2)
    os.killpg(running.pid, signal.SIGINT)
    _, said = running.communicate()
    assert running.returncode == 130
    assert "the same command goes on from there" in said
    changed = greeks("batch", path, "-o", str(out), "--paths", "60000")
    assert changed.code == 2
    assert "T0, T1" in changed.err
