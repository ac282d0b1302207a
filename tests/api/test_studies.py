"""Profiles, checks and calibrations from Python."""

import csv

import pytest

import greeks_cli as greeks

CALL = {"strike": 100, "vol": 0.2, "paths": 5_000}


def test_a_profile_has_a_result_at_every_point(greeks_command):
    found = greeks.profile({"spot": [90, 100, 110]}, **CALL, greeks="delta")
    assert [place["spot"] for place, _ in found.points] == [90, 100, 110]
    assert [one.value for one in found["delta"]] == sorted(one.value for one in found["delta"])
    line = "profile --strike 100 --vol 0.2 --paths 5000 --greeks delta --over spot=90:110:3"
    assert str(found) + "\n" == greeks_command(line).out


def test_a_profile_takes_the_middle_of_an_axis_for_a_number_that_is_missing():
    found = greeks.profile(["vol=0.1:0.3:3", "spot=90,110"], strike=100, paths=1000, greeks="delta")
    assert len(found.points) == 6


@pytest.mark.parametrize(
    ("over", "message"),
    [
        ("spot", "over: spot: no parameter and its values"),
        ({"spott": [1, 2]}, "over spott: no number of the european contract or its market; did you mean 'spot'?"),
        ({"spot": 3}, "over spot: 3: a list of values is wanted"),
        ({"vol": [-1, 0.2]}, "over vol=-1: should be greater than"),
        ([], "over: say once or twice what to vary"),
        (5, "over: 5: a text such as spot=60:140:41 is wanted"),
    ],
    ids=str,
)
def test_a_wrong_axis_is_one_line(over, message):
    with pytest.raises(greeks.InvalidInput) as error:
        greeks.profile(over, **CALL)
    assert str(error.value).startswith(message)


def test_a_check_compares_methods(greeks_command):
    found = greeks.check(**CALL, greeks="delta")
    assert found.agrees
    assert found.methods[0].method == "closed form"
    assert str(found) in greeks_command("check --strike 100 --vol 0.2 --paths 5000 --greeks delta").out


def test_a_check_with_a_small_limit_disagrees():
    found = greeks.check(**CALL, greeks="delta", z=1e-9)
    assert not found.agrees
    assert len(found.disagreeing) > 3


QUOTES = "configs/smile.csv"
MARKET = {"spot": 100, "rate": 0.03, "dividend_yield": 0.01}


def test_a_calibration_gives_a_market_to_price_in(tmp_path):
    found = greeks.calibrate(QUOTES, "merton", **MARKET, max_error=5)
    assert found.is_met
    assert set(found.parameters) == {"vol", "jump_intensity", "jump_mean", "jump_vol"}
    assert greeks.price(strike=100, market=found.market, paths=1000).market == found.market
    found.save(tmp_path / "market.toml")
    again = greeks.price(strike=100, config=tmp_path / "market.toml", paths=1000)
    assert again.market == found.market


def test_quotes_may_be_rows_and_frames(tmp_path):
    import pandas

    with open(QUOTES) as file:
        rows = [
            {name: value if name == "type" else float(value) for name, value in row.items() if value}
            for row in csv.DictReader(line for line in file if not line.startswith("#"))
        ]
    whole = greeks.calibrate(QUOTES, "merton", **MARKET, max_error=5)
    of_rows = greeks.calibrate(rows, "merton", **MARKET, max_error=5)
    assert of_rows.market == whole.market
    assert greeks.calibrate(pandas.DataFrame(rows), "merton", **MARKET, max_error=5).market == whole.market


def test_a_bad_fit_says_why_and_is_not_saved(tmp_path):
    found = greeks.calibrate(QUOTES, "merton", **MARKET, max_error=1e-6)
    assert not found.is_met
    with pytest.raises(greeks.InvalidInput, match="the fit is bad"):
        found.save(tmp_path / "market.toml")
    assert not (tmp_path / "market.toml").exists()
