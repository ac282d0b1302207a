"""Surfaces of quoted vols at the command line and in books: files, dates, mistakes in one line."""

import json

import pytest

CALL = ("--strike", "100", "--model", "local-vol")
FEW = ("--paths", "64", "--steps", "2", "--greeks", "price")
ROWS = "0.25,90,0.22\n0.25,100,0.2\n0.25,110,0.19\n1,80,0.24\n1,100,0.21\n1,125,0.19\n"


def written(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def refusal(greeks, tmp_path, text, *more):
    done = greeks("price", *CALL, "--vol-surface", written(tmp_path, "quotes.csv", text), *more)
    assert (done.code, done.out) == (2, "")
    assert done.err.count("\n") == 1
    return done.err.removeprefix("greeks: ").removesuffix("\n")


@pytest.mark.parametrize(
    "text",
    [
        "expiry,strike,vol\n" + ROWS,
        "# of today\nT;K;IV (%)\n0,25;90;22\n0,25;100;20\n0,25;110;19\n1;80;24\n1;100;21\n1;125;19\n",
        "K\timplied vol\ttime\n90\t22%\t.25\n100\t20%\t0.25\n110\t19%\t.25\n80\t24%\t1\n100\t21%\t1\n125\t19%\t1\n",
    ],
    ids=["plain", "semicolons", "tabs"],
)
def test_files_are_read_as_books_are(greeks, tmp_path, text):
    quotes = written(tmp_path, "quotes.csv", text)
    assert greeks("price", *CALL, *FEW, "--vol-surface", quotes).code == 0
    assert "no quote '1@90'" in greeks("price", *CALL, "--vol-surface", quotes, "--greeks", "vega[1@90]").err


def test_expiries_are_dates_and_tenors(greeks, tmp_path):
    text = "expiry,strike,vol\n" + ROWS.replace("0.25,", "3M,").replace("1,", "2027-11-30,")
    assert "count" in refusal(greeks, tmp_path, text)
    quotes = written(tmp_path, "quotes.csv", text)
    assert greeks("price", *CALL, *FEW, "--vol-surface", quotes, "--valuation-date", "2026-11-30").code == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("expiry,strike,vol\n", "quotes.csv:1: no quotes; write a row for each, with columns expiry, strike and vol"),
        (
            "expiry,strike,vol\n1,90,\n",
            "quotes.csv:2: a quote has a cell in each of the 3 columns; complete the row, or leave it out",
        ),
        ("strike,vol\n90,0.2\n", "no column expiry; a file of quotes has columns expiry, strike and vol"),
        ("expiry,strike\n1,90\n", "no column vol; a file of quotes has columns expiry, strike and vol"),
        ("expiry,strike,vl\n1,90,0.2\n", "column 'vl': unknown; did you mean 'vol'?"),
        ("expiry,date,strike,vol\n1,1,90,0.2\n", "the columns 'expiry' and 'date' both hold expiry; keep one"),
        ("expiry,strike,vol\n1,90,high\n", "column 'vol': 'high' in line 2 is no number; write one such as 0.2 or 20%"),
        ("expiry,strike,vol\n1,high,0.2\n", "'high' in line 2 is no number; write one such as 100"),
        ("expiry,strike,vol\nsoon,90,0.2\n", "'soon' in line 2 is no time, date or tenor"),
        ("expiry,strike,vol\n1,90,0.2\n1,80,0.2\n", "'80' in line 3 follows '90' in line 2; sort the rows by expiry"),
        ("expiry,strike,vol\n1,90,0.2\n1,90,0.3\n", "'90' in line 3 has the expiry and strike of line 2; keep one"),
        (
            "expiry,strike,vol\n1,90,0.2\n0.5,90,0.3\n",
            "'90' in line 3 has the expiry '0.5' in line 3, and that before is later; sort the rows by expiry",
        ),
        ("expiry,strike,vol\n1,90,-0.2\n1,100,0.2\n1,110,0.2\n", "quote 1@90: its vol -0.2 should be 0.001 to 10"),
        ("expiry,strike,vol\n1,90,20\n", "'20' in line 2 looks like per cent"),
        ("expiry,strike,vol\n" + ROWS[:39], "two expiries or more, and there is 0.25 alone"),
        ("expiry,strike,vol\n" + ROWS.replace("1,100,0.21", "1,100,0.3"), "butterfly arbitrage at expiry 1 near"),
        ("expiry,strike,vol\n" + ROWS.replace("1,100,0.21", "1,100,0.09"), "arbitrage"),
    ],
)
def test_files_that_are_no_surface_are_refused_in_one_line(greeks, tmp_path, text, message):
    assert message in refusal(greeks, tmp_path, text)


def test_a_file_that_is_not_there_is_named(greeks, tmp_path):
    done = greeks("price", *CALL, "--vol-surface", str(tmp_path / "none.csv"))
    assert done.code == 2
    assert "no such file" in done.err
    assert "give a CSV file with columns expiry, strike and vol" in done.err


def test_books_and_configurations_hold_files_and_triples(greeks, tmp_path):
    written(tmp_path, "quotes.csv", "expiry,strike,vol\n" + ROWS)
    triples = json.dumps([[float(cell) for cell in row.split(",")] for row in ROWS.splitlines()])
    for value in ('"quotes.csv"', triples):
        market = f'[market]\nmodel = "local-vol"\nvol_surface = {value}\n'
        config = written(tmp_path, "option.toml", f"[contract]\nstrike = 100\n{market}")
        alone = json.loads(greeks("price", "--config", config, *FEW, "--format", "json").out)
        book = written(tmp_path, "book.toml", f"{market}[[trade]]\nstrike = 100\n")
        (row,) = greeks("batch", book, "--quiet", *FEW).out.splitlines()
        assert json.loads(row)["estimates"] == alone["estimates"]


def test_cells_of_csv_hold_a_file_or_quotes(greeks, tmp_path):
    written(tmp_path, "quotes.csv", "expiry,strike,vol\n" + ROWS)
    quotes = ";".join(row.replace(",", ":") for row in ROWS.splitlines())
    book = written(
        tmp_path,
        "book.csv",
        f"id,strike,model,vol_surface\n1,100,local-vol,quotes.csv\n2,100,local-vol,{quotes}\n3,100,local-vol,0.2\n",
    )
    done = greeks("batch", book, "--quiet", *FEW)
    one, other = map(json.loads, done.out.splitlines()[:2])
    assert one["estimates"] == other["estimates"]
    assert "trade '3': vol_surface: 0.2: is no surface" in done.err


def test_a_surface_without_its_model_has_the_model_as_remedy(greeks, tmp_path):
    quotes = written(tmp_path, "quotes.csv", "expiry,strike,vol\n" + ROWS.replace("0.25,", "3M,"))
    done = greeks("price", "--strike", "100", "--vol-surface", quotes)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert done.err.startswith("greeks: --vol-surface: ")
    assert "model gbm has no vol_surface; choose model local-vol, or leave it out" in done.err


def test_a_profile_over_vol_names_quotes_to_vary(greeks, tmp_path):
    quotes = written(tmp_path, "quotes.csv", "expiry,strike,vol\n" + ROWS)
    done = greeks("profile", *CALL, *FEW, "--vol-surface", quotes, "--over", "vol=0.1:0.3:3")
    message = "model local-vol has no number vol, but quotes; vary one, such as vol[0.25@90]=START:STOP:COUNT"
    assert done.err == f"greeks: --over vol: {message}\n"


def test_a_profile_over_a_quote_has_one_range_of_vols_in_its_headline(greeks, tmp_path):
    quotes = written(tmp_path, "quotes.csv", "expiry,strike,vol\n" + ROWS)
    done = greeks("profile", *CALL, *FEW, "--vol-surface", quotes, "--over", "vol[1@80]=0.24:0.26:2")
    assert "vol surface 0.19 to 0.26 (6 quotes)" in done.out


def test_help_schema_and_topics_know_surfaces(greeks):
    assert "--vol-surface FILE" in greeks("price", "--help").out
    assert "vega[0.25@90]" in greeks("explain", "vol-surface").out
    schema = json.loads(greeks("schema").out)
    allowed = schema["properties"]["market"]["properties"]["vol_surface"]["anyOf"]
    assert "null" in [one.get("type") for one in allowed]


ONE_OF_TWO = ("--contract", "exchange", "--underlying", "A:spot=100,vol=0.2", "--correlation", "0.5")


def test_an_underlying_among_several_has_a_surface_in_a_file(greeks, tmp_path, monkeypatch):
    written(tmp_path, "quotes.csv", "expiry,strike,vol\n" + ROWS)
    monkeypatch.chdir(tmp_path)
    of_b = "B:spot=90,model=local-vol,vol_surface=quotes.csv"
    done = greeks("price", *ONE_OF_TWO, *FEW[:4], "--underlying", of_b, "--greeks", "vega[B:1@100]", "--format", "json")
    market = json.loads(done.out)["market"]
    assert market["underlying"]["B"]["model"] == "local-vol"
    missing = greeks("price", *ONE_OF_TWO, "--underlying", of_b.replace("quotes", "other"))
    assert missing.code == 2
    assert "other.csv: no such file" in missing.err
    assert missing.err.count("\n") == 1


def test_a_curve_of_an_underlying_among_several_is_a_file(greeks, tmp_path):
    curve = written(tmp_path, "vol.csv", "time,vol\n0.5,0.2\n1,0.3\n")
    nodes = [
        greeks("price", *ONE_OF_TWO, *FEW, "--underlying", f"B:spot=90,vol={vol}", "--format", "json").out
        for vol in (curve, "0.5:0.2,1:0.3")
    ]
    estimates = [json.loads(text)["estimates"] for text in nodes]
    assert estimates[0] == estimates[1]
