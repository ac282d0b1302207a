import csv
import io
import json
import re
import sys
from importlib.util import find_spec

import pytest

from greeks_cli.report.text.screen import Screen

CALL = ("profile", "--strike", "100", "--vol", "0.2", "--paths", "2000", "--greeks", "delta,gamma")
SPOTS = (*CALL, "--over", "spot=90:110:3")
SURFACE = (*CALL, "--over", "spot=90:110:3", "--over", "vol=0.1:0.3:2")


@pytest.fixture
def never_run(monkeypatch):
    """Nothing may be simulated."""
    monkeypatch.setattr("greeks_cli.run.profile.run_plans", None)


@pytest.fixture
def terminal(monkeypatch):
    """Pretend that standard output is a terminal of a given width."""

    def pretend(columns, **settings):
        monkeypatch.setattr("greeks_cli.cli.output.screen", lambda: Screen(columns, **settings))
        monkeypatch.setattr("sys.stdout.isatty", lambda: True)

    return pretend


def test_csv_has_the_columns_of_price_behind_the_parameters(greeks):
    lines = list(csv.DictReader(io.StringIO(greeks(*SURFACE, "--format", "csv").out)))
    price = greeks("price", "--strike", "100", "--vol", "0.2", "--paths", "2000", "--format", "csv").out
    assert list(lines[0]) == ["spot", "vol", *price.splitlines()[0].split(",")]
    assert [(line["spot"], line["vol"], line["name"]) for line in lines[:4]] == [
        ("90.0", "0.1", "price"),
        ("90.0", "0.1", "delta"),
        ("90.0", "0.1", "gamma"),
        ("90.0", "0.3", "price"),
    ]
    assert len(lines) == 3 * 2 * 3


def test_json_has_the_keys_of_price_and_the_axes(greeks):
    found = json.loads(greeks(*SPOTS, "--format", "json").out)
    price = json.loads(greeks("price", "--strike", "100", "--vol", "0.2", "--paths", "2000", "--format", "json").out)
    assert set(found) == {*price, "over"}
    assert found["over"] == {"spot": [90, 100, 110]}
    assert list(found["estimates"][0]) == ["spot", *price["estimates"][0]]


def test_formula_parameter_with_the_name_of_a_column_gets_a_prefix(greeks):
    formula = ("--contract", "formula", "--payoff", "max(S[-1] - low, 0)", "--param", "low=100", "--vol", "0.2")
    outcome = greeks("profile", *formula, "--paths", "1000", "--over", "low=90,100", "--format", "csv")
    assert outcome.out.startswith("over_low,name,value,stderr,low,")


def test_market_units_scale_every_format(greeks):
    vega = (*CALL[:-1], "vega", "--over", "spot=90:110:3", "--format", "csv")
    raw, market = (csv.DictReader(io.StringIO(greeks(*vega, "--units", unit).out)) for unit in ("raw", "market"))
    rows = list(zip(raw, market, strict=True))
    assert [ours["name"] for ours, _ in rows] == ["price", "vega"] * 3
    for ours, theirs in rows:
        scale = 0.01 if ours["name"] == "vega" else 1
        assert float(theirs["value"]) == pytest.approx(scale * float(ours["value"]), rel=1e-12)


def test_varied_parameters_need_no_flag(greeks):
    outcome = greeks(
        "profile", "--paths", "1000", "--over", "vol=0.1,0.2", "--over", "strike=90,100", "--format", "csv"
    )
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.splitlines()[1].startswith("0.1,90.0,price,")


def test_output_without_a_terminal_is_a_table_with_a_line_per_point(greeks):
    outcome = greeks(*SPOTS)
    heading, *lines = outcome.out.splitlines()
    assert "spot 90 to 110, vol 0.2" in heading
    assert [words[0] for line in lines if (words := line.split()) and words[0].isdigit()] == ["90", "100", "110"]
    assert (outcome.code, outcome.err) == (0, "")


@pytest.mark.parametrize("columns", [40, 80, 160])
@pytest.mark.parametrize("arguments", [SPOTS, SURFACE], ids=["curves", "surface"])
def test_a_plot_fits_the_terminal_and_labels_its_axes(greeks, terminal, columns, arguments):
    terminal(columns)
    outcome = greeks(*arguments)
    lines = outcome.out.splitlines()
    assert max(map(len, lines)) <= columns
    text = " ".join(outcome.out.split())
    assert "delta per spot" in text
    assert "gamma per spot^2" in text
    assert "spot (currency)" in text
    assert " 100 " in text
    assert bool(re.search("[\u2801-\u28ff]", outcome.out)) == (arguments is SPOTS)
    assert "price" not in outcome.out  # it was not asked for


def test_a_plot_in_ascii_and_one_in_colour(greeks, terminal):
    terminal(80, ascii_only=True)
    outcome = greeks(*SPOTS).out
    assert outcome.isascii()
    assert "*" in outcome
    terminal(80, colour=True)
    assert "\x1b[" in greeks(*SPOTS).out


@pytest.mark.parametrize("ascii_only", [False, True])
def test_closed_form_is_drawn_over_the_curve_where_there_is_one(greeks, terminal, ascii_only):
    terminal(80, ascii_only=ascii_only)
    for contract, has_closed_form in (("european", True), ("asian", False)):
        text = greeks(*SPOTS, "--contract", contract).out
        drawn = [line for line in text.splitlines() if re.match(r" *[\d.]* [|+│┤]", line)]
        assert len(drawn) > 8
        assert ("x" in "".join(drawn)) is has_closed_form
        assert ("x closed form" in text) is has_closed_form


def test_warnings_and_distance_from_the_closed_form_are_below_a_plot(greeks):
    asian = ("--contract", "asian", "--average", "geometric", "--fixings", "2")
    text = greeks(*CALL, *asian, "--over", "spot=30:100:6", "--format", "plot").out
    assert "delta: every path gave the same at spot=30" in text
    assert "gamma: heavy tails at 3 points from spot=30 to spot=58" in text
    assert re.search(r"from the closed form: delta \d\.\d, gamma [0-3]\.\d", text)


@pytest.mark.parametrize(("ending", "start"), [("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_pictures_are_written_in_every_format(greeks, tmp_path, ending, start):
    file = tmp_path / f"out.{ending}"
    outcome = greeks(*SPOTS, "-o", str(file))
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "")
    assert file.read_bytes().startswith(start)
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


def test_html_page_loads_no_other_file(greeks, tmp_path):
    file = tmp_path / "out.html"
    payoff = "where(S[-1] < 100 and S[-1] > 90, 1, 0)"
    formula = ("--contract", "formula", "--payoff", payoff, "--vol", "0.2", "--paths", "1000", "--greeks", "delta")
    assert greeks("profile", *formula, "--over", "spot=90,100", "-o", str(file)).code == 0
    page = file.read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert "<svg" in page
    assert "&lt; 100" in page
    assert not re.search(r"<(script|link|iframe|img)\b|url\(http|src=", page)
    assert page.count("<tr>") == 1 + 2 * 2
    assert "<h1>delta over spot</h1>" in page  # the picture's title has the contract
    assert "<title>delta over spot: formula where(" in page


def test_text_formats_are_the_same_in_files_and_on_stdout(greeks, tmp_path):
    for ending, form in (("csv", "csv"), ("txt", "table")):
        file = tmp_path / f"out.{ending}"
        assert greeks(*SPOTS, "-o", str(file)).out == ""
        assert file.read_text(encoding="utf-8") == greeks(*SPOTS, "--format", form).out
    assert greeks(*SPOTS, "--format", "svg").out.startswith("<?xml")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "--over: say once or twice what to vary"),
        (
            ("--over", "spott=1,2"),
            "--over spott: no number of the european contract or its market; did you mean 'spot'?",
        ),
        (("--over", "spot=1:2"), "--over: spot=1:2: no such values; write name=start:stop:count"),
        (("--over", "spot=-10:10:3"), "--over spot=0: 0.0: should be greater than"),
        (("--over", "spot=100,-1"), "--over spot=-1: -1.0: should be greater than"),
        (("--over", "spot=1,2", "--tol", "gamma=1%"), "--tol: would give every point random numbers of its own"),
        (("--over", "spot=1,2", "-o", "x.gif"), "--out: x.gif: its extension says no format; use one of .txt, .csv"),
        (("--over", "spot=1,2", "-o", "none/x.svg"), "--out: none/x.svg: there is no folder none; make it first"),
        (("--over", "spot=1,2", "-o", "."), "is a folder"),
        (("--over", "spot=1,2", "--format", "png"), "--format: png: is no text; give a file with -o"),
    ],
)
@pytest.mark.usefixtures("never_run")
def test_mistakes_are_one_line_before_the_first_path(greeks, arguments, words):
    outcome = greeks(*CALL, *arguments)
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (2, "", 1)
    assert words in outcome.err


@pytest.mark.usefixtures("never_run")
def test_missing_extra_is_reported_with_the_install_command(greeks, monkeypatch, tmp_path):
    monkeypatch.setattr(
        "greeks_cli.cli.output.find_spec", lambda name: None if name == "matplotlib" else find_spec(name)
    )
    outcome = greeks(*SPOTS, "-o", str(tmp_path / "x.svg"))
    assert outcome.code == 1
    assert outcome.err == "greeks: svg needs matplotlib; run: uv sync --extra plot, or pip install '.[plot]'\n"


@pytest.mark.usefixtures("never_run")
def test_a_broken_matplotlib_is_one_line_before_the_first_path(greeks, monkeypatch, tmp_path):
    monkeypatch.delitem(sys.modules, "greeks_cli.report.figures.drawing", raising=False)
    monkeypatch.setitem(sys.modules, "matplotlib", None)  # importing it raises ImportError
    monkeypatch.setattr("greeks_cli.cli.output.find_spec", lambda name: name)
    outcome = greeks(*SPOTS, "-o", str(tmp_path / "x.svg"))
    assert (outcome.code, outcome.err.count("\n")) == (1, 1)
    assert outcome.err.startswith("greeks: svg needs matplotlib, which cannot be imported: ")


def test_a_file_that_cannot_be_replaced_is_left_as_it_was(greeks, monkeypatch, tmp_path):
    file = tmp_path / "x.csv"
    file.write_text("before")
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    outcome = greeks(*SPOTS, "-o", str(file))
    assert (outcome.code, outcome.err) == (1, f"greeks: cannot write {file}: No space left on device\n")
    assert file.read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["x.csv"]


def test_interrupt_exits_130_and_leaves_no_file(greeks, monkeypatch, tmp_path):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("greeks_cli.run.profile.run_plans", interrupt)
    outcome = greeks(*SPOTS, "-o", str(tmp_path / "x.csv"))
    assert (outcome.code, outcome.err) == (130, "greeks: interrupted\n")
    assert not list(tmp_path.iterdir())


def test_the_configuration_is_not_overwritten(greeks, tmp_path):
    config = tmp_path / "call.toml"
    config.write_text("[contract]\nstrike = 100\n[market]\nvol = 0.2\n")
    outcome = greeks("profile", "--config", str(config), "--over", "spot=90,100", "--format", "csv", "-o", str(config))
    assert outcome.code == 2
    assert "would be overwritten, and is read" in outcome.err
    assert config.read_text().startswith("[contract]")


def test_a_curve_that_the_market_names_is_not_overwritten(greeks, tmp_path):
    curve = tmp_path / "zero.csv"
    curve.write_text("time,zero_rate\n1,2%\n")
    spots = ("profile", "--strike", "100", "--vol", "0.2", "--over", "spot=90,100", "--rate", str(curve))
    outcome = greeks(*spots, "--paths", "1000", "--format", "csv", "-o", str(curve))
    assert outcome.code == 2
    assert "would be overwritten, and is read" in outcome.err
    assert curve.read_text() == "time,zero_rate\n1,2%\n"
