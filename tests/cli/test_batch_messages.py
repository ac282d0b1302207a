"""Messages and dry runs of a batch."""

import os
import pty
import re
import subprocess
from contextlib import suppress

from greeks_cli.run.machine.cores import available_cores
from tests.cli.batches import GREEKS, lines, trades


def test_missed_tolerance_exits_4_and_names_the_trade(greeks, book, tmp_path):
    outcome = greeks("batch", book(trades(1)), "--tol", "price=0.0001", "--max-paths", "4000")
    assert outcome.code == 4
    (record,) = lines(outcome.out)
    assert (record["status"], record["unmet"]) == ("not met", ["price=0.0001"])
    assert "1 of 1 trades missed a --tol: T0" in outcome.err
    tolerances = ("--tol", "price=0.0001", "--max-paths", "4000", "-o", str(tmp_path / "out.jsonl"))
    assert [greeks("batch", book(trades(1)), *tolerances).code for _ in range(2)] == [4, 4]


def test_closed_stderr_does_not_stop_the_run(book, tmp_path):
    path, out = book(trades(3) + "[[trade]]\nstrkie = 1\n"), tmp_path / "out.jsonl"
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([*GREEKS, "batch", path, "-o", str(out), "--log-format", "json"], stderr=writing)
    os.close(writing)
    assert done.returncode == 3
    assert len(lines(out.read_text())) == 4


def test_log_format_json_counts_finished_trades(greeks, book):
    events = lines(greeks("batch", book(trades(3)), "--log-format", "json").err)
    assert [(event["done"], event["total"]) for event in events] == [(1, 3), (2, 3), (3, 3)]


def test_log_format_json_makes_every_message_json(greeks, book):
    path = book(trades(1) + '[[trade]]\nid = "bad"\nkind = "formula"\npayoff = "foo(S)"\n')
    failed = lines(greeks("batch", path, "--log-format", "json").err)
    assert [event["event"] for event in failed] == ["message", "progress", "progress", "message"]
    assert failed[0]["message"].startswith(f"{path}:13: trade 'bad': payoff")
    assert failed[-1]["message"] == "1 of 2 trades failed: bad"
    for wrong in (("nowhere.toml",), (path, "--processes", "0"), (path, "--vol", "-1"), (path, "--fail-fast")):
        outcome = greeks("batch", *wrong, "--log-format", "json")
        assert outcome.code == 2
        assert {event["event"] for event in lines(outcome.err)} == {"message"}
    assert greeks("batch", "nowhere.toml").err.startswith("greeks: nowhere.toml: ")


def test_a_terminal_shows_the_rate(book):
    # A bar appears after half a second: the run takes longer on any machine.
    shown = terminal_of("batch", book(trades(60)), "--processes", "1", "--paths", "600000")
    assert re.search(r"trades .*\d+ trades/s", shown)


def terminal_of(*arguments):
    """What a terminal receives on stderr."""
    master, slave = pty.openpty()
    environment = {**os.environ, "TERM": "xterm"}
    running = subprocess.Popen([*GREEKS, *arguments], stdout=subprocess.DEVNULL, stderr=slave, env=environment)
    os.close(slave)
    received = b""
    with suppress(OSError):  # raised when nobody writes any more
        while chunk := os.read(master, 65536):
            received += chunk
    os.close(master)
    assert running.wait() == 0
    return received.decode()


def test_dry_run_lists_trades_and_forecasts(greeks, book):
    outcome = greeks("batch", book(trades(3)), "--dry-run")
    assert outcome.code == 0
    assert [line.split("\t")[0] for line in outcome.out.splitlines()] == ["T0", "T1", "T2"]
    assert "3 trades, about" in outcome.err
    assert outcome.err.endswith(f"seconds with {available_cores()} threads\n")
    assert greeks("batch", book(trades(3)), "--dry-run", "--processes", "3").err.endswith(" with 3 processes\n")


def test_dry_run_lists_the_trades_beside_a_bad_one(greeks, book):
    outcome = greeks("batch", book(trades(2) + '[[trade]]\nid = "bad"\nstrike = -1\n'), "--dry-run")
    assert outcome.code == 3
    assert [line.split("\t")[0] for line in outcome.out.splitlines()] == ["T0", "T1"]
    assert "trade 'bad': strike: -1" in outcome.err


def test_lines_of_json_have_time_level_and_trade(greeks, book):
    rare = '[[trade]]\nid = "far"\nstrike = 300\nvol = 0.1\nexpiry = 0.1\nimportance = false\n'
    bad = '[[trade]]\nid = "bad"\nstrike = -1\n'
    events = lines(greeks("batch", book(trades(1) + rare + bad), "--log-format", "json", "--paths", "1000").err)
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", event["time"]) for event in events)
    assert all(event.keys() >= {"time", "level", "event", "trade"} for event in events)
    of_trade = {(event["event"], event["level"], event["trade"]) for event in events}
    assert {("message", "error", "bad"), ("progress", "error", "bad"), ("warning", "warning", "far")} <= of_trade
    assert ("progress", "info", "far") in of_trade
    assert events[-1]["trade"] is None
