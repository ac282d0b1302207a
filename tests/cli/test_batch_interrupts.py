"""Books that are interrupted: signals, dead workers, and what a run keeps then."""

import os
import signal
import time
from pathlib import Path

import pytest

from tests.cli.batches import HEADER, lines, start, trades, wait_for_rows, workers_of


def test_after_kill_9_the_same_command_finishes_the_rest(greeks, book, tmp_path):
    path, out = book(trades(40)), tmp_path / "out.jsonl"
    partial = tmp_path / "out.jsonl.partial"
    for rows in (3, 12):
        running = start(path, "-o", str(out), "--paths", "50000", "--processes", "1")
        wait_for_rows(partial, rows)
        os.killpg(running.pid, signal.SIGKILL)
        running.communicate()
        assert not out.exists()
    with partial.open("ab") as file:
        file.write(b'{"id": "T13", "sta')  # torn by the kill
    outcome = greeks("batch", path, "-o", str(out), "--paths", "50000", "--processes", "1")
    assert outcome.code == 0
    assert "going on after" in outcome.err
    assert not partial.exists()
    whole = tmp_path / "whole.jsonl"
    greeks("batch", path, "-o", str(whole), "--paths", "50000", "--processes", "1")
    assert out.read_bytes() == whole.read_bytes()


def test_a_book_of_early_exercise_goes_on_after_kill_9_with_the_same_bits(greeks, book, tmp_path):
    early = 'type = "put"\nexercise = "american"\nexercise_dates = 2\nbounds = "nested"\n'
    path, out, whole = book(trades(4).replace("strike", f"{early}strike")), tmp_path / "out.jsonl", tmp_path / "w.jsonl"
    running = start(path, "-o", str(out), "--processes", "1")
    wait_for_rows(tmp_path / "out.jsonl.partial", 2)
    os.killpg(running.pid, signal.SIGKILL)
    running.communicate()
    assert not out.exists()
    outcome = greeks("batch", path, "-o", str(out), "--processes", "2")
    assert outcome.code == 0
    assert "going on after" in outcome.err
    assert greeks("batch", path, "-o", str(whole), "--processes", "2").code == 0
    assert out.read_bytes() == whole.read_bytes()
    assert all(row["exercise"]["dates"] for row in lines(out.read_text()))


def test_kill_9_leaves_no_process_behind(book, tmp_path):
    running = start(book(trades(60)), "-o", str(tmp_path / "out.jsonl"), "--paths", "200000", "--processes", "2")
    wait_for_rows(tmp_path / "out.jsonl.partial", 1)
    workers = workers_of(running)
    assert len(workers) == 2
    running.kill()
    running.communicate(timeout=30)  # stderr ends when the last process that has it ends
    deadline = time.monotonic() + 10
    while any(Path(f"/proc/{worker}").exists() for worker in workers):
        assert time.monotonic() < deadline
        time.sleep(0.05)


SLOW_FIRST = HEADER + '[[trade]]\nid = "slow"\nstrike = 100\npaths = 1000000000\n' + trades(30)[len(HEADER) :]


def test_trades_finished_behind_a_slow_trade_are_kept(greeks, book, tmp_path):
    path, out = book(SLOW_FIRST), tmp_path / "out.jsonl"
    running = start(path, "-o", str(out), "--processes", "2")
    wait_for_rows(tmp_path / "out.jsonl.partial", 30)
    os.killpg(running.pid, signal.SIGKILL)
    running.communicate()
    assert "slow" not in {row["id"] for row in lines((tmp_path / "out.jsonl.partial").read_text())}
    assert greeks("batch", path, "-o", str(out), "--paths", "2000").code == 0
    assert [row["id"] for row in lines(out.read_text())] == ["slow", *(f"T{i}" for i in range(30))]


@pytest.mark.parametrize("processes", ["1", "2"])
def test_ctrl_c_finishes_trades_in_flight(book, tmp_path, processes):
    partial = tmp_path / "out.jsonl.partial"
    running = start(book(trades(60)), "-o", str(tmp_path / "out.jsonl"), "--paths", "4000000", "--processes", processes)
    wait_for_rows(partial, 1)
    os.killpg(running.pid, signal.SIGINT)  # as a terminal does
    before = partial.read_bytes().count(b"\n")
    _, said = running.communicate(timeout=60)
    assert running.returncode == 130
    kept = len(lines(partial.read_text()))
    assert before < kept < 60
    assert said.splitlines() == [
        "greeks: finishing what is in flight; Ctrl-C again stops at once",
        f"greeks: interrupted; {kept} of 60 trades are kept; the same command goes on from there",
    ]


@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_second_ctrl_c_stops_at_once(book, tmp_path, processes):
    text = book(trades(2) + '[[trade]]\nid = "endless"\nstrike = 100\npaths = 1000000000\n')
    running = start(text, "-o", str(tmp_path / "out.jsonl"), "--processes", processes)
    wait_for_rows(tmp_path / "out.jsonl.partial", 2)
    os.killpg(running.pid, signal.SIGINT)
    assert running.stderr.readline().startswith("greeks: finishing what is in flight")
    os.killpg(running.pid, signal.SIGINT)
    _, said = running.communicate(timeout=30)
    assert running.returncode == 130
    assert said.startswith("greeks: interrupted; ")


def test_a_lost_worker_is_replaced_and_changes_nothing(greeks, book, tmp_path):
    path, out = book(trades(60)), tmp_path / "out.jsonl"
    running = start(path, "-o", str(out), "--paths", "50000", "--processes", "2")
    wait_for_rows(tmp_path / "out.jsonl.partial", 2)
    os.kill(workers_of(running)[0], signal.SIGKILL)
    _, said = running.communicate(timeout=60)
    assert (running.returncode, said) == (0, "")
    whole = greeks("batch", path, "--paths", "50000", "--processes", "1")
    assert out.read_text() == whole.out


@pytest.mark.parametrize(
    ("send", "signal_sent", "code"),
    [
        (os.killpg, signal.SIGINT, 130),  # as a terminal does
        (os.kill, signal.SIGTERM, 143),
        (os.kill, signal.SIGHUP, 129),
        (os.killpg, signal.SIGHUP, 129),  # as a terminal does that is closed
    ],
)
def test_signal_ends_worker_processes(book, tmp_path, send, signal_sent, code):
    # Trades of their own dates are tasks of their own: many are left when the first row is there.
    path, out = book(trades(300, own_dates=True)), tmp_path / "out.jsonl"
    running = start(path, "-o", str(out), "--paths", "200000", "--processes", "2")
    wait_for_rows(tmp_path / "out.jsonl.partial", 1)
    send(running.pid, signal_sent)
    _, said = running.communicate(timeout=30)  # stderr ends when the last process that has it ends
    assert running.returncode == code
    assert all(line.startswith("greeks: ") for line in said.splitlines())
    assert said.count("\n") <= 2
