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
    assert [line.split(": ")[2] for line in said] == ["strke", "fixng", "fixings", "vol"]


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
