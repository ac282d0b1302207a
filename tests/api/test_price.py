"""Prices from Python: keywords, typed terms, answers and errors."""

import subprocess
import sys

import numpy as np
import pytest

import greeks_cli as greeks
from greeks_cli.terms.contracts.catalogue import CONTRACTS

CALL = {"strike": 100, "vol": 0.2, "paths": 10_000}


def test_a_price_has_typed_estimates():
    found = greeks.price(**CALL, greeks="delta,gamma")
    assert found.greeks == ("price", "delta", "gamma")
    assert abs(found.price.value - found.price.exact) < 4 * found.price.stderr
    assert found["gamma"].unit == "per spot^2"
    assert found["delta"].stderr > 0
    assert (found["delta"].bias, found.paths, found.unmet, found.warnings) == (0, 10_000, (), {})


def test_print_gives_the_lines_of_the_command(greeks_command):
    assert str(greeks.price(**CALL)) + "\n" == greeks_command("price --strike 100 --vol 0.2 --paths 10000").out


def test_typed_terms_and_keywords_ask_for_the_same():
    contract, market = greeks.European(strike=100, type="put"), greeks.Market(vol=0.2)
    typed = greeks.price(contract, market, paths=10_000)
    assert typed.estimates == greeks.price("european", {"vol": 0.2}, strike=100, type="put", paths=10_000).estimates


def test_keywords_win_over_typed_terms():
    found = greeks.price(greeks.European(strike=100), greeks.Market(vol=0.2), vol=0.3, strike=90, paths=1000)
    assert (found.market.vol, found.contract.strike) == (0.3, 90)


def test_a_keyword_replaces_a_term_that_it_excludes():
    found = greeks.price(greeks.European(strike=100), greeks.Market(vol=0.2), market_price=8.5, paths=1000)
    assert found.market.vol == pytest.approx(0.2016, abs=1e-3)


def test_numpy_numbers_are_numbers():
    found = greeks.price(strike=np.int64(100), vol=np.float32(0.25), paths=np.int64(1000), rate=np.array([[1, 0.02]]))
    assert found.market.vol == 0.25


def test_several_underlyings():
    tables = {"A": {"spot": 100, "vol": 0.2}, "B": {"spot": 90, "vol": 0.3}}
    found = greeks.price("spread", strike=5, underlying=tables, correlation=0.5, greeks="delta", paths=1000)
    assert found.greeks == ("price", "delta[A]", "delta[B]")
    again = greeks.price(found.contract, found.market, greeks="delta", paths=1000)
    assert again.estimates == found.estimates


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"vol": -0.2}, "vol: -0.2: should be greater than or equal to 0.000001"),
        ({"strik": 5}, "strik: unknown key; did you mean 'strike'?"),
        ({"quantity": 3}, "quantity: 3: belongs to a trade of a book; write it in a row of greeks.batch"),
        ({"contract": "asain"}, "contract: asain: unknown contract; did you mean 'asian'?"),
        ({"contract": 3}, "contract: 3: a greeks.Contract or a mapping of fields is wanted"),
        ({"greeks": "dleta"}, "greeks: unknown Greek 'dleta'; did you mean 'delta'?"),
        ({"units": "cents"}, "units: cents: choose from raw"),
        ({"currency": 3 + 4j}, "currency: (3+4j): should be a valid string"),
        ({"currency": "EUR\n"}, "currency: EUR\\n: a word on one line is wanted"),
        ({"threads": 0}, "threads: 0: a whole number from 1 to 1,024 is wanted"),
        ({"threads": "two"}, "threads: two: a whole number from 1 to 1,024 is wanted"),
        ({"market": {"vool": 3}}, "market: vool: unknown key, not an option of [market]; did you mean 'vol'?"),
    ],
    ids=str,
)
def test_an_error_is_the_line_of_the_command(wrong, message):
    with pytest.raises(greeks.InvalidInput) as error:
        greeks.price(**{**CALL, **wrong})
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


def test_every_mistake_has_a_line():
    with pytest.raises(greeks.InvalidInput) as error:
        greeks.price(strike=-1, vol=-1, paths=3)
    assert [line.partition(":")[0] for line in str(error.value).splitlines()] == ["strike", "vol", "paths"]


def test_a_config_that_is_no_name_of_a_file_is_one_line():
    with pytest.raises(greeks.InvalidInput, match="config: 5: the name of a TOML file is wanted"):
        greeks.price(config=5)


def test_a_term_that_is_wrong_raises_the_same_error():
    with pytest.raises(greeks.InvalidInput, match="strike: -5: should be greater than or equal to"):
        greeks.European(strike=-5)


def test_every_contract_is_a_class_of_the_package():
    assert all(getattr(greeks, model.__name__) is model for model in CONTRACTS.values())


def test_greeks_that_are_left_out_are_notes():
    found = greeks.price("digital", **CALL, smoothing="none", estimator="pathwise")
    assert any("is left out" in note for note in found.notes)
    assert f"note: {found.notes[0]}" in str(found)


def test_a_tolerance_that_is_missed_is_a_note():
    found = greeks.price(strike=100, vol=0.2, paths=1000, tol="price=0.0001", max_paths=2000)
    assert found.unmet == ("price=0.0001",)
    assert "note: tol price=0.0001: not met" in str(found)


def test_an_unknown_estimate_is_a_key_error():
    with pytest.raises(KeyError, match="gamma: not among price, delta"):
        greeks.price(**CALL, greeks="delta")["gamma"]


def test_importing_the_package_loads_nothing_heavy():
    code = (
        "import sys, greeks_cli as greeks\n"
        "assert not {'numpy', 'chainer', 'pydantic', 'rich'} & sys.modules.keys(), 'on import'\n"
        "greeks.European(strike=100)\n"
        "assert not {'chainer', 'pandas', 'polars'} & sys.modules.keys(), 'on use'\n"
        "assert 'price' in dir(greeks)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_unknown_name_is_no_attribute():
    with pytest.raises(AttributeError, match="has no attribute 'pricee'"):
        greeks.pricee  # noqa: B018
    assert not hasattr(greeks, "Pricee")
