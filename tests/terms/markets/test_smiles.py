"""Smiles of a surface: interpolation in moneyness and time, and arbitrage between quotes."""

import numpy as np
import pytest

from greeks_cli.terms.building import build_request
from greeks_cli.terms.errors import InvalidInput
from greeks_cli.terms.markets.market import Market

STRIKES = (70, 80, 90, 95, 100, 105, 110, 120, 135)
EXPIRIES = (0.1, 0.5, 1.0, 2.0)


def skewed(k, expiry):
    """The vol of a total variance a + b (rho (k - m) + sqrt((k - m)^2 + s^2)) (J. Gatheral's SVI)."""
    wings = -0.5 * (k - 0.02) + np.sqrt((k - 0.02) ** 2 + 0.04 * expiry)
    return np.sqrt(0.02 + 0.08 * wings / np.sqrt(expiry))


def market_of(vol=skewed, strikes=STRIKES, expiries=EXPIRIES, **fields):
    quotes = [[t, K, float(vol(np.log(K / 100), t))] for t in expiries for K in strikes]
    return Market.model_validate({"model": "local-vol", "vol_surface": quotes, "rate": 0.0, **fields})


def refusal(quotes, **market):
    with pytest.raises(InvalidInput) as error:
        build_request({"strike": 100}, {"model": "local-vol", "vol_surface": quotes, "rate": 0.0, **market}, {})
    return str(error.value)


def test_quotes_are_met():
    smiles = market_of(rate=0.03, dividend_yield=0.01).smiles
    for smile in smiles.all:
        forward = 100 * np.exp(0.02 * smile.expiry)
        for strike, vol in zip(smile.strikes, smile.vols, strict=True):
            assert smiles.vol(smile.expiry, np.log(strike / forward)) == pytest.approx(vol, rel=1e-13)


def test_forwards_have_all_of_the_carry():
    dividends = [[0.3, "2%"], [0.7, "1%"]]
    carry = {"rate": "0.5:0.02,2:0.03", "dividend_yield": 0.01, "borrow": 0.005, "dividends": dividends}
    market = market_of(lambda k, t: 0.2, **carry)
    forwards = [smile.forward for smile in market.smiles.all]
    assert forwards[0] == pytest.approx(100 * np.exp(0.005 * 0.1))
    assert forwards[1] == pytest.approx(98 * np.exp(0.005 * 0.5))
    assert forwards[3] == pytest.approx(98 * 0.99 * np.exp(0.015 * 2))
    future = market_of(lambda k, t: 0.2, future=90.0, rate=0.05)
    assert [smile.forward for smile in future.smiles.all] == [90.0] * 4


@pytest.mark.parametrize("k", [-0.5, -0.1, 0.0, 0.2, 0.6])
def test_total_variance_is_linear_in_time_and_proportional_outside(k):
    smiles = market_of().smiles
    at = [smiles.variance(t, k) for t in EXPIRIES]
    assert smiles.variance(0.03, k) == pytest.approx(0.3 * at[0])
    assert smiles.variance(0.6, k) == pytest.approx(0.8 * at[1] + 0.2 * at[2])
    assert smiles.variance(3, k) == pytest.approx(1.5 * at[3])


def test_interpolation_is_close_to_a_smooth_smile():
    smiles = market_of().smiles
    for t in EXPIRIES[1:]:
        for k in np.linspace(np.log(0.75), np.log(1.3), 31):
            assert smiles.vol(t, k) == pytest.approx(skewed(k, t), abs=2e-4)


def test_flat_markets_have_the_vol_at_the_forward():
    market = market_of(rate=0.03)
    assert market.flat(0.5).vol == pytest.approx(market.smiles.vol(0.5))
    assert market.today.vol == market.smiles.vol(0.1)
    assert market.shown_vol == market.today.vol
    assert market_of(lambda k, t: 0.3).flat(0.7).vol == pytest.approx(0.3, rel=1e-14)


def test_density_is_that_of_a_lognormal_under_a_constant_vol():
    for smile in market_of(lambda k, t: 0.2).smiles.all:
        np.testing.assert_allclose(smile.density_factor(np.linspace(-2, 2, 101)), 1, atol=1e-11)


def test_density_adds_up_to_one_and_has_its_mean_at_the_forward():
    k = np.linspace(-4, 3, 20001)
    for smile in market_of().smiles.all[1:]:
        w = smile.variance.at(k)
        d2 = -k / np.sqrt(w) - 0.5 * np.sqrt(w)
        density = smile.density_factor(k) * np.exp(-0.5 * d2 * d2) / np.sqrt(2 * np.pi * w)
        assert np.trapezoid(density, k) == pytest.approx(1, abs=2e-6)
        assert np.trapezoid(density * np.exp(k), k) == pytest.approx(1, abs=2e-6)


def flat_but(*exceptions):
    """Quotes of a vol of 20%, but for some."""
    found = {(t, K): 0.2 for t in (0.5, 1) for K in (80, 90, 100, 110, 120)}
    return [[t, K, vol] for (t, K), vol in {**found, **dict(exceptions)}.items()]


@pytest.mark.parametrize(
    ("quotes", "message"),
    [
        (
            flat_but(((1, 80), 0.144), ((1, 90), 0.142), ((1, 100), 0.13), ((1, 110), 0.141), ((1, 120), 0.143)),
            "calendar arbitrage at strike 100: total variance vol^2 t must rise, and at this moneyness is 0.02 "
            "at expiry 0.5 and 0.0169 at 1; raise the vols of 1",
        ),
        (
            flat_but(((1, 100), 0.25)),
            "butterfly arbitrage at expiry 1: the call at strike 100 costs more than those at 90 and 110 allow; "
            "lower its vol 0.25, or correct those beside it",
        ),
        (
            flat_but(((0.5, 110), 0.1), ((0.5, 120), 0.3)),
            "butterfly arbitrage at expiry 0.5: the call at strike 120 costs more than that at 110; lower its vol 0.3",
        ),
        (
            flat_but(((0.5, 100), 0.14)),
            "butterfly arbitrage at expiry 0.5 near strike 110: the density that interpolates the vols is negative "
            "there; correct the vols of 100 and 110, or leave a quote out",
        ),
        (
            [[t, K, vol] for t in (0.5, 1) for K, vol in ((99, 0.2), (100, 0.2), (101, 0.206), (150, 0.2))],
            "butterfly arbitrage at expiry 0.5 near strike",
        ),
    ],
    ids=["calendar", "butterfly", "call spread", "dent", "close strikes"],
)
def test_arbitrage_is_refused_with_its_strike_and_expiry(quotes, message):
    text = refusal(quotes)
    assert message in text
    assert text.startswith("market.vol_surface: ")
    assert "\n" not in text


def test_calendar_arbitrage_is_one_at_equal_moneyness_not_at_equal_strike():
    """Smiles that slide with a forward of 30% a year: total variance falls at each moneyness, not at each strike."""
    quotes = [
        [t, 100 * np.exp(0.3 * t) * x, vol * np.sqrt(0.5 / t) * (0.999 if t > 0.5 else 1)]
        for t in (0.5, 0.6)
        for x, vol in ((0.8, 0.35), (0.9, 0.3), (1, 0.26), (1.1, 0.24), (1.2, 0.23))
    ]
    assert "calendar arbitrage" in refusal(quotes, rate=0.3)
    assert build_request({"strike": 100}, {"model": "local-vol", "vol_surface": quotes, "rate": 0.0}, {})


@pytest.mark.parametrize("seed", range(8))
def test_surface_that_is_accepted_has_positive_variance_and_density_between_its_quotes(seed):
    rng = np.random.default_rng(seed)
    noisy = {(t, K): skewed(np.log(K / 100), t) + 2e-4 * rng.standard_normal() for t in EXPIRIES for K in STRIKES}
    for smile in market_of(lambda k, t: noisy[t, round(100 * float(np.exp(k)))]).smiles.all:
        k = np.linspace(smile.knots[0], smile.knots[-1], 4001)
        assert (smile.variance.at(k) > 0).all()
        assert (smile.density_factor(k) > 0).all()
