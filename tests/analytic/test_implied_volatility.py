"""Implied vols against the exact solution of 40 digits, and prices that no vol or no one vol gives."""

import time

import mpmath as mp
import numpy as np
import pytest

from greeks_cli.analytic.implied_volatility import LEAST_ACCURACY, Found, implied_vols
from tests.implied_vols import Quote, judged, last_place, random_quotes


def only(*terms):
    """The vol and the outcome of one quote: forward, strike, discount, years, sign, price."""
    found = implied_vols(*terms)
    return float(found.vols[0]), Found(found.outcomes[0]), float(found.accuracy[0])


def test_random_prices_have_the_exact_vol_or_none():
    with mp.workdps(40):
        errors, outcomes, mistaken = judged(random_quotes(2_000, seed=7))
    assert mistaken == []
    assert errors.max() < 1e-12
    assert {*outcomes} == {*Found}


@pytest.mark.parametrize("years", [1 / 365, 1.0, 30.0])
@pytest.mark.parametrize("vol", [1e-6, 1e-3, 0.01, 0.2, 1.0, 1.5])
def test_at_the_money_every_vol_comes_back(vol, years):
    with mp.workdps(40):
        quotes = [Quote(100.0, 100.0, 0.97, years, sign) for sign in (1.0, -1.0)]
        quotes = [Quote(q.forward, q.strike, q.discount, q.years, q.sign, float(q.at(mp.mpf(vol))[0])) for q in quotes]
        errors, _, mistaken = judged(quotes)
    assert (errors.size, mistaken) == (2, [])
    assert errors.max() < 1e-12


IMPOSSIBLE = [
    ("a call at its intrinsic value", (105.0, 100.0, 1.0, 1.0, 1.0, 5.0), Found.TOO_LOW),
    ("a call below it", (105.0, 100.0, 1.0, 1.0, 1.0, 4.9), Found.TOO_LOW),
    ("a put below it", (90.0, 100.0, 0.9, 1.0, -1.0, 8.9), Found.TOO_LOW),
    ("a worthless option", (100.0, 100.0, 1.0, 1.0, 1.0, 0.0), Found.TOO_LOW),
    ("a call worth the forward", (100.0, 80.0, 0.5, 1.0, 1.0, 50.0), Found.TOO_HIGH),
    ("a put worth more than its strike", (100.0, 80.0, 1.0, 1.0, -1.0, 80.5), Found.TOO_HIGH),
    ("a call just above intrinsic", (150.0, 100.0, 1.0, 1.0, 1.0, np.nextafter(50.0, 51)), Found.UNDETERMINED),
    ("a call just below the forward", (100.0, 100.0, 1.0, 1.0, 1.0, np.nextafter(100.0, 0)), Found.UNDETERMINED),
    ("a price of one bit", (1.0, 5.0, 1.0, 1.0, 1.0, 5e-324), Found.UNDETERMINED),
]  # fmt: skip


@pytest.mark.parametrize(("terms", "outcome"), [case[1:] for case in IMPOSSIBLE], ids=[case[0] for case in IMPOSSIBLE])
def test_impossible_prices_have_a_reason_and_no_number(terms, outcome):
    vol, found, _ = only(*terms)
    assert (np.isnan(vol), found) == (True, outcome)


def test_a_price_of_300_zeros_has_its_vol():
    vol, found, _ = only(100.0, 500.0, 1.0, 1.0, 1.0, 1e-300)
    assert found is Found.VOL
    with mp.workdps(40):
        value, slope = Quote(100.0, 500.0, 1.0, 1.0, 1.0).at(mp.mpf(vol))
    assert abs(float((value - mp.mpf(1e-300)) / slope / vol)) < 1e-12


@pytest.mark.parametrize("strike", [100.0, 125.0], ids=["in the money", "out of the money"])
def test_accuracy_is_the_change_for_the_last_bit(strike):
    terms = (120.0, strike, 0.95, 0.5, 1.0)
    with mp.workdps(40):
        price = float(Quote(*terms).at(mp.mpf("0.08"))[0])
    vol, _, accuracy = only(*terms, price)
    bits = 2**18
    moved, _, _ = only(*terms, price + bits * last_place(Quote(*terms, price)))
    assert (moved / vol - 1) / bits == pytest.approx(accuracy, rel=1e-3)
    assert 1e-18 < accuracy < LEAST_ACCURACY


def test_a_row_does_not_depend_on_its_neighbours():
    quotes = random_quotes(20_000, seed=3)
    columns = [np.array([getattr(quote, name) for quote in quotes]) for name in Quote.__dataclass_fields__]
    whole, half = implied_vols(*columns), implied_vols(*(column[::2] for column in columns))
    np.testing.assert_array_equal(whole.vols[::2], half.vols)
    np.testing.assert_array_equal(whole.outcomes[::2], half.outcomes)


def test_no_prices_have_no_vols():
    assert implied_vols(100.0, 100.0, 1.0, 1.0, 1.0, np.empty(0)).vols.shape == (0,)


def test_a_row_takes_about_a_microsecond():
    n = 50_000
    strikes = np.linspace(60, 160, n)
    prices = implied_prices(strikes)
    seconds = []
    for _ in range(5):
        started = time.process_time()
        found = implied_vols(100.0, strikes, 0.97, 0.75, 1.0, prices)
        seconds.append(time.process_time() - started)
    assert (found.outcomes == Found.VOL).all()
    assert min(seconds) < 4e-6 * n  # measured: 0.4e-6; of the processor, for the machine of a test may be busy


def implied_prices(strikes):
    """Prices of calls at 25% vol, to single precision, which is enough for the clock."""
    from scipy.special import ndtr

    s = 0.25 * np.sqrt(0.75)
    d1 = np.log(100 / strikes) / s + s / 2
    return 0.97 * (100 * ndtr(d1) - strikes * ndtr(d1 - s))
