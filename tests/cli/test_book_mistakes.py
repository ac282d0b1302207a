"""Mistakes in books: all are reported at once, each with its place, and valid trades are priced."""

import json
import os

import pytest

MARKET = "[market]\nvol = 0.2\n[simulation]\npaths = 2000\n"


@pytest.fixture
def priced(greeks, tmp_path, monkeypatch):
    """Price a book of this text; returns the exit code, the status of every row by its id, and the messages."""

    def price(text, name, *arguments):
        monkeypatch.chdir(tmp_path)
        (tmp_path / name).write_text(text)
        outcome = greeks("batch", name, "--paths", "2000", "--spot", "100", "--rate", "0.01", *arguments)
        rows = [json.loads(line) for line in outcome.out.splitlines()]
        said = [line.removeprefix("greeks: ") for line in outcome.err.splitlines() if "trades failed" not in line]
        return outcome.code, {row["id"]: row["status"] for row in rows}, said

    return price


def test_lines_without_valid_json_are_error_rows(priced):
    text = '{"id": "a", "strike": 100, "vol": 0.2}\n{"id": "b",\n7\n{"id": "c", "strike": -1, "vol": 0.2}\n'
    code, rows, said = priced(text, "b.jsonl")
    assert code == 3
    assert rows == {"a": "ok", "b.jsonl:2 (#2)": "error", "b.jsonl:3 (#3)": "error", "c": "error"}
    assert [line.split(": ")[0] for line in said] == ["b.jsonl:2", "b.jsonl:3", "b.jsonl:4"]
    assert "at column 12" in said[0]


def test_row_with_too_many_cells_does_not_stop_other_rows(priced):
    code, rows, said = priced("id,strike,vol\na,100,0.2\nb,100,0.2,7\n", "b.csv")
    assert (code, rows) == (3, {"a": "ok", "b.csv:3 (#2)": "error"})
    assert said == ["b.csv:3: more cells than columns in the header"]


def test_greeks_in_a_cell_may_be_separated_by_semicolons(priced):
    code, rows, _ = priced("id,strike,vol,greeks\na,100,0.2,delta;gamma\n", "b.csv")
    assert (code, rows) == (0, {"a": "ok"})


def test_trades_of_one_id_are_error_rows_with_all_mistakes(priced):
    text = MARKET + "".join(f'[[trade]]\nid = "{name}"\nstrike = {k}\n' for name, k in (("a", 1), ("b", 2), ("a", -3)))
    code, rows, said = priced(text, "b.toml")
    assert (code, rows) == (3, {"b.toml:5 (#1)": "error", "b": "ok", "b.toml:11 (#3)": "error"})
    twice = "id: a: several trades have this id; give each its own, for it is the name of its result"
    assert said[:2] == [f"b.toml:6: {twice}", f"b.toml:12: {twice}"]
    assert said[2].startswith("b.toml:13: trade 'a': strike: -3: ")


def test_bad_id_and_bad_grid_do_not_stop_other_trades(priced):
    bad = '[[trade]]\nid = ""\nstrike = 1\n[[trade]]\nstrike = 1\ngrid = {vol = "1:2", volume = [1], spot = [1, 1]}\n'
    code, rows, said = priced(MARKET + bad + "[[trade]]\nid = 7\nstrike = 100\n", "b.toml")
    assert (code, rows) == (3, {"b.toml:5 (#1)": "error", "b.toml:8 (#2)": "error", "7": "ok"})
    places = ["b.toml:6: id", "b.toml:10: [grid] vol", "b.toml:10: [grid] volume", "b.toml:10: [grid] spot"]
    assert [line[: len(place)] for line, place in zip(said, places, strict=True)] == places


def test_misspelt_field_hides_no_other_mistake_of_the_trade(priced):
    _, _, said = priced('{"id": "k", "strke": 1, "vol": -1, "kind": "asian", "fixng": -3}\n', "b.jsonl")
    assert [line.split(": ")[2] for line in said] == ["strke", "fixng", "vol"]


def test_wrong_settings_hide_neither_trades_nor_other_files(priced, tmp_path):
    (tmp_path / "market.toml").write_text("[market]\nspot = -1\n")
    text = (
        'greeks = "gama"\n[market]\nvol = -1\n\n[[trade]]\nid = "a"\nstrike = -1\n[[trade]]\nstrike = 100\nvol = -2\n'
    )
    code, rows, said = priced(text, "b.toml", "nowhere.toml", "--market", "market.toml", "--rate", "x")
    assert (code, rows) == (2, {})
    assert sorted(line[:24] for line in said) == sorted(
        line[:24]
        for line in (
            "--rate: x: should be a valid",
            "nowhere.toml: No such file",
            "market.toml:2: [market] spot",
            "b.toml:1: [greeks]: unknown Greek",
            "b.toml:3: [market] vol: -1",
            "b.toml:7: trade 'a': strike: -1",
            "b.toml:10: trade '2': vol: -2",
        )
    )


@pytest.mark.parametrize("trades", ['{"trade": [\n%s\n]}', "[\n%s\n]"])
def test_trades_in_json_are_found_by_line(priced, trades):
    one = '{"id": "%s", "greeks": ["delta"],\n "grid": {"spot": [100]},\n "strike": %s, "vol": 0.2}'
    code, _, said = priced(trades % ",\n".join([one % ("a", 100), one % ("b{", -1)]), "b.json")
    assert code == 3
    assert [line.split(": trade")[0] for line in said] == ["b.json:7"]


def test_settings_in_json_are_found_by_line(priced):
    code, _, said = priced('{"market":\n {"spot": 100,\n  "vol": -1},\n "trade": [{"strike": 100}]}', "b.json")
    assert code == 2
    assert [line.split(": -1")[0] for line in said] == ["b.json:3: [market] vol"]


def test_named_pipe_is_refused_without_waiting(greeks, tmp_path):
    os.mkfifo(tmp_path / "b.jsonl")
    outcome = greeks("batch", str(tmp_path / "b.jsonl"))
    assert outcome.code == 2
    assert "is a pipe; give it as - from standard input" in outcome.err


def test_control_characters_are_shown_as_escapes(priced, greeks, tmp_path):
    text = '{"id": "g", "strike": 100, "vol": 0.2, "grid": {"type": ["call", "\\u001b[31m"]}}\n{"id"\n'
    code, rows, said = priced(text, "b\x1b[2J.jsonl")
    assert code == 3
    assert list(rows) == ["g[type=call]", r"g[type=\x1b[31m]", r"b\x1b[2J.jsonl:2 (#2)"]
    assert all(line.isprintable() for line in said)
    for wrong in (("batch", "b.jsonl", "--processes", "\x1b[31m"), ("\x1b[31m",), ("price", "--\x1b[31m")):
        outcome = greeks(*wrong)
        assert (outcome.code, outcome.err.count("\n")) == (2, 1)
        assert outcome.err.rstrip("\n").isprintable()


def test_mistakes_of_one_trade_or_section_are_few_and_short(priced):
    keys = "".join(f"k{i} = 1\n" for i in range(1000))
    _, _, said = priced(MARKET + "[[trade]]\nstrike = 100\n" + keys, "trade.toml")
    assert len(said) == 20
    assert said[-1].endswith("; and 980 more mistakes here")
    _, _, said = priced(f"[market]\n{keys}[[trade]]\nstrike = 100\n", "section.toml")
    assert len([line for line in said if "[market]" in line]) == 20
    _, _, said = priced(json.dumps({"strike": 1, "vol": 0.2, "k" * 40_000: 1, "greeks": "g" * 40_000}), "b.jsonl")
    assert len(said) == 2
    assert max(map(len, said)) < 2500


@pytest.mark.parametrize(
    ("trade", "problems"),
    [
        ('"contract": "asian", "vol": 0.2', ["contract: unknown key; did you mean 'kind'?"]),
        ('"with": 3, "beta": 2, "vol": 0.2', ["with: unknown key; did you mean 'width'?"]),
        ('"stike": -1, "vol": 0.2', ["stike: unknown key; did you mean 'strike'?"]),
        ('"Sigma": "x"', ["Sigma: unknown key; did you mean 'vol'?"]),
        ('"grks": "delat", "vol": 0.2', ["grks: unknown key; did you mean 'greeks'?"]),
    ],
)
def test_no_mistake_names_a_key_that_the_file_does_not_have(priced, trade, problems):
    strike = "" if "stike" in trade else '"strike": 100, '
    _, _, said = priced("{" + strike + trade + "}\n", "b.jsonl")
    assert said == [f"b.jsonl:1: trade '1': {problem}" for problem in problems]


FLAWED = """"trade": [
 {"id": "a", "strike": 100},
 {"id": "b", "strike": 100,
  "vol": NaN},
 {"id": "c", "strike": 100,
  "strike": 101},
 {"id": "d", "strike": 100, "grid": {"vol": [0.1, -Infinity]}}
]}"""
FLAWS = [
    "b.json:4: not valid JSON: vol: NaN is not a number that JSON has",
    "b.json:6: not valid JSON: 'strike' is there twice",
    "b.json:7: not valid JSON: grid: vol: -Infinity is not a number that JSON has",
]


@pytest.mark.parametrize("text", ['{"market": {"vol": 0.2}, ' + FLAWED, FLAWED.removeprefix('"trade": ')[:-1]])
def test_flaw_of_json_loses_its_trade_alone(priced, text):
    code, rows, said = priced(text, "b.json", "--vol", "0.3")
    assert code == 3
    assert rows == {"a": "ok", "b.json:4 (#2)": "error", "b.json:6 (#3)": "error", "b.json:7 (#4)": "error"}
    assert said == FLAWS


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        ('{"market": {"vol": NaN}, "trade": [{"strike": 100}]}', "market: vol: NaN is not a number that JSON has"),
        ('{"market": {"vol": 1, "vol": 2}, "trade": [{"strike": 100}]}', "market: 'vol' is there twice"),
        ('{"trade": [{"strike": 100}], "trade": [{"strike": 90}]}', "'trade' is there twice"),
    ],
)
def test_flaw_of_json_outside_trades_is_one_of_the_file(priced, text, flaw):
    assert priced(text, "b.json", "--rate", "0") == (2, {}, [f"b.json: not valid JSON: {flaw}"])


@pytest.mark.parametrize(
    ("text", "name", "place"),
    [
        ("id,strike,vol\na,\u0661\u0660\u0660,0.2\n", "b.csv", "b.csv:2: trade 'a': strike: \u0661\u0660\u0660"),
        (
            "id,strike,vol,paths\na,100,0.2,\uff11\uff10\uff10\uff10\n",
            "b.csv",
            "b.csv:2: trade 'a': paths: \uff11\uff10\uff10\uff10",
        ),
        (
            '{"strike": "\uff11\uff10\uff10", "vol": 0.2}\n',
            "b.jsonl",
            "b.jsonl:1: trade '1': strike: \uff11\uff10\uff10",
        ),
        (
            '[[trade]]\nstrike = 100\nvol = 0.2\npaths = "\uff11\uff10\uff10\uff10"\n',
            "b.toml",
            "b.toml:4: trade '1': paths: \uff11\uff10\uff10\uff10",
        ),
        (
            '[grid]\nspot = "\u0660:\u0661:\u0662"\n[[trade]]\nstrike = 100\nvol = 0.2\n',
            "b.toml",
            "b.toml:2: [grid] spot: \u0660:\u0661:\u0662",
        ),
    ],
)
def test_digits_of_other_scripts_are_refused_in_files(priced, text, name, place):
    _, rows, said = priced(text, name)
    assert [line[: len(place)] for line in said] == [place]
    assert "ok" not in rows.values()


@pytest.mark.parametrize(
    "flags",
    [
        ("--strike", "\uff11\uff10\uff10"),
        ("--strike", "100", "--paths", "\u0661\u0660\u0660\u0660"),
        ("--strike", "100", "--threads", "\uff12"),
        ("--strike", "100", "--max-seconds", "\uff12", "--tol", "price=1"),
        ("--strike", "100", "--tol", "price=1e-\u0662"),
    ],
)
def test_digits_of_other_scripts_are_refused_in_flags(greeks, flags):
    outcome = greeks("price", "--vol", "0.2", *flags)
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (2, "", 1)


def test_a_mistake_that_trades_share_is_told_once(greeks, book):
    lines = '{"strik": 100, "vol": 0.2}\n' * 30 + '{"strik": 100, "vol": -1}\n{"strike": 90, "vol": -2}\n'
    outcome = greeks("batch", path := book(lines, "book.jsonl"), "--quiet")
    told = outcome.err.splitlines()
    assert told[0] == f"greeks: {path}:1: trade '1': strik: unknown key; did you mean 'strike'?; and in 30 more trades"
    assert told[1].startswith(f"greeks: {path}:31: trade '31': vol: -1: should be")
    assert told[1].endswith("; and in 1 more trade")
    assert len(told) == 3
    rows = [json.loads(line) for line in outcome.out.splitlines()]
    assert [row["error"].partition(": ")[0] for row in rows] == [f"{path}:{line}" for line in range(1, 33)]


def test_what_follows_from_a_misspelt_setting_is_not_told(greeks, book):
    outcome = greeks("batch", path := book("[market]\nvool = 0.2\n[[trade]]\nstrike = 100\n[[trade]]\nstrike = 90\n"))
    wrong = "[market] vool: unknown key, not an option of [market]; did you mean 'vol'?"
    assert outcome.err == f"greeks: {path}:2: {wrong}\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id,strik,vol\na,100,0.2\nb,90,0.2\n", "column 'strik': unknown; did you mean 'strike'?"),
        ("a,100,0.2\nb,90,0.2\n", "columns 'a', '100', '0.2': unknown; write the names of columns in the first line, "),
        ("strike,vol,Foo,Strik\n9,1,2,3\n", "columns 'Foo', 'Strik' (did you mean 'strike'?): unknown; name their fie"),
        (
            "strik,expry\n9,1\n",
            "columns 'strik' (did you mean 'strike'?), 'expry' (did you mean 'expiry'?): unknown",
        ),
    ],
)
def test_a_wrong_header_is_one_error(greeks, book, text, said):
    outcome = greeks("batch", path := book(text, "book.csv"))
    assert outcome.err.startswith(f"greeks: {path}:1: {said}")
    assert outcome.err.count("\n") == 1
    assert (outcome.code, outcome.out) == (2, "")
