"""CSV as people have it: separators, names of columns, numbers and words."""

import csv
import io
import json

import pytest

from greeks_cli.book.text.columns import parse_columns
from greeks_cli.book.text.csv_files import csv_trades
from greeks_cli.book.text.table import table_of
from greeks_cli.terms.errors import InvalidInput


def fields(text, columns="", ignored=""):
    """The fields of every trade in a CSV text."""
    trades = csv_trades(table_of(text, "b.csv"), parse_columns(columns, ignored))
    assert not [trade.problem for trade in trades if trade.problem]
    return [trade.fields for trade in trades]


def refusal(text, columns="", ignored=""):
    """The message of the one problem that refuses a CSV text."""
    with pytest.raises(InvalidInput) as error:
        csv_trades(table_of(text, "b.csv"), parse_columns(columns, ignored))
    (problem,) = error.value.problems
    return problem.line(str(problem.path[0]))


def column(name, *cells, separator=";"):
    """The values of a column, beside one of ids."""
    return [one[name.lower()] for one in fields(table(name, *cells, separator=separator))]


def table(name, *cells, separator=";"):
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator)
    writer.writerows([("id", name), *((f"t{i}", cell) for i, cell in enumerate(cells))])
    return out.getvalue()


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_separator_is_found_in_the_header(separator):
    assert fields(separator.join(["id", '"Strike"', "vol"]) + "\n" + separator.join(["a", '"1"', "0.2"])) == [
        {"id": "a", "strike": "1", "vol": "0.2"}
    ]


def test_separators_within_quotes_are_text():
    assert fields('id,strike,"Option;;;Type"\na,1,put\n', "type=Option;;;Type")[0]["type"] == "put"


def test_blanks_may_stand_before_quotes():
    assert fields('id, "strike"\na, "1,000"\n') == [{"id": "a", "strike": "1000"}]


def test_blank_rows_and_comments_are_skipped_and_lines_counted():
    text = '\n# title; not a header\n\ufeffid;strike\n\na;1\n;\n#b;2\n  # c\n"#d";3\n'
    trades = csv_trades(table_of(text, "b.csv"), parse_columns("", ""))
    assert [(trade.line, trade.fields["id"]) for trade in trades] == [(5, "a"), (9, "#d")]


@pytest.mark.parametrize("text", ["", "\n", "# nothing\n", "id,strike\n", ",\n,\n"])
def test_table_without_rows_has_no_trades(text):
    assert fields(text) == []


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("Strike", "strike"),
        ("ID", "id"),
        (" Option Type ", "type"),
        ("option-type", "type"),
        ("call/put", "type"),
        ("BARRIER TYPE", "barrier_type"),
        ("contract", "kind"),
        ("maturity", "expiry"),
        ("sigma", "vol"),
        ("Implied Volatility", "vol"),
        ("volatility", "vol"),
        ("S0", "spot"),
        ("K", "strike"),
        ("T", "expiry"),
        ("r", "rate"),
        ("q", "dividend_yield"),
        ("symbol", "id"),
        ("Contract Name", "id"),
    ],
)
def test_column_names_are_read_in_any_case_and_by_synonyms(name, field):
    assert list(fields(f"{name}\n0.4\n")[0]) == [field]


def test_columns_of_one_field_are_refused_together():
    message = "the columns 'Strike' and 'K' all mean strike; keep one, and leave out the others with --ignore-columns"
    assert refusal("Strike,K,vol\n1,1,0.2\n") == f"b.csv:1: {message}"
    assert fields("Strike,K,vol\n1,2,0.2\n", ignored="K") == [{"strike": "1", "vol": "0.2"}]


def test_column_without_a_name_is_named_by_its_place_where_it_has_values():
    assert "column 'column 1': unknown" in refusal(",strike\n,1\n0,2\n")
    assert fields(",strike\n0,1\n1,2\n", ignored="column 1") == [{"strike": "1"}, {"strike": "2"}]
    assert fields("strike,\n1,\n2\n") == [{"strike": "1"}, {"strike": "2"}]


def test_misspelt_column_is_named_once():
    assert refusal("strkie,vol\n" + "1,0.2\n" * 50) == "b.csv:1: column 'strkie': unknown; did you mean 'strike'?"


def test_columns_flag_names_a_column_exactly_or_nearly():
    text = "Last,last trade,rate\n1,2,30%\n"
    assert fields(text, "strike=LAST-TRADE,vol=rate", "Last") == [{"strike": "2", "vol": "0.30"}]


@pytest.mark.parametrize(
    ("columns", "ignored", "message"),
    [
        ("strike=Lst", "Last", "--columns: Lst: b.csv has no such column; did you mean 'Last'?"),
        ("strike=Last", "Vlum", "--ignore-columns: Vlum: b.csv has no such column; choose from Last, vol"),
        ("srike=Last", "", "--columns: srike: no field of a trade; did you mean 'strike'?"),
        ("strike", "", "--columns: strike: write FIELD=COLUMN, such as strike=Strike"),
        ("strike=Last,strike=vol", "", "--columns: strike: this field is there twice; give it one column"),
        ('strike="', "", None),
    ],
)
def test_columns_flag_names_its_mistakes(columns, ignored, message):
    assert message is None or refusal("Last,vol\n1,0.2\n", columns, ignored) == message
    with pytest.raises(InvalidInput):
        fields("Last,vol\n1,0.2\n", columns, ignored)


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["1.000,5", "990"], ["1000.5", "990"]),
        (["1,000.5", "990"], ["1000.5", "990"]),
        (["1,234", "0,5"], ["1.234", "0.5"]),
        (["1,234", "1,234,567"], ["1234", "1234567"]),
        (["1.234", "12,5"], ["1234", "12.5"]),
        (["1 234,5", "1'000", "-1\u202f000,25"], ["1234.5", "1000", "-1000.25"]),
        (["$100", "$ 1,000.50"], ["100", "1000.50"]),
        (["EUR 100", "90 EUR"], ["100", "90"]),
        (["1,5e2", "\u22123,5"], ["1.5e2", "-3.5"]),
    ],
)
def test_numbers_are_read_as_people_write_them(cells, values):
    assert column("Strike", *cells) == values


def test_thousands_are_read_in_quotes_where_commas_separate():
    assert column("strike", "1,000.5", "1,234", "7", separator=",") == ["1000.5", "1234", "7"]


@pytest.mark.parametrize(
    ("field", "cells", "values"),
    [
        ("vol", ["20%", "5bp", "0"], ["0.20", "0.0005", "0"]),
        ("rate", ["-25 bps", "1,5%"], ["-0.0025", "0.015"]),
        ("moneyness", ["95%"], ["0.95"]),
        ("vol", ["0.2", "1.5"], ["0.2", "1.5"]),
    ],
)
def test_per_cent_and_basis_points_are_fractions(field, cells, values):
    assert column(field, *cells) == values


def test_sign_in_the_name_of_a_column_holds_for_its_numbers():
    assert fields("Vol (%),rate bp,K\n20,50,1\n30%,25,1\n") == [
        {"vol": "0.20", "rate": "0.0050", "strike": "1"},
        {"vol": "0.30", "rate": "0.0025", "strike": "1"},
    ]


@pytest.mark.parametrize(
    ("field", "cells", "message"),
    [
        ("strike", ["100", "1,234"], "'1,234' in line 3 is 1.234 or 1234, and no other cell tells which"),
        ("strike", ["1.234"], "'1.234' in line 2 is 1234 or 1.234, and no other cell tells which"),
        ("strike", ["1,5", "1.5"], "'1.5' in line 3 has a decimal point and '1,5' in line 2 a decimal comma"),
        ("strike", ["5%"], "'5%' in line 2 is for fractions such as vol, and strike is none"),
        ("strike", ["$1", "€2"], "'$1' in line 2 and '€2' in line 3 are of two currencies"),
        ("vol", ["$1"], "'$1' in line 2 is an amount of money, and vol is none"),
        ("vol", ["20%", "0.2"], "'20%' in line 2 has a sign, and '0.2' in line 3 has none"),
        ("vol", ["0.2", "20"], "'20' in line 3 looks like per cent, and '0.2' in line 2 like a fraction"),
        ("vol", ["20", "30"], "'20' in line 2 looks like per cent; write the column with % signs"),
        ("rate", ["2", "3"], "'2' in line 2 looks like per cent; write the column with % signs"),
        ("vol %", ["0.2", "0.3"], "'0.2' in line 2 is less than 1% by the column's name"),
        ("expiry", ["soon", "x"], "no cell can be read, 'soon' in line 2 for one; wanted: time to expiry"),
        ("type", ["x", "y"], "no cell can be read, 'x' in line 2 for one; wanted: call, put"),
        ("kind", ["asian", "Call"], "'Call' in line 3 is a type and no kind; give --columns 'type=kind'"),
        ("kind", ["AAPL", "MSFT"], "no cell can be read, 'AAPL' in line 2 for one; wanted: european, digital"),
    ],
)
def test_column_of_two_meanings_is_refused_in_one_line(field, cells, message):
    cells = [*cells, *cells[-1:] * 50]
    assert refusal(table(field, *cells)).startswith(f"b.csv:1: column '{field}': {message}")


def test_decimal_comma_between_commas_is_refused_in_one_line():
    assert "'1,5' in line 2 has a decimal comma" in refusal(table("strike", "1,5", "2", separator=","))
    assert "2 columns, and 3 cells in line 2" in refusal("id,strike\na,1,5\nb,2,5\n")


def test_symbol_that_names_several_trades_is_refused_in_one_line():
    assert "'SPX' in line 3 is there before" in refusal("Symbol,strike\nSPX,1\nSPX,2\nSPX,3\n")


@pytest.mark.parametrize(
    ("field", "cells", "values"),
    [
        ("type", ["Call", "CALL", "C", "P", "put"], ["call", "call", "call", "put", "put"]),
        ("barrier_type", ["down-and-out", "DO", "Down & Out", "UI", "up-out"], [*["down-out"] * 3, "up-in", "up-out"]),
        ("kind", ["vanilla", "Call Spread", "VARIANCE_SWAP", "warrant"], ["european", "call-spread", "variance-swap"]),
        ("average", ["Geometric"], ["geometric"]),
        ("monitoring", ["Continuous", "12"], ["continuous", "12"]),
        ("width", ["AUTO", "0,5"], ["auto", "0.5"]),
    ],
)
def test_words_are_read_in_any_case_and_by_synonyms(field, cells, values):
    assert column(field, *cells)[: len(values)] == values


@pytest.mark.parametrize("word", ["yes", "No", "TRUE", "false", "1", "0"])
def test_booleans_are_read_as_words_and_digits(greeks, tmp_path, word):
    (tmp_path / "b.csv").write_text(f"id,strike,vol,antithetic\na,100,20%,{word}\n")
    outcome = greeks("batch", str(tmp_path / "b.csv"), "--paths", "2000")
    assert json.loads(outcome.out)["simulation"]["antithetic"] == (word in ("yes", "TRUE", "1"))


def test_wide_and_long_headers_are_refused_soon(greeks, tmp_path):
    for header in (
        ",".join(f"c{i}" for i in range(15_000)),
        "vol" + " " * 90_000 + "x",
        "(" * 99_000,
        "K," * 45_000,
        "," * 90_000,
    ):
        (tmp_path / "b.csv").write_text(f"{header}\n" + f"{header}\n" * 20 + ",1" * 1000 + "\n")
        outcome = greeks("batch", str(tmp_path / "b.csv"))
        assert outcome.code == 2
        assert len(outcome.err) < 10_000


def test_hint_for_a_shell_quotes_the_names_of_a_file():
    with pytest.raises(InvalidInput) as error:
        fields('$(id);x\'y;a,b;"q""";strike\n1;2;3;4;5\n')
    assert error.value.problems[-1].detail == (
        """  leave them out with --ignore-columns '$(id),x'"'"'y,"a,b","q\"\""'""",
    )
    fields("$(id);x'y;a,b;strike\n1;2;3;4\n", ignored='$(id),x\'y,"a,b"')
