"""Books priced by ``greeks batch``: inheritance, grids, formats, totals and rejected trades."""

import csv
import io
import json

import pyarrow.parquet
import pytest

from tests.cli.batches import CONFIGS, HEADER, lines, trades


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


def test_processes_do_not_change_a_digit(greeks, book, tmp_path):
    path = book(trades(6))
    alone, together = tmp_path / "one.jsonl", tmp_path / "two.jsonl"
    greeks("batch", path, "-o", str(alone), "--processes", "1")
    greeks("batch", path, "-o", str(together), "--processes", "2")
    assert alone.read_bytes() == together.read_bytes()
