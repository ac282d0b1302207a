import csv
import io
import itertools
import json
import os
import pty
import re
import resource
import signal
import subprocess
import sys
import time
import tomllib
from contextlib import suppress
from pathlib import Path

import pyarrow.parquet
import pytest

from greeks_cli.run.cores import available_cores
from greeks_cli.run.files import CannotWrite
from greeks_cli.terms.contracts import CONTRACTS

CONFIGS = Path(__file__).parents[2] / "configs"
GREEKS = [sys.executable, "-m", "greeks_cli"]
HEADER = "[market]\nspot = 100\nvol = 0.2\nrate = 0.01\n[simulation]\npaths = 2000\n"


@pytest.fixture
def book(tmp_path):
    """Write a book; returns its path as text."""

    def write(text, name="book.toml"):
        path = tmp_path / name
        path.write_text(text)
        return str(path)

    return write


def trades(count):
    return HEADER + "".join(f'[[trade]]\nid = "T{i}"\nstrike = {90 + i % 20}\n' for i in range(count))


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize("name", ["book.toml", "book.json", "book.csv", "book.jsonl", "sweep.toml"])
def test_every_config_is_priced(greeks, name):
    outcome = greeks("batch", str(CONFIGS / name), "--market", str(CONFIGS / "market.toml"), "--processes", "1")
    assert (outcome.code, outcome.err) == (0, "")
    records = lines(outcome.out)
    assert len(records) == {"sweep.toml": 15, "book.json": 2, "book.jsonl": 2}.get(name, 3)
    for record in records:
        assert record["status"] == "ok"
        assert record["simulation"]["paths"] == 20_000


def test_a_row_has_the_numbers_of_price(greeks, book):
    record = lines(greeks("batch", book(trades(1))).out)[0]
    priced = json.loads(greeks("price", "--strike", "90", "--vol", "0.2", "--paths", "2000", "--format", "json").out)
    assert set(record) == {*priced, "id", "status", "key"}
    for key in ("contract", "market", "simulation", "estimates", "version"):
        assert record[key] == priced[key]


def test_fields_of_a_trade_win_over_flags_and_flags_over_files(greeks, book):
    text = HEADER + '[[trade]]\nid = "own"\nstrike = 100\nvol = 0.5\n[[trade]]\nid = "shared"\nstrike = 100\n'
    own, shared = lines(greeks("batch", book(text), "--vol", "0.3").out)
    assert (own["market"]["vol"], shared["market"]["vol"]) == (0.5, 0.3)


def test_width_displaces_beta_from_file_trade_and_flag(greeks, book):
    text = HEADER + "beta = 10\n" + "[[trade]]\nstrike = 100\n[[trade]]\nstrike = 100\nwidth = 2\n"
    plain, own = lines(greeks("batch", book(text)).out)
    assert (plain["simulation"]["beta"], own["simulation"]["width"], own["simulation"]["beta"]) == (10, 2, None)
    flagged, own = lines(greeks("batch", book(text), "--width", "1").out)
    assert (flagged["simulation"]["width"], own["simulation"]["width"]) == (1, 2)


def test_greeks_flag_takes_parameters_of_the_contract(greeks, book):
    text = HEADER + '[[trade]]\nkind = "barrier"\nstrike = 100\nbarrier = 80\nbarrier_type = "down-out"\n'
    (record,) = lines(greeks("batch", book(text), "--greeks", "d(barrier)").out)
    assert [estimate["name"] for estimate in record["estimates"]] == ["price", "d(barrier)"]


def test_a_grid_multiplies_trades(greeks, book):
    text = HEADER + '[[trade]]\nid = "g"\nstrike = 100\ngrid = {vol = "0.1:0.3:3", expiry = [1, 2]}\n'
    records = lines(greeks("batch", book(text)).out)
    assert [record["id"] for record in records][:3] == [
        "g[vol=0.1,expiry=1]",
        "g[vol=0.1,expiry=2]",
        "g[vol=0.2,expiry=1]",
    ]
    assert [(r["market"]["vol"], r["contract"]["expiry"]) for r in records][-1] == (0.3, 2)


def test_invalid_trade_does_not_stop_the_book(greeks, book):
    text = trades(1) + '[[trade]]\nid = "typo"\nstrkie = 100\n[[trade]]\nid = "low"\nstrike = -5\nvol = -1\n'
    path = book(text)
    outcome = greeks("batch", path)
    assert outcome.code == 3
    assert [(r["id"], r["status"]) for r in lines(outcome.out)] == [("T0", "ok"), ("typo", "error"), ("low", "error")]
    assert lines(outcome.out)[1]["error"] == f"{path}:12: trade 'typo': strkie: unknown key; did you mean 'strike'?"
    said = [line for line in outcome.err.splitlines() if path in line]
    assert [line.split(": trade")[0] for line in said] == [f"greeks: {path}:{n}" for n in (12, 15, 16)]
    assert "greeks: 2 of 3 trades failed: typo, low" in outcome.err
    strict = greeks("batch", path, "--fail-fast")
    assert (strict.code, strict.out) == (2, "")


def test_trade_that_fails_while_running_has_an_error_row(greeks, book, tmp_path):
    text = HEADER + '[[trade]]\nid = "nan"\nkind = "formula"\npayoff = "log(S[-1] - 100)"\n' + trades(1)[len(HEADER) :]
    outcome = greeks("batch", book(text))
    assert outcome.code == 3
    failed, fine = lines(outcome.out)
    assert (failed["status"], fine["status"]) == ("error", "ok")
    assert failed["error"].startswith("price: the estimate is nan")
    assert "logarithm" in failed["error"]
    out = str(tmp_path / "out.jsonl")
    assert [greeks("batch", book(text), "-o", out).code for _ in range(2)] == [3, 3]
    stopped = greeks("batch", book(text), "--fail-fast")
    assert (stopped.code, len(lines(stopped.out))) == (3, 1)


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        ("[[trade]\n", "b.toml", "not valid TOML"),
        ("[markt]\nvol = 1\n", "b.toml", "markt: unknown section; did you mean 'market'?"),
        ("[market]\nvol = -1\n[[trade]]\nstrike = 1\n[[trade]]\nstrike = 2\n", "b.toml", "[market] vol: -1"),
        ("", "b.toml", "no trades"),
        ('{"strike": 1, "strike": 2}', "b.jsonl", "'strike' is there twice"),
        ("id,strike,strike\na,1,2\n", "b.csv", "b.csv:1: the column 'strike' is there twice"),
        ('{"id": "a\\nb", "strike": 1}', "b.jsonl", "an id is a word or a whole number"),
        (HEADER + '[grid]\nvol = "1:2:999999"\nspot = "1:2:999999"\n[[trade]]\nstrike = 1\n', "b.toml", "more than"),
        (HEADER + "[grid]\nvolume = [1, 2]\n[[trade]]\nstrike = 1\n", "b.toml", "[grid] volume: unknown key"),
        ("[", "b.json", "not valid JSON"),
        ('{"strike": NaN}', "b.jsonl", "NaN is not a number that JSON has"),
        ("7", "b.jsonl", "a trade is an object"),
        ("id,strike\n1,2,3\n", "b.csv", "more cells than columns"),
        ("x", "b.yaml", "its extension says no format"),
        (HEADER + '[grid]\nvol = "1:2"\n[[trade]]\nstrike = 1\n', "b.toml", "start:stop:count"),
        ('id,strike\n"a,100\nb,100\n', "b.csv", "b.csv:2: not valid CSV: unexpected end of data"),
        (HEADER + '[grid]\nspot = "1:2:1000000000"\n[[trade]]\nstrike = 1\n', "b.toml", "a count of at most 1,000,000"),
        ("[grid]\nvol = '1:2:999999'\nspot = '1:2:999999'\nrate = '1:2:999999'\n", "b.toml", "999,997,000,002,999,999"),
        ("vol = 1\n" + ".".join("a" * 1000) + " = 1", "b.toml", "b.toml:2: a key of 1,000 parts; at most 100"),
        ("x = {" + " . ".join(["'a.'"] * 101) + " = 1}", "b.toml", "b.toml:1: a key of 101 parts"),
        ("a" * 2000 + " = 1", "b.toml", "a key of 2,000 characters; at most 1,000"),
        ('x = "' + "a" * 100_000 + '"', "b.toml", "b.toml:1: a line of 100,006 characters; at most 100,000"),
        ("id,strike\n" + "a" * 100_001 + ",100\n", "b.csv", "b.csv:2: a line of 100,005 characters"),
        ('{"id": "' + "a" * 100_000, "b.jsonl", "b.jsonl:1: a line of 100,008 characters"),
        (HEADER + "[grid]\nspot = [100, 100]\n[[trade]]\nstrike = 1\n", "b.toml", "100 is there 2 times"),
    ],
)
def test_broken_file_is_reported_in_one_line(greeks, book, text, name, message):
    outcome = greeks("batch", book(text, name))
    assert (outcome.code, outcome.out) == (2, "")
    assert len(outcome.err.splitlines()) == 1
    assert message in outcome.err


@pytest.mark.parametrize(("command", "missing"), [("batch", "'FILE...'"), ("completion", "'{bash|zsh|fish}'")])
def test_a_missing_argument_is_named_in_one_line(greeks, command, missing):
    outcome = greeks(command)
    assert outcome.code == 2
    assert outcome.err.startswith(f"greeks: Missing argument {missing}.")
    assert outcome.err.count("\n") == 1


def test_a_bad_flag_is_named_as_a_flag(greeks, book):
    outcome = greeks("batch", book(trades(2)), "--vol", "-1")
    assert outcome.code == 2
    assert outcome.err.startswith("greeks: --vol: -1")


def test_formats_hold_the_same_numbers(greeks, book, tmp_path):
    path = book(trades(2) + '[[trade]]\nid = "bad"\nstrike = -1\n')
    records = lines(greeks("batch", path).out)
    long = list(csv.DictReader(io.StringIO(greeks("batch", path, "--format", "csv").out)))
    wide = list(csv.DictReader(io.StringIO(greeks("batch", path, "--format", "csv", "--wide").out)))
    table = greeks("batch", path, "--format", "table").out
    assert greeks("batch", path, "-o", str(tmp_path / "out.parquet")).code == 3
    typed = pyarrow.parquet.read_table(tmp_path / "out.parquet").to_pylist()
    assert [row["value"] for row in typed[:6]] == [e["value"] for e in records[0]["estimates"]]
    assert [(row["id"], row["value"]) for row in typed[-1:]] == [("bad", None)]
    assert [row["value"] for row in long if row["id"] == "T1"] == [str(e["value"]) for e in records[1]["estimates"]]
    assert wide[1]["gamma"] == str(records[1]["estimates"][2]["value"])
    assert (wide[2]["status"], long[-1]["status"]) == ("error", "error")
    assert "3 trades, 1 failed" in table
    assert "bad: " in table


def test_totals_are_sums_with_the_error_of_the_sum(greeks, book, tmp_path):
    other = '[[trade]]\nid = "asian"\nkind = "asian"\nstrike = 100\nfixings = 4\ngreeks = "delta"\n'
    path = book(trades(4))
    records = lines(greeks("batch", path, "--total").out)
    assert records[:-1] == lines(greeks("batch", path).out)
    total = {estimate["name"]: estimate for estimate in records[-1]["estimates"]}
    each = [{estimate["name"]: estimate for estimate in record["estimates"]} for record in records[:-1]]
    for name, estimate in total.items():
        assert estimate["value"] == pytest.approx(sum(one[name]["value"] for one in each), rel=1e-12)
        assert estimate["stderr"] <= sum(one[name]["stderr"] for one in each) * (1 + 1e-12)
    # Calls on the same paths go together: their error is nearly the sum of errors, far from the root of squares.
    assert total["price"]["stderr"] > 0.9 * sum(one["price"]["stderr"] for one in each)
    hedged = HEADER + "".join(f'[[trade]]\nid = "{kind}"\ntype = "{kind}"\nstrike = 100\n' for kind in ("call", "put"))
    straddle = HEADER + '[[trade]]\nkind = "straddle"\nstrike = 100\n'
    one, two = (
        lines(greeks("batch", book(text), "--total", "--greeks", "delta").out)[-1] for text in (hedged, straddle)
    )
    for a, b in zip(one["estimates"], two["estimates"], strict=True):
        assert (a["value"], a["stderr"]) == pytest.approx((b["value"], b["stderr"]), rel=1e-9)
    mixed = lines(greeks("batch", book(trades(2) + other), "--total", "--processes", "2").out)
    assert [estimate["name"] for estimate in mixed[-1]["estimates"]] == ["price", "delta"]
    out = str(tmp_path / "out.csv")
    assert greeks("batch", path, "-o", out, "--total").code == 0
    assert "finished already" in greeks("batch", path, "-o", out, "--total").err


def test_book_with_a_failed_trade_has_no_total(greeks, book):
    records = lines(greeks("batch", book(trades(1) + '[[trade]]\nid = "x"\nstrike = -1\n'), "--total").out)
    assert [(record["id"], record["status"]) for record in records] == [
        ("T0", "ok"),
        ("x", "error"),
        ("total", "no total"),
    ]
    for other in (("--tol", "price=1"), ("--fail-fast",)):
        assert greeks("batch", book(trades(1)), "--total", *other).code == 2


def test_corrected_trade_is_priced_when_the_book_is_resumed(greeks, book, tmp_path):
    out, row = tmp_path / "out.jsonl", '{"id": "x", "status": "error", "key": "before", "error": "typo"}\n'
    (tmp_path / "out.jsonl.partial").write_text(row)
    assert greeks("batch", book(HEADER + '[[trade]]\nid = "x"\nstrike = 100\n'), "-o", str(out)).code == 0
    assert [record["status"] for record in lines(out.read_text())] == ["ok"]


def test_processes_do_not_change_a_digit(greeks, book, tmp_path):
    path = book(trades(6))
    alone, together = tmp_path / "one.jsonl", tmp_path / "two.jsonl"
    greeks("batch", path, "-o", str(alone), "--processes", "1")
    greeks("batch", path, "-o", str(together), "--processes", "2")
    assert alone.read_bytes() == together.read_bytes()


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
        patched.setattr("greeks_cli.run.ledger.write_whole", full)
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


def usual_signals():
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def start(*arguments):
    return subprocess.Popen(
        [*GREEKS, "batch", *arguments],
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=usual_signals,
        start_new_session=True,
    )


def wait_for_rows(partial, rows):
    deadline = time.monotonic() + 60
    while not partial.exists() or partial.read_bytes().count(b"\n") < rows:
        assert time.monotonic() < deadline
        time.sleep(0.01)


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


def workers_of(running):
    """The processes that price for one that runs."""
    children = Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split()
    return [int(c) for c in children if b"spawn_main" in Path(f"/proc/{c}/cmdline").read_bytes()]


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


SLOW_FIRST = HEADER + '[[trade]]\nid = "slow"\nstrike = 100\npaths = 30000000\n' + trades(30)[len(HEADER) :]


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


def test_a_lost_worker_is_replaced_and_changes_nothing(greeks, book, tmp_path):
    path, out = book(trades(60)), tmp_path / "out.jsonl"
    running = start(path, "-o", str(out), "--paths", "50000", "--processes", "2")
    wait_for_rows(tmp_path / "out.jsonl.partial", 2)
    os.kill(workers_of(running)[0], signal.SIGKILL)
    _, said = running.communicate(timeout=60)
    assert (running.returncode, said) == (0, "")
    whole = greeks("batch", path, "--paths", "50000", "--processes", "1")
    assert out.read_text() == whole.out


def test_full_disk_is_one_line_and_keeps_finished_trades(book, tmp_path):
    path, out = book(trades(40)), tmp_path / "out.jsonl"
    limit = (resource.RLIMIT_FSIZE, (20_000, 20_000))
    full = subprocess.run(
        [*GREEKS, "batch", path, "-o", str(out)],
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(*limit),
    )
    assert full.returncode == 1
    assert full.stderr.count("\n") == 1
    assert "cannot write" in full.stderr
    assert "results finished are safe in" in full.stderr
    again = subprocess.run([*GREEKS, "batch", path, "-o", str(out)], capture_output=True, text=True)
    assert again.returncode == 0
    assert "going on after" in again.stderr
    assert [r["id"] for r in lines(out.read_text())] == [f"T{i}" for i in range(40)]


def test_missing_output_folder_is_one_line(greeks, book, tmp_path):
    outcome = greeks("batch", book(trades(1)), "-o", str(tmp_path / "nowhere" / "out.jsonl"))
    assert outcome.code == 1
    assert outcome.err.splitlines()[-1].startswith("greeks: cannot write ")


@pytest.mark.parametrize(
    ("out", "message"),
    [
        ("-", "where -o is left out"),
        ("", "is a folder"),
        (".", "is a folder"),
        ("book.toml", "and is read; give"),
    ],
)
def test_output_over_a_folder_or_a_book_is_refused(greeks, book, monkeypatch, tmp_path, out, message):
    monkeypatch.chdir(tmp_path)
    text = book(trades(1))
    outcome = greeks("batch", "book.toml", "-o", out, "--format", "csv", "--restart")
    assert outcome.code == 2
    assert message in outcome.err
    assert Path(text).read_text() == trades(1)


BESIDE = ["", ".partial", ".manifest.json", ".tmp", ".manifest.json.tmp"]


@pytest.mark.parametrize("link", [Path.symlink_to, Path.hardlink_to])
@pytest.mark.parametrize("read", ["book.toml", "market.toml"])
@pytest.mark.parametrize("end", BESIDE)
def test_no_written_file_is_one_that_is_read(greeks, book, tmp_path, link, read, end):
    paths = {name: book(text, name) for name, text in (("book.toml", trades(1)), ("market.toml", HEADER))}
    out = tmp_path / "out.jsonl"
    link(tmp_path / f"out.jsonl{end}", tmp_path / read)
    outcome = greeks("batch", paths["book.toml"], "--market", paths["market.toml"], "-o", str(out), "--restart")
    assert outcome.code == 2
    assert outcome.err.count("\n") == 1
    assert outcome.err.endswith("would be overwritten, and is read; give another name\n")
    assert (Path(paths["book.toml"]).read_text(), Path(paths["market.toml"]).read_text()) == (trades(1), HEADER)


@pytest.mark.parametrize("length", [300, 255, 240, 238])
def test_names_too_long_for_the_disk_are_told_at_the_start(greeks, book, tmp_path, length):
    out = tmp_path / ("o" * (length - 6) + ".jsonl")
    outcome = greeks("batch", book(trades(1)), "-o", str(out))
    assert (outcome.code, outcome.err.count("\n")) == (2, 1)
    assert "too long a name; give a shorter one" in outcome.err
    assert out.name in outcome.err
    assert os.listdir(tmp_path) == ["book.toml"]
    assert "File name too long; give the path of a book" in greeks("batch", "b" * 300 + ".csv").err


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
@pytest.mark.parametrize("end", BESIDE)
def test_written_files_are_regular(greeks, book, tmp_path, make, end):
    out = tmp_path / "out.jsonl"
    make(tmp_path / f"out.jsonl{end}")
    outcome = greeks("batch", book(trades(1)), "-o", str(out))
    assert outcome.code == 2
    assert outcome.err.count("\n") == 1
    assert "is a folder" in outcome.err or "is no regular file" in outcome.err


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
    path, out = book(trades(300)), tmp_path / "out.jsonl"
    running = start(path, "-o", str(out), "--paths", "200000", "--processes", "2")
    wait_for_rows(tmp_path / "out.jsonl.partial", 1)
    send(running.pid, signal_sent)
    _, said = running.communicate(timeout=30)  # stderr ends when the last process that has it ends
    assert running.returncode == code
    assert all(line.startswith("greeks: ") for line in said.splitlines())
    assert said.count("\n") <= 2


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
    shown = terminal_of("batch", book(trades(30)), "--processes", "1", "--paths", "50000")
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


def test_the_template_is_a_book(greeks, tmp_path):
    path = tmp_path / "new.toml"
    assert greeks("init", str(path)).code == 0
    assert greeks("init").out == path.read_text()
    assert "is there already" in greeks("init", str(path)).err
    records = lines(greeks("batch", str(path), "--paths", "2000").out)
    assert {record["contract"]["kind"] for record in records} == set(CONTRACTS)
    assert {record["status"] for record in records} == {"ok"}


def test_the_schema_knows_every_field_of_the_configs(greeks):
    schema = json.loads(greeks("schema").out)
    kinds = {one["title"]: one["properties"] for one in schema["properties"]["trade"]["items"]["anyOf"]}
    assert set(kinds) == set(CONTRACTS)
    book = tomllib.loads((CONFIGS / "book.toml").read_text())
    assert set(book) <= set(schema["properties"])
    for trade in book["trade"]:
        assert set(trade) <= set(kinds[trade.get("kind", "european")])


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("greeks ba", "batch"),
        ("greeks price --greeks delta,van", "delta,vanna"),
        ("greeks price --sampler s", "sobol"),
        ("greeks batch --for", "--format"),
        ("greeks explain va", "vanna"),
        ("greeks explain var", "variance-swap"),
        ("greeks graph --of ga", "gamma"),
        ("greeks price --tol ga", "gamma="),
        ("greeks profile --over sp", "spot="),
        ("greeks profile --over fi", "fixings="),
    ],
)
def test_shells_complete_commands_options_values_and_greeks(greeks, monkeypatch, words, expected):
    monkeypatch.setenv("_GREEKS_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - 1))
    assert f"plain,{expected}" in greeks().out.splitlines()


@pytest.mark.parametrize("words", ["greeks batch bo", "greeks report bo"])
def test_shells_complete_files(greeks, monkeypatch, words):
    monkeypatch.setenv("_GREEKS_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", "2")
    assert greeks().out == "file,bo\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_function_for_the_shell(greeks, shell):
    printed = greeks("completion", shell).out
    assert f"_GREEKS_COMPLETE={shell}_complete" in printed
    assert "_greeks_completion" in printed
