"""Books from Python: rows, frames and files, and their results in frames and pages."""

import json

import pandas
import polars
import pyarrow
import pytest

import greeks_cli as greeks

ROWS = [{"id": "a", "strike": 95, "vol": 0.2, "quantity": 10}, {"id": "b", "strike": 105, "vol": 0.3, "expiry": 0.5}]
SHORT = {"paths": 2_000, "greeks": "delta"}


def test_rows_are_priced_as_lines_of_json_are(greeks_command, tmp_path):
    (tmp_path / "book.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    lines = greeks_command(f"batch {tmp_path / 'book.jsonl'} --paths 2000 --greeks delta --total").out.splitlines()
    found = greeks.batch(ROWS, **SHORT, total=True)
    assert list(found.records) == [json.loads(line) for line in lines]
    assert found["a"]["delta"].value == found.records[0]["estimates"][1]["value"]
    assert [row.id for row in found] == ["a", "b"]
    assert greeks.batch(tmp_path / "book.jsonl", **SHORT, total=True).records == found.records


@pytest.mark.parametrize("make", [pandas.DataFrame, polars.DataFrame, pyarrow.Table.from_pylist], ids=str)
def test_frames_are_read_as_csv_is(make):
    found = greeks.batch(make([{"Strike": 95.0, "Vol (%)": 20.0}, {"Strike": 105.0, "Vol (%)": 30.0}]), **SHORT)
    assert [row.market["vol"] for row in found] == [0.2, 0.3]


def test_a_missing_value_of_a_frame_is_left_to_defaults():
    frame = pandas.DataFrame([{"strike": 95, "vol": 0.2, "rate": None}, {"strike": 95, "vol": 0.2, "rate": 0.03}])
    assert [row.market["rate"] for row in greeks.batch(frame, **SHORT)] == [0.01, 0.03]


def test_typed_terms_in_rows():
    row = {"contract": greeks.European(strike=95), "market": greeks.Market(vol=0.2), "quantity": -2}
    found = greeks.batch([row], **SHORT)
    assert found["1"].position.quantity == -2
    assert found["1"].contract["strike"] == 95


def test_a_wrong_row_has_an_error_and_the_others_are_priced():
    found = greeks.batch([*ROWS, {"strike": -1, "vol": 0.2}, 7], **SHORT)
    assert [row.status for row in found] == ["ok", "ok", "error", "error"]
    assert found.failed[0].error == "rows[2]: trade '3': strike: -1: " + found.failed[0].error.rpartition("-1: ")[2]
    assert "a trade is an object" in found.failed[1].error
    with pytest.raises(KeyError, match="delta: no result: rows"):
        found["3"]["delta"]
    with pytest.raises(KeyError, match="nobody: no row of the book has this id"):
        found["nobody"]


@pytest.mark.parametrize(
    ("book", "message"),
    [
        ([], "rows: no trades"),
        ({"strike": 1}, "book: dict: rows of fields are wanted"),
        (3, "book: int: rows of fields are wanted"),
        ("nothing.csv", "nothing.csv: No such file"),
        (pandas.DataFrame([{"strike": 1, "vool": 2}]), "rows:0: column 'vool': unknown; did you mean 'vol'?"),
        (pandas.DataFrame([[100, 0.2, 0.3]], columns=["strike", "vol", "vol"]), "vol: is there twice"),
    ],
    ids=["no rows", "a mapping", "a number", "no file", "a wrong column", "a column twice"],
)
def test_what_is_no_book_is_one_line(book, message):
    with pytest.raises(greeks.InvalidInput) as error:
        greeks.batch(book, **SHORT)
    assert str(error.value).startswith(message)


def test_a_key_that_is_no_text_is_an_error_of_its_row():
    assert "1: unknown key" in greeks.batch([{**ROWS[0], 1: 2}], **SHORT)["a"].error


def test_a_wrong_setting_of_all_trades_is_one_line():
    with pytest.raises(greeks.InvalidInput, match=r"^paths: 3: should be greater than or equal to 16"):
        greeks.batch(ROWS, paths=3)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"market": 5}, "market: 5: the name of a file is wanted"),
        ({"columns": 5}, "columns: 5: a mapping of fields to names of columns is wanted"),
        ({"ignore_columns": 5}, "ignore_columns: 5: a list of names of columns is wanted"),
        ({"total_by": 5}, "total_by: 5: a text such as underlying or tags.desk is wanted"),
        ({"foo": 3}, "foo: unknown key; did you mean 'floor'?"),
        ({"currency": "EUR"}, "currency: EUR: belongs to a trade of a book; write it in a row of greeks.batch"),
    ],
    ids=str,
)
def test_a_wrong_argument_is_one_line(wrong, message):
    for ask in (greeks.batch, lambda rows, **settings: greeks.scenarios(rows, "spot=1%", **settings)):
        with pytest.raises(greeks.InvalidInput) as error:
            ask(ROWS, **wrong)
        assert str(error.value) == message


def test_a_field_of_a_contract_belongs_to_a_trade():
    with pytest.raises(greeks.InvalidInput, match="strike: 90: belongs to each trade of the book"):
        greeks.batch(ROWS, strike=90)


@pytest.mark.parametrize("library", ["pandas", "polars", "arrow"])
def test_results_are_frames(library):
    found = greeks.batch([*ROWS, {"strike": -1}], **SHORT, total=True)
    frame = found.to_frame(library)
    assert frame.shape[0] == 4 + 1 + 1
    names = frame.column_names if library == "arrow" else list(frame.columns)
    assert names[:4] == ["id", "status", "name", "value"]


def test_an_unknown_library_is_named():
    with pytest.raises(greeks.InvalidInput, match="library: numpy: choose from pandas, polars, arrow"):
        greeks.price(strike=100, vol=0.2, paths=1000).to_frame("numpy")


def test_a_missing_library_is_named_with_its_extra(monkeypatch):
    monkeypatch.setattr("greeks_cli.api.frames.find_spec", lambda name: None)
    with pytest.raises(greeks.MissingExtra, match="uv sync --extra polars"):
        greeks.price(strike=100, vol=0.2, paths=1000).to_frame("polars")


def test_pages_escape_what_users_write():
    found = greeks.batch([{**ROWS[0], "id": "<b>a</b>"}], **SHORT)
    assert "&lt;b&gt;a&lt;/b&gt;" in found._repr_html_()
    assert "<b>" not in found._repr_html_()


def test_saved_results_are_results_of_the_command(greeks_command, tmp_path):
    greeks.batch(ROWS, **SHORT).save(tmp_path / "results.jsonl")
    outcome = greeks_command(f"report {tmp_path / 'results.jsonl'} -o {tmp_path / 'page.html'} --no-profiles --quiet")
    assert outcome.code == 0


def test_notes_and_warnings_are_on_the_result():
    found = greeks.batch(ROWS, **SHORT)
    assert "2 trades have no spot, and take 100" in found.notes
    rare = greeks.batch([{"id": "far", "strike": 300, "vol": 0.1, "expiry": 0.1, "importance": False}], paths=1000)
    assert "price" in rare.warnings["far"]
    assert "far: price: " in str(rare)


def test_profit_and_loss_of_two_runs_is_explained(greeks_command, tmp_path):
    old = greeks.batch(ROWS, closed_form=True, greeks="delta,gamma")
    new = greeks.batch(ROWS, closed_form=True, greeks="price", spot=101)
    found = greeks.explain_pnl(old, new)
    assert abs(found.totals[0].left.value) < 0.02 * abs(found.totals[0].change.value)
    for name, run in (("old", old), ("new", new)):
        run.save(tmp_path / f"{name}.jsonl")
    files = tmp_path / "old.jsonl", tmp_path / "new.jsonl"
    assert str(found) + "\n" == greeks_command(f"explain-pnl {files[0]} {files[1]}").out
    assert greeks.explain_pnl(*files).rows() == found.rows()
    assert "gamma" in found._repr_html_()


def test_what_is_no_results_is_one_line():
    with pytest.raises(greeks.InvalidInput, match="results: 5: a book's results are wanted"):
        greeks.explain_pnl(5, 5)


def test_scenarios_of_a_book_are_those_of_the_command(greeks_command, tmp_path):
    (tmp_path / "book.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    found = greeks.scenarios(ROWS, "spot=-5%;5%,vol=1", paths=2000)
    line = f"batch {tmp_path / 'book.jsonl'} --paths 2000 --scenario spot=-5%;5%,vol=1 --format"
    assert str(found).startswith(greeks_command(f"{line} table").out)
    assert [row["name"] for row in found.rows()] == ["price", "pnl"] * 2
    assert found.to_frame().shape[0] == 4
    assert "spot" in found._repr_html_()
    with pytest.raises(greeks.InvalidInput, match="over: 'spo=1' shifts nothing"):
        greeks.scenarios(ROWS, "spo=1")
    with pytest.raises(greeks.InvalidInput, match="over: None: a text such as spot="):
        greeks.scenarios(ROWS, None)


def test_a_field_to_add_up_by_is_named_by_its_keyword():
    with pytest.raises(greeks.InvalidInput, match="total_by: desk: is no field to add up by"):
        greeks.batch(ROWS, **SHORT, total_by="desk")
    with pytest.raises(greeks.InvalidInput, match="total_by: desk: is no field to add up by"):
        greeks.scenarios(ROWS, "spot=1%;2%", total_by="desk")
