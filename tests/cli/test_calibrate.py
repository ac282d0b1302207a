"""``greeks calibrate``: its files, its answers, and its mistakes in one line each."""

import json
import sys
import tomllib
from datetime import date
from pathlib import Path

import pytest

from greeks_cli.inputs.source import Source
from greeks_cli.run.calibration import _UNFIT
from greeks_cli.terms.markets.market import Market
from greeks_cli.terms.markets.models import FITTED_MODELS, Model
from tests.calibration.smiles import BATES, EXPIRIES, HESTON, points, prices_of, vols_of

CARRY = ("--spot", "100", "--rate", "0.03", "--dividend-yield", "0.01")


def written(folder: Path, text: str) -> str:
    file = folder / "quotes.csv"
    file.write_text(text)
    return str(file)


def vol_quotes(model=HESTON, at=None) -> str:
    rows = [f"{T},{K},{vol:.12f}" for (T, K), vol in zip(at or points(), vols_of(model, at), strict=True)]
    return "\n".join(["expiry,strike,vol", *rows]) + "\n"


def test_the_market_file_is_read_again(greeks, tmp_path):
    file, out = written(tmp_path, vol_quotes()), tmp_path / "market.toml"
    done = greeks("calibrate", file, "--model", "heston", *CARRY, "-o", str(out))
    assert (done.code, done.err) == (0, "")
    market = Market.model_validate(tomllib.loads(out.read_text())["market"])
    for name, value in HESTON.items():
        assert getattr(market, name) == (value if name == "model" else pytest.approx(value, rel=1e-6))
    source = Source()
    source.read_toml(out)
    assert source.sections["market"]["vol_of_vol"] == market.vol_of_vol


def test_the_table_has_parameters_quotes_and_remarks(greeks, tmp_path):
    done = greeks("calibrate", written(tmp_path, vol_quotes()), "--model", "heston", *CARRY)
    lines = done.out.splitlines()
    assert lines[0].startswith("heston | 30 quotes of 5 expiries | error ")
    rows = [line.split() for line in lines]
    assert ["parameter", "value", "stderr"] in rows
    assert ["line", "expiry", "strike", "type", "vol", "model", "vol", "error"] in rows
    assert next(row for row in rows if row[:1] == ["mean_reversion"])[1] == "1.5"
    assert next(row for row in rows if row[:3] == ["2", "0.1", "91.1"])[-1] == "+0.0000"
    assert "Feller's condition fails" in done.out


def test_json_has_the_calibration_in_full(greeks, tmp_path):
    done = greeks("calibrate", written(tmp_path, vol_quotes()), "--model", "heston", *CARRY, "--format", "json")
    found = json.loads(done.out)
    assert found["market"]["model"] == "heston"
    assert [one["name"] for one in found["parameters"]] == list(HESTON)[1:]
    assert len(found["quotes"]) == 30
    assert {"expiry", "strike", "vol", "model_vol", "model_price", "error_vol_points"} <= found["quotes"][0].keys()
    assert found["rms_vol_points"] < 1e-6
    assert found["failures"] == []


def test_toml_on_standard_output_is_the_market_file(greeks, tmp_path):
    done = greeks("calibrate", written(tmp_path, vol_quotes()), "--model", "heston", *CARRY, "--format", "toml")
    assert tomllib.loads(done.out)["market"]["model"] == "heston"
    assert "Feller's condition" in done.err


def test_curves_and_dividends_stay_in_the_market_file(greeks, tmp_path):
    out = tmp_path / "market.toml"
    terms = ("--rate", "6M:0.02,2Y:0.03", "--dividends", "0.2:1,0.4:2%", "--dividend-model", "escrowed")
    terms += ("--valuation-date", "2026-11-30", "--max-error", "5", "-o", str(out))
    done = greeks("calibrate", written(tmp_path, vol_quotes()), "--model", "heston", "--spot", "100", *terms)
    assert done.code == 0
    source = Source()
    source.read_toml(out)
    assert source.dating().valuation_date == date(2026, 11, 30)
    assert source.sections["market"]["rate"] == [["6M", 0.02], ["2Y", 0.03]]
    assert source.sections["market"]["dividends"] == [[0.2, 1.0], [0.4, "2%"]]


def test_prices_with_bid_and_ask_dates_and_synonyms_are_read(greeks, tmp_path):
    at = points(expiries=(181 / 365, 1.0))
    kinds = ["call" if k % 2 else "put" for k in range(len(at))]
    words = {181 / 365: "2027-05-30", 1.0: "1Y"}
    rows = [
        f"{words[T]};{'C' if kind == 'call' else 'P'};{K};{price - 0.01:.9f};{price + 0.01:.9f};7"
        for (T, K), kind, price in zip(at, kinds, prices_of(HESTON, kinds, at), strict=True)
    ]
    file = written(tmp_path, "\n".join(["Maturity;Call/Put;Strike Price;Bid;Ask;Open Interest", *rows]))
    terms = ("--ignore-columns", "open interest", "--valuation-date", "2026-11-30", "--format", "json")
    done = greeks("calibrate", file, "--model", "heston", *CARRY, *terms)
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert found["parameters"][-1]["value"] == pytest.approx(-0.7, rel=1e-3)
    assert found["quotes"][0]["type"] == "put"


def test_a_bad_fit_has_its_exit_code_and_writes_no_file(greeks, tmp_path):
    file, out = written(tmp_path, vol_quotes(BATES)), tmp_path / "market.toml"
    done = greeks("calibrate", file, "--model", "merton", *CARRY, "--max-error", "0.1", "-o", str(out))
    assert done.code == 4
    assert "not met: the fit is bad" in done.err
    assert "is not written" in done.err
    assert "NOT MET" in done.out
    assert not out.exists()


def test_a_picture_has_a_panel_for_each_expiry(greeks, tmp_path):
    file, picture, market = written(tmp_path, vol_quotes()), tmp_path / "smile.svg", tmp_path / "market.toml"
    done = greeks("calibrate", file, "--model", "heston", *CARRY, "-o", str(picture), "-o", str(market))
    assert (done.code, done.err) == (0, "")
    text = picture.read_text()
    assert [f"expiry {T:g}y" in text for T in EXPIRIES] == [True] * len(EXPIRIES)
    assert "vol (%)" in text
    assert market.exists()


def test_weights_that_leave_few_quotes_are_remarked(greeks, tmp_path):
    rows = vol_quotes().splitlines()
    weighed = [f"{rows[0]},weight", f"{rows[1]},1e9", *(f"{row},1" for row in rows[2:])]
    done = greeks("calibrate", written(tmp_path, "\n".join(weighed)), "--model", "heston", *CARRY)
    assert f"the weights make 1 of {len(rows) - 1} quotes, for 5 parameters" in " ".join(done.out.split())


def test_two_quotes_of_one_option_are_remarked(greeks, tmp_path):
    rows = vol_quotes().splitlines()
    expiry, strike, _ = rows[3].split(",")[:3]
    done = greeks(
        "calibrate", written(tmp_path, "\n".join([*rows, f"{expiry},{strike},0.25"])), "--model", "heston", *CARRY
    )
    said = " ".join(done.out.split())
    assert f":{len(rows) + 1} quotes the option of " in said
    assert ":4 again, 0.25 after " in said
    assert (
        "quotes the option" not in greeks("calibrate", written(tmp_path, vol_quotes()), "--model", "heston", *CARRY).out
    )


def test_the_default_spot_is_remarked(greeks, tmp_path):
    done = greeks("calibrate", written(tmp_path, vol_quotes()), "--model", "heston")
    assert "spot is 100, the default; give --spot" in done.out


HEADER = "expiry,strike,vol\n"
MISTAKES = {
    "no smile": (vol_quotes(), (), "--model: gbm: has one vol for all strikes"),
    "no fit": (vol_quotes(), ("--model", "local-vol"), "--model: local-vol: follows from quotes without a fit"),
    "no quotes": (HEADER, ("--model", "heston"), "quotes.csv:1: no quotes"),
    "per cent": (f"{HEADER}0.5,100,20\n", ("--model", "heston"), "'20' in line 2 looks like per cent"),
    "no vols": ("expiry,strike\n0.5,100\n", ("--model", "heston"), "quotes.csv:1: no column of quotes"),
    "no strikes": ("expiry,vol\n0.5,0.2\n", ("--model", "heston"), "quotes.csv:1: no column strike"),
    "no types": ("expiry,strike,price\n0.5,100,3\n", ("--model", "heston"), "no column type"),
    "bid alone": ("expiry,strike,bid\n0.5,100,3\n", ("--model", "heston"), "a column bid and none ask"),
    "two quotes": ("expiry,strike,vol,price\n0.5,100,0.2,3\n", ("--model", "heston"), "vol and price are quotes"),
    "twice": ("expiry,T,strike,vol\n0.5,0.5,100,0.2\n", ("--model", "heston"), "is expiry, and so is 'expiry'"),
    "unknown": (f"{HEADER[:-1]},wieght\n0.5,100,0.2,1\n", ("--model", "heston"), "did you mean 'weight'?"),
    "no number": (f"{HEADER}0.5,abc,0.2\n", ("--model", "heston"), "'abc' in line 2 is no number"),
    "empty cell": (f"{HEADER}0.5,,0.2\n", ("--model", "heston"), "quotes.csv:2: no strike; complete the row"),
    "expired": (f"{HEADER}-1,100,0.2\n", ("--model", "heston"), "quotes.csv:2: expiry -1 should be above 0"),
    "tenor": (f"{HEADER}6M,100,0.2\n", ("--model", "heston"), "give the valuation date"),
    "time": (f"{HEADER}soon,100,0.2\n", ("--model", "heston"), "'soon' is no time, date or tenor"),
    "type": (
        "expiry,strike,type,price\n0.5,100,cll,3\n",
        ("--model", "heston"),
        "quotes.csv:2: type 'cll' is unknown; write call or put",
    ),
    "spread": (
        "expiry,strike,type,bid,ask\n0.5,100,call,3,2\n",
        ("--model", "heston"),
        "quotes.csv:2: ask 2 should be above bid 3",
    ),
    "cells": (
        f"{HEADER}0.5,100,0.2\n0.5,101,0.2,7\n",
        ("--model", "heston"),
        "quotes.csv:3: more cells than the 3 columns",
    ),
    "few": (f"{HEADER}0.5,100,0.2\n1,101,0.2\n", ("--model", "heston"), "2 quotes for 5 parameters"),
    "price": (
        "expiry,strike,type,price\n" + "0.5,100,call,300\n" * 4,
        ("--model", "merton", "--spot", "100"),
        "quotes.csv:2: 300.0: no vol gives this price",
    ),
    "out": (vol_quotes(), ("--model", "heston", "-o", "market.csv"), "use one of .toml, .svg, .png, .pdf"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_told_with_place_and_remedy(greeks, tmp_path, name):
    text, terms, message = MISTAKES[name]
    done = greeks("calibrate", written(tmp_path, text), *terms)
    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert "Traceback" not in done.err


def test_help_offers_the_models_that_are_fitted(greeks):
    text = greeks("calibrate", "--help").out
    assert "--model [merton|heston|bates]" in text
    assert "vol-surface" not in text
    assert "local-vol" not in text
    assert {*Model} - {*FITTED_MODELS} == {*_UNFIT}


def test_a_file_that_is_not_there_is_told(greeks, tmp_path):
    done = greeks("calibrate", str(tmp_path / "none.csv"), "--model", "heston")
    assert done.code == 2
    assert "none.csv: No such file or directory" in done.err


def test_without_scipy_the_extra_is_named(greeks, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    done = greeks("calibrate", written(tmp_path, vol_quotes()), "--model", "heston", *CARRY)
    assert done.code == 1
    assert "greeks calibrate needs SciPy; run: uv sync --extra calibrate" in done.err
