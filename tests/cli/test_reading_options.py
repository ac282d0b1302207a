"""Options for reading a book: a vendor's columns, and formats of input."""

import io
import json

import pytest

CHAIN_NAMES = (
    "Contract Name,Last Trade Date,Strike,Last Price,Bid,Ask,Change,% Change,Volume,Open Interest,Implied Volatility"
)


UNLIKE = "Last Trade Date,Last Price,Bid,Ask,Change,% Change,Volume,Open Interest"


def chain(count=59):
    """A vendor's option chain with invented numbers."""
    lines = ["# Calls for 2027-01-15, delayed", CHAIN_NAMES]
    for i in range(count):
        strike = f'"{800 + 10 * i:,}.00"'
        lines.append(f"XYZ{i:03},2026-06-01 3:59PM,{strike},14.1,13.9,14.3,-0.2,+1.8%,-,{i},{20 + i / 10:.2f}%")
    return "\n".join(lines) + "\n"


def test_vendors_chain_is_refused_with_one_line_that_names_each_unlike_column(greeks, tmp_path):
    (tmp_path / "chain.csv").write_text(chain())
    outcome = greeks("batch", str(tmp_path / "chain.csv"), "--paths", "2000")
    assert (outcome.code, outcome.out) == (2, "")
    problem, remedy = outcome.err.splitlines()
    assert problem.split("columns ")[1].split(": unknown")[0] == ", ".join(f"'{name}'" for name in UNLIKE.split(","))
    assert remedy == f"  leave them out with --ignore-columns '{UNLIKE}'"


CHAIN_FLAGS = (
    "--ignore-columns",
    UNLIKE.replace(",Last Price", ""),
    "--columns",
    "spot=Last Price",
    "--rate",
    "0.01",
    "--paths",
    "2000",
)


def test_vendors_chain_is_priced_with_a_flag_for_names_and_one_for_the_rest(greeks, tmp_path):
    (tmp_path / "chain.csv").write_text(chain())
    outcome = greeks("batch", str(tmp_path / "chain.csv"), *CHAIN_FLAGS)
    assert (outcome.code, outcome.err) == (0, "")
    rows = [json.loads(line) for line in outcome.out.splitlines()]
    assert len(rows) == 59
    market = {"spot": 14.1, "vol": 0.221, "rate": 0.01, "dividend_yield": 0.0}
    assert (rows[21]["id"], rows[21]["contract"]["strike"], rows[21]["market"]) == ("XYZ021", 1010, market)


def test_vendors_chain_is_reported_with_the_same_flags(greeks, tmp_path):
    (tmp_path / "chain.csv").write_text(chain(3))
    flags = (*CHAIN_FLAGS, "--no-profiles", "-o", str(tmp_path / "out.html"))
    assert greeks("report", str(tmp_path / "chain.csv"), *flags).code == 0
    assert "XYZ002" in (tmp_path / "out.html").read_text()


def test_reading_options_are_refused_for_results(greeks, tmp_path):
    (tmp_path / "b.csv").write_text("strike,vol\n100,20%\n")
    greeks("batch", str(tmp_path / "b.csv"), "--paths", "2000", "-o", str(tmp_path / "out.jsonl"))
    outcome = greeks("report", str(tmp_path / "out.jsonl"), "--columns", "strike=K")
    assert outcome.code == 2
    assert outcome.err.startswith("greeks: --columns: is for books that are priced first")


BOOKS = {
    "csv": "id;strike;vol\na;100;20%\n",
    "toml": '[[trade]]\nid = "a"\nstrike = 100\nvol = 0.2\n',
    "json": '[{"id": "a", "strike": 100, "vol": 0.2}]',
    "jsonl": '{"id": "a", "strike": 100, "vol": 0.2}\n',
}


@pytest.mark.parametrize("form", BOOKS)
@pytest.mark.parametrize("name", ["-", "book.txt"])
def test_input_format_reads_standard_input_and_other_extensions(greeks, tmp_path, monkeypatch, form, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "book.txt").write_text(BOOKS[form])
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(BOOKS[form].encode())))
    outcome = greeks("batch", name, "--paths", "2000", "--input-format", form)
    assert (outcome.code, json.loads(outcome.out)["market"]["vol"]) == (0, 0.2)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--input-format", "csv"), "--input-format: csv: is for standard input (-) and files whose extension says no"),
        (("--columns", "strike=K"), "--columns: is for CSV, and no file is CSV"),
        (("--ignore-columns", "K"), "--ignore-columns: is for CSV, and no file is CSV"),
    ],
)
def test_option_of_reading_that_no_file_uses_is_refused(greeks, tmp_path, flags, message):
    (tmp_path / "b.toml").write_text(BOOKS["toml"])
    outcome = greeks("batch", str(tmp_path / "b.toml"), *flags)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith(f"greeks: {message}")
