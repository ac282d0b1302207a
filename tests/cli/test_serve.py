"""The pipe that stays: lines in, lines out, each as soon as it is there."""

import json
import random
import signal
import subprocess
import sys

import pytest

from greeks_cli.book.records import Reading
from greeks_cli.engine.execution.traced import _kept as _kept_traces
from greeks_cli.inputs.source import Source
from greeks_cli.inputs.trades import Stream
from greeks_cli.run.books.serving import Served
from greeks_cli.run.price import _kept as _kept_executables
from greeks_cli.terms.units import Units
from tests.cli.batches import usual_signals

EXECUTORS = ("jit", "auto")

LINES = [
    '{"id": "a", "strike": 100, "vol": 0.2}',
    "",
    '{"strike": -1, "vol": 0.2}',
    "nonsense",
    '{"strike": 90, "vol": 0.3, "grid": {"spot": [90, 100]}}',
    '{"id": "b", "strike": 100, "market_price": 8.2}',
    '{"id": "d", "kind": "digital", "strike": 100, "vol": 0.2, "quantity": -3, "tags": {"desk": "x"}}',
]
PATHS = {"paths": 1000}
SHORT = ["--paths", "2000", "--greeks", "delta,gamma"]


@pytest.fixture
def serving():
    """A process that serves, whose pipes are open."""
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    command = [sys.executable, "-m", "greeks_cli", "serve", "--stdio", *SHORT]
    with subprocess.Popen(command, text=True, preexec_fn=usual_signals, **pipes) as process:
        yield process
        process.kill()


def ask(process, line):
    process.stdin.write(line + "\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())


def served(text, *arguments):
    command = [sys.executable, "-m", "greeks_cli", "serve", "--stdio", *SHORT, *arguments]
    done = subprocess.run(command, input=text, capture_output=True, check=False)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr.decode()


def test_answers_are_those_of_a_book_of_json_lines(greeks, book, executor):
    path, by = book("\n".join(LINES), "book.jsonl"), ("--executor", executor)
    rows = [json.loads(line) for line in greeks("batch", path, *SHORT, *by).out.splitlines()]
    code, answers, said = served("\n".join(LINES).encode(), *by)
    assert [row for row in answers if "error" not in row] == [row for row in rows if "error" not in row]
    where = [row["error"].replace("<stdin>", path) for row in answers if "error" in row]
    assert where == [row["error"] for row in rows if "error" in row]
    assert [row["status"] for row in answers] == ["ok", "error", "error", "ok", "ok", "ok", "ok"]
    assert (code, said) == (3, "greeks: 2 of 7 trades failed\n")


def test_an_answer_comes_before_the_next_line_is_read(serving):
    assert ask(serving, LINES[0])["id"] == "a"
    assert ask(serving, "nonsense")["status"] == "error"
    assert ask(serving, LINES[-1])["position"]["tags"] == {"desk": "x"}
    serving.stdin.close()
    assert (serving.wait(30), serving.stderr.read()) == (3, "greeks: 1 of 3 trades failed\n")


def test_ctrl_c_ends_it_in_one_line(serving):
    ask(serving, LINES[0])
    serving.send_signal(signal.SIGINT)
    assert (serving.wait(30), serving.stderr.read()) == (130, "greeks: interrupted\n")


def test_sigterm_ends_it_without_a_word(serving):
    ask(serving, LINES[0])
    serving.terminate()
    assert (serving.wait(30), serving.stderr.read()) == (128 + signal.SIGTERM, "")


def test_a_closed_reader_ends_it_without_a_word(serving):
    ask(serving, LINES[0])
    serving.stdout.close()
    serving.stdin.write((LINES[0] + "\n") * 3)
    serving.stdin.close()
    assert (serving.wait(30), serving.stderr.read()) == (0, "")


def test_no_lines_are_no_mistake():
    assert served(b"") == (0, [], "")


def test_the_last_line_needs_no_newline_and_the_first_may_have_a_mark():
    code, answers, _ = served(b"\xef\xbb\xbf" + LINES[0].encode())
    assert (code, [row["id"] for row in answers]) == (0, ["a"])


def test_bytes_that_are_no_text_are_an_error_row():
    code, answers, _ = served(b"\xff\xfe{}\n" + LINES[0].encode())
    assert (code, [row["status"] for row in answers]) == (3, ["error", "ok"])
    assert answers[0]["error"] == "<stdin>:1: not UTF-8, at byte 1"


def test_a_line_too_long_is_refused_before_it_ends(serving):
    serving.stdin.write('{"tags": "' + 400_100 * "x")
    serving.stdin.flush()
    error = json.loads(serving.stdout.readline())["error"]
    assert error == "<stdin>:1: a line of more than 400,002 bytes; at most 100,000 characters are read"
    serving.stdin.write(900_000 * "x" + '"}\n')
    assert ask(serving, LINES[0])["status"] == "ok"


HOSTILE = {
    "deep": (90_000 * "[", "nested too deeply"),
    "deep objects": (15_000 * '{"a":', "nested too deeply"),
    "long": ('{"id": "' + 100_000 * "x" + '"}', "a line of 100,010 characters; at most 100,000 are read"),
    "nan": ('{"strike": NaN, "vol": 0.2}', "not valid JSON: strike: NaN is not a number that JSON has"),
    "infinity": ('{"strike": 100, "vol": -Infinity}', "not valid JSON: vol: -Infinity is not a number that JSON has"),
    "huge": ('{"strike": 1e999, "vol": 0.2}', "trade '6': strike: inf: should be a finite number"),
    "digits": ('{"strike": ' + 5000 * "9" + "}", "not valid JSON: "),
    "twice": ('{"strike": 100, "vol": 0.2, "vol": 0.3}', "not valid JSON: 'vol' is there twice"),
    "no object": ("[1, 2]", 'a trade is an object, such as {"strike": 100, "vol": 0.2}'),
    "null": ("null", 'a trade is an object, such as {"strike": 100, "vol": 0.2}'),
    "zero byte": ('{"strike": 100, "vol": 0.2}\0', "not valid JSON: Extra data, at column 28"),
    "half a line": ('{"strike": 100, "vo', "not valid JSON: Unterminated string starting at, at column 17"),
}


def test_hostile_lines_have_an_error_row_each():
    code, answers, said = served("\n \n\t\r\n".join(line for line, _ in HOSTILE.values()).encode())
    assert (code, said) == (3, f"greeks: {len(HOSTILE)} of {len(HOSTILE)} trades failed\n")
    for answer, (_, problem) in zip(answers, HOSTILE.values(), strict=True):
        assert answer["status"] == "error"
        assert answer["error"].partition(": ")[2].startswith(problem)


def test_an_id_that_is_no_text_is_not_another_id():
    code, (answer,), _ = served(LINES[0].encode().replace(b'"a"', b'"a\xff"'))
    assert (code, answer["error"]) == (3, "<stdin>:1: not UTF-8, at byte 10")


@pytest.mark.auto
def test_an_executor_that_is_missing_is_an_error_row(monkeypatch):
    monkeypatch.setattr("greeks_cli.run.machine.executors.why_not", lambda: "needs llvmlite")
    lines = [json.dumps({"strike": 100, "vol": 0.2, "paths": 1000, "executor": name}).encode() for name in EXECUTORS]
    served_here = Served(Stream(None, Source(), Reading()).trades, Units.RAW, 1)
    wrong, right = served_here.rows(lines)
    assert (wrong["error"], right["status"]) == ("executor: jit: needs llvmlite, or use executor numpy", "ok")


def test_settings_of_all_and_units(tmp_path):
    (tmp_path / "market.toml").write_text("[underlying.X]\nspot = 50\nvol = 0.3\n")
    line = b'{"underlying": "X", "strike": 50}\n'
    _, (answer,), _ = served(line, "--market", str(tmp_path / "market.toml"), "--units", "market", "--greeks", "vega")
    assert answer["market"]["spot"] == 50
    assert answer["estimates"][1]["unit"] == "per vol point"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["serve"], "greeks: --stdio: required"),
        (["serve", "--stdio", "--paths", "3"], "greeks: --paths: 3: should be greater than or equal to 16"),
        (["serve", "--stdio", "--market", "nothing.toml"], "greeks: nothing.toml: No such file"),
    ],
    ids=str,
)
def test_wrong_settings_are_refused_before_the_first_line(greeks, arguments, said):
    outcome = greeks(*arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith(said)


def test_answers_do_not_depend_on_earlier_lines():
    draw = random.Random(3)
    fields = {
        "kind": ["european", "european", "digital"],
        "type": ["call", "put"],
        "strike": [90, 100, 105.5],
        "vol": [0.2, 0.35],
        "spot": [100, 95.3],
        "rate": [0, 0.03],
        "expiry": [0.25, 1, 2],
        "control": [False, False, True],
    }
    lines = [json.dumps({name: draw.choice(own) for name, own in fields.items()} | PATHS).encode() for _ in range(14)]
    served_here = Served(Stream(None, Source(), Reading()).trades, Units.RAW, 1)
    together = [(row["key"], row["estimates"]) for row in served_here.rows(lines)]
    alone = []
    for line in lines[::-1]:
        for kept in (_kept_traces, _kept_executables):
            kept.cache_clear()
        (row,) = Served(Stream(None, Source(), Reading()).trades, Units.RAW, 1).rows([line])
        alone.append((row["key"], row["estimates"]))
    assert together == alone[::-1]
