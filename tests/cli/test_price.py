import csv
import io
import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from greeks_cli.report.text.table import Screen

ATM = ("price", "--strike", "100", "--vol", "0.1")
FAST = (*ATM, "--paths", "5000")
CONFIG = Path(__file__).parents[2] / "configs" / "atm_call.toml"

SECTIONS = ["contract", "market", "simulation", "estimates"]


def document(outcome):
    assert outcome.code == 0, outcome.err
    return json.loads(outcome.out)


def test_json_has_the_promised_keys(greeks):
    result = document(greeks(*FAST, "--format", "json"))
    assert list(result) == [
        "contract",
        "market",
        "simulation",
        "estimates",
        "paths",
        "shift",
        "elapsed_seconds",
        "version",
    ]
    assert [e["name"] for e in result["estimates"]] == ["price", "delta", "gamma", "vega", "theta", "rho"]
    for estimate in result["estimates"]:
        assert {"name", "value", "stderr", "low", "high", "exact", "unit"} <= set(estimate)
        assert estimate["low"] < estimate["value"] < estimate["high"]


def test_csv_has_the_columns_of_json(greeks):
    rows = list(csv.DictReader(io.StringIO(greeks(*FAST, "--format", "csv").out)))
    estimates = document(greeks(*FAST, "--format", "json"))["estimates"]
    assert [
        {key: "" if value is None else str(value) for key, value in estimate.items()} for estimate in estimates
    ] == rows


def test_table_restates_the_request_and_shows_every_greek(greeks):
    outcome = greeks(*FAST, "--greeks", "all", "--seed", "5")
    header, *lines = outcome.out.splitlines()
    for part in ("European call, strike 100", "spot 100", "vol 0.1", "rate 0.01", "5,000 paths", "seed 5"):
        assert part in header
    assert "ultima" in [line.split()[0] for line in lines if line.strip()]
    assert outcome.err == ""


def test_default_greeks_left_out_are_named(greeks):
    outcome = greeks(*FAST, "--smoothing", "none", "--format", "json")
    assert [e["name"] for e in document(outcome)["estimates"]] == ["price", "delta", "vega", "theta", "rho"]
    assert outcome.err.startswith("greeks: note: gamma is left out: refused with smoothing none")


def test_market_units_scale_every_number(greeks):
    raw = document(greeks(*FAST, "--format", "json", "--greeks", "volga,rho,charm"))["estimates"]
    market = document(greeks(*FAST, "--format", "json", "--greeks", "volga,rho,charm", "--units", "market"))[
        "estimates"
    ]
    for scale, one, other in zip((1, 1e-4, 1e-2, 1 / 365), raw, market, strict=True):
        for key in ("value", "stderr", "low", "high", "bias", "exact"):
            assert other[key] == pytest.approx(scale * one[key], rel=1e-12)
    assert [e["unit"] for e in market[1:]] == ["per (vol point)^2", "per 1% rate", "per spot per day"]


def test_config_is_read_and_flags_win(greeks):
    from_file = document(greeks("price", "--config", str(CONFIG), "--format", "json"))
    assert from_file["simulation"]["beta"] == 10
    assert from_file["simulation"]["steps"] == 99
    assert [e["name"] for e in from_file["estimates"]] == ["price", "delta", "gamma"]
    changed = document(greeks("price", "--config", str(CONFIG), "--vol", "0.3", "--paths", "4000", "--format", "json"))
    assert changed["market"]["vol"] == 0.3
    assert changed["simulation"]["paths"] == 4000


def test_environment_sets_options_and_flags_win(greeks, monkeypatch):
    monkeypatch.setenv("GREEKS_PRICE_VOL", "0.3")
    monkeypatch.setenv("GREEKS_PRICE_PATHS", "4000")
    assert document(greeks("price", "--strike", "100", "--format", "json"))["market"]["vol"] == 0.3
    assert document(greeks(*ATM, "--format", "json"))["market"]["vol"] == 0.1


def test_paths_may_be_written_with_exponents_and_underscores(greeks):
    for text in ("1e4", "10_000", "10000", "1.0e4"):
        assert document(greeks(*ATM, "--paths", text, "--format", "json"))["simulation"]["paths"] == 10_000


def test_threads_do_not_change_the_numbers(greeks):
    one = document(greeks(*ATM, "--format", "json", "--threads", "1"))["estimates"]
    assert document(greeks(*ATM, "--format", "json", "--threads", "3"))["estimates"] == one


BAD_INPUT = [
    (("--vol", "-1"), "--vol: -1: should be greater than or equal to"),
    (("--vol", "nan"), "--vol: nan: should be a finite number"),
    (("--spot", "inf"), "--spot: inf: should be a finite number"),
    (("--rate", "abc"), "--rate: abc: should be a valid number"),
    (("--exercise", "bermudan", "--exercise-times", "abc"), "--exercise-times: abc: should be a valid number"),
    (("--tol", "price=1e400"), "'price=1e400' is not a tolerance"),
    (("--paths", "0"), "--paths: 0: should be greater than or equal to 16"),
    (("--paths", "1.5"), "--paths: 1.5: should be a valid integer"),
    (("--expiry", "0"), "--expiry: 0: should be greater than 0"),
    (("--expiry", "1e-10"), "--expiry: 1e-10: a time after today is 1e-09 years or more"),
    (("--exercise", "bermudan", "--exercise-times", "1e-10,1"), "--exercise-times: 1e-10: a time after today"),
    (("--contract", "asian", "--fixing-times", "1e-10,1"), "--fixing-times: 1e-10: a time after today"),
    (("--dividends", "1e-10:2"), "its ex-date should be 1e-09 years from now or more"),
    (("--greeks", "gama"), "--greeks: unknown Greek 'gama'; did you mean 'gamma'?"),
    (("--greeks", "d(spot,foo)"), "--greeks: d(spot,foo): the european contract has no parameter 'foo'"),
    (("--greeks", "d(spot,spot,spot,spot,spot)"), "the highest order is 4"),
    (("--width", "1", "--beta", "1"), "width and beta exclude each other"),
    (("--width", "wide"), "--width: wide: should be a valid number"),
    (
        ("--smoothing", "none", "--greeks", "gamma"),
        "--greeks: gamma: refused with smoothing none, because the second derivative of max(x, 0)",
    ),
    (("--autodiff", "backward", "--greeks", "speed"), "--greeks: speed: autodiff backward reaches second order only"),
    (("--type", "cal"), "--type: 'cal' is not one of 'call', 'put'"),
    (("--threads", "0"), "--threads: 0 is not in the range"),
    (("--strik", "3"), "--strik: no such option; did you mean '--strike'?"),
    (("--config", "nowhere.toml"), "nowhere.toml: No such file or directory"),
    (("surplus",), "unexpected extra argument"),
]


@pytest.mark.parametrize(
    ("arguments", "message"), BAD_INPUT, ids=lambda value: " ".join(value) if isinstance(value, tuple) else ""
)
def test_bad_input_gets_one_line(greeks, arguments, message):
    outcome = greeks(*ATM, *arguments)
    assert outcome.code == 2
    assert outcome.out == ""
    assert len(outcome.err.splitlines()) == 1
    assert message in outcome.err


def test_all_mistakes_are_named_at_once(greeks):
    outcome = greeks("price", "--vol", "-1", "--spot", "0", "--greeks", "foo")
    places = [line.split(": ")[1] for line in outcome.err.splitlines()]
    assert sorted(places) == ["--greeks", "--spot", "--strike", "--vol"]


BAD_CONFIG = [
    (
        "[contract]\nstrkie = 100",
        "book.toml: [contract] strkie: unknown key, not an option of the european contract; did you mean 'strike'?",
    ),
    ("[market]\nrate = 'high'", "book.toml: [market] rate: high: should be a valid number"),
    ("[markt]\nvol = 0.1", "book.toml: markt: unknown section; did you mean 'market'?"),
    ("market = 3", "a table is wanted: write [market]"),
    ("[market\n", "book.toml: not valid TOML"),
    ("greeks = ['gama']", "book.toml: greeks: unknown Greek 'gama'"),
    ("greeks = 5", "book.toml: greeks:"),
    ("greeks = [5]", "book.toml: greeks:"),
]


@pytest.mark.parametrize(("text", "message"), BAD_CONFIG)
def test_bad_config_names_the_file_and_the_key(greeks, tmp_path, monkeypatch, text, message):
    monkeypatch.chdir(tmp_path)
    Path("book.toml").write_text(text)
    outcome = greeks(*ATM, "--config", "book.toml")
    assert outcome.code == 2
    assert message in outcome.err
    assert len(outcome.err.splitlines()) == 1


def test_a_bad_variable_is_named(greeks, monkeypatch):
    monkeypatch.setenv("GREEKS_PRICE_VOL", "high")
    assert "$GREEKS_PRICE_VOL: high: should be a valid number" in greeks("price", "--strike", "100").err


def test_a_non_finite_estimate_is_an_error(greeks):
    arguments = "--strike 100 --vol 0.2 --rate 1 --expiry 100 --greeks delta --dtype float32"
    outcome = greeks("price", *arguments.split())
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith("greeks: price: the estimate is")


def command(*arguments):
    return [sys.executable, "-m", "greeks_cli", *arguments]


def test_closed_stdout_writes_nothing_to_stderr():
    lines = " ".join(command(*FAST, "--greeks", "all"))
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"{lines} | head -1"], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == 1


def test_interrupt_exits_130_with_one_line():
    # A background job of a shell inherits SIGINT ignored, and so would the command.
    process = subprocess.Popen(
        command(*ATM, "--paths", "1e10"),
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        time.sleep(8)  # a slow machine has started by then
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    finally:
        process.kill()
    assert (process.returncode, err) == (130, "greeks: interrupted\n")


def on_terminal(columns, **environment):
    """Output of the command on a terminal of a given width."""
    master, slave = pty.openpty()
    done = subprocess.Popen(
        command(*FAST, "--quiet"),
        stdout=slave,
        stderr=slave,
        env={**os.environ, "COLUMNS": str(columns), "TERM": "xterm", **environment},
    )
    os.close(slave)
    received = b""
    while True:
        try:
            chunk = os.read(master, 65536)
        except OSError:
            break
        if not chunk:
            break
        received += chunk
    assert done.wait() == 0
    return received.decode()


def test_terminal_output_is_coloured_unless_no_color():
    assert "\x1b[36m" in on_terminal(120)
    assert "\x1b[36m" not in on_terminal(120, NO_COLOR="1")


@pytest.mark.parametrize("columns", [40, 60, 80])
def test_a_narrow_terminal_gets_whole_numbers_in_fewer_columns(columns):
    text = on_terminal(columns, NO_COLOR="1").replace("\x1b[1m", "").replace("\x1b[0m", "")
    assert "…" not in text
    assert max(len(line.rstrip()) for line in text.splitlines()) <= columns
    assert "left out for width" in text


@pytest.mark.parametrize(("name", "begins"), [("a.json", "{"), ("a.csv", "name,value"), ("a.txt", "European call")])
def test_out_takes_the_answer_in_the_format_of_its_extension(greeks, tmp_path, name, begins):
    outcome = greeks(*FAST, "-o", str(tmp_path / name))
    assert (outcome.code, outcome.out) == (0, "")
    assert (tmp_path / name).read_text().startswith(begins)


def test_a_table_in_a_file_has_neither_colour_nor_a_width(greeks, tmp_path, monkeypatch):
    monkeypatch.setattr("greeks_cli.cli.output.screen", lambda: Screen(40, colour=True))
    greeks(*FAST, "-o", str(tmp_path / "a.txt"))
    written = (tmp_path / "a.txt").read_text()
    assert "\x1b" not in written
    assert "estimator" in written
    assert "\x1b" in greeks(*FAST).out


def test_out_with_an_unknown_extension_is_refused(greeks, tmp_path):
    outcome = greeks(*FAST, "-o", str(tmp_path / "a.xls"))
    assert outcome.code == 2
    assert "its extension says no format; use one of .txt, .json, .csv, or --format" in outcome.err


def test_sobol_points_alone_are_a_power_of_two(greeks):
    found = document(greeks(*ATM, "--sampler", "sobol", "--format", "json"))
    assert (found["paths"], found["simulation"]["paths"]) == (131072, 131072)


def test_paths_that_are_stated_are_those_of_sobol_points(greeks, book):
    assert "wants a power of two" in greeks(*ATM, "--sampler", "sobol", "--paths", "100000").err
    path = book('{"strike": 100, "vol": 0.2, "paths": 4096}', "b.jsonl")
    assert document(greeks("batch", path, "--sampler", "sobol"))["paths"] == 4096
