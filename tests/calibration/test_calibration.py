"""Fits to quotes of known models, and what is said of parameters that quotes do not tell."""

from dataclasses import replace

import numpy as np
import pytest

from greeks_cli.run.calibration import calibrate
from greeks_cli.terms.dates.dating import Dating
from greeks_cli.terms.errors import InvalidInput
from tests.calibration.smiles import BATES, CARRY, HESTON, MERTON, as_type, points, prices_of, quotes_of


def fit(quotes, model, seed=0, largest_rms=1.0, **fields):
    return calibrate(quotes, {**CARRY, "model": model, **fields}, Dating(), seed, largest_rms)


def values(found):
    return {one.name: one.value for one in found.parameters}


@pytest.mark.parametrize("model", [HESTON, BATES, MERTON], ids=lambda model: model["model"])
@pytest.mark.parametrize("seed", [0, 1])
def test_exact_quotes_give_back_the_model(model, seed):
    found = fit(quotes_of(model), model["model"], seed)
    assert values(found) == pytest.approx({n: v for n, v in model.items() if n != "model"}, rel=1e-6)
    assert found.rms < 1e-6
    assert not found.failures
    assert found.n_alike >= 2


def test_prices_of_calls_and_puts_give_back_the_model():
    kinds = ["put" if k % 3 else "call" for k in range(len(points()))]
    prices = prices_of(BATES, kinds)
    quotes = [
        replace(quote, type=as_type(1 if kind == "call" else -1), vol=None, price=price)
        for quote, kind, price in zip(quotes_of(BATES), kinds, prices, strict=True)
    ]
    found = fit(quotes, "bates")
    assert found.market.vol_of_vol == pytest.approx(0.5, rel=1e-5)
    for one, price in zip(found.quotes, prices, strict=True):
        assert one.model_price == pytest.approx(price, abs=1e-8)


@pytest.mark.parametrize("seed", [2, 3, 4])
def test_estimates_from_noisy_quotes_are_within_standard_errors(seed):
    noise = 0.001
    found = fit(quotes_of(HESTON, noise=noise, seed=seed), "heston")
    assert found.rms == pytest.approx(100 * noise, rel=0.4)
    for one in found.parameters:
        assert 0 < one.stderr < 0.5 * abs(one.value)
        assert abs(one.value - HESTON[one.name]) < 4 * one.stderr, one.name


def test_standard_errors_are_the_spread_of_estimates():
    estimates = [values(fit(quotes_of(HESTON, noise=0.001, seed=s), "heston")) for s in range(12)]
    stated = {one.name: one.stderr for one in fit(quotes_of(HESTON, noise=0.001, seed=7), "heston").parameters}
    for name, stderr in stated.items():
        spread = np.std([one[name] for one in estimates], ddof=1)
        assert 0.5 < spread / stderr < 2, name


def test_quotes_of_little_weight_do_not_move_the_fit():
    quotes = quotes_of(HESTON)
    wrong = [replace(quote, vol=quote.vol + 0.05, weight=1e-8) for quote in quotes[::7]]
    rest = [quote for k, quote in enumerate(quotes) if k % 7]
    assert values(fit([*rest, *wrong], "heston", largest_rms=10)) == pytest.approx(
        values(fit(rest, "heston")), rel=1e-3
    )
    left_out = [replace(quote, weight=0.0) for quote in wrong]
    assert len(fit([*rest, *left_out], "heston").quotes) == len(rest)


def test_weights_are_those_of_the_spreads():
    quotes = [replace(quote, spread=0.01 if k % 2 else 0.002) for k, quote in enumerate(quotes_of(HESTON))]
    weights = [one.weight for one in fit(quotes, "heston").quotes]
    assert weights[0] / weights[1] == pytest.approx(25)
    assert np.mean(weights) == pytest.approx(1)


def test_one_expiry_holds_the_mean_reversion():
    found = fit(quotes_of(HESTON, points(expiries=(0.5,))), "heston")
    (held,) = (one for one in found.parameters if one.is_held)
    assert (held.name, held.value, held.stderr) == ("mean_reversion", 1.0, None)
    assert "one expiry does not tell mean_reversion" in found.remarks[0]
    given = fit(quotes_of(HESTON, points(expiries=(0.5,))), "heston", mean_reversion=1.5)
    assert "one expiry" not in " ".join(given.remarks)
    assert given.rms < 1e-6


def test_parameters_that_are_given_are_held():
    found = fit(quotes_of(HESTON), "heston", spot_vol_correlation=-0.6, mean_reversion=2.0)
    assert {one.name for one in found.parameters if one.is_held} == {"mean_reversion", "spot_vol_correlation"}
    assert found.market.spot_vol_correlation == -0.6


def test_parameters_that_quotes_do_not_tell_are_named():
    """Two expiries near each other tell mean_reversion and long_run_variance together alone."""
    found = fit(quotes_of(HESTON, points(expiries=(0.05, 0.06)), noise=1e-4), "heston")
    said = " ".join(found.remarks)
    assert "mean_reversion" in said
    assert "long_run_variance" in said
    assert "--mean-reversion holds it" in said


def test_fellers_condition_is_remarked():
    assert any("Feller's condition fails" in one for one in fit(quotes_of(HESTON), "heston").remarks)
    calm = {**HESTON, "vol_of_vol": 0.2}
    assert not any("Feller" in one for one in fit(quotes_of(calm), "heston").remarks)


def test_a_bad_fit_is_not_met():
    found = fit(quotes_of(BATES), "merton", largest_rms=0.5)
    assert any("the fit is bad" in reason for reason in found.failures)


@pytest.mark.parametrize(
    ("fields", "where", "words"),
    [
        ({"model": "gbm", "vol": 0.2}, ("market", "model"), "choose merton, heston or bates"),
        ({"model": "merton", "vol": [[1, 0.2], [2, 0.22]]}, ("market", "vol"), "a curve is not fitted"),
        ({"model": "heston", "dividends": "0.3:2"}, ("market", "dividend_model"), "choose escrowed"),
        (
            {"model": "heston", "dividends": "0.3:200", "dividend_model": "escrowed"},
            ("market", "dividends"),
            "are worth all of the spot",
        ),
        ({"model": "heston", "spot": -1}, ("market", "spot"), "greater than"),
        (HESTON, ("market", "model"), "none is left to fit"),
    ],
)
def test_markets_that_cannot_be_fitted_are_refused(fields, where, words):
    if isinstance(fields.get("vol"), list):
        fields = {**fields, "vol": "1:0.2,2:0.22"}
    with pytest.raises(InvalidInput) as error:
        calibrate(quotes_of(HESTON), {**CARRY, **fields}, Dating(), 0, 1.0)
    assert error.value.problems[0].path == where
    assert words in error.value.problems[0].message


def test_too_few_quotes_are_refused():
    with pytest.raises(InvalidInput, match="4 quotes for 5 parameters"):
        fit(quotes_of(HESTON)[:28:7], "heston")


def test_prices_without_a_vol_are_refused_by_their_lines():
    quotes = [replace(quote, type=as_type(1), vol=None, price=500.0) for quote in quotes_of(HESTON)[:6]]
    with pytest.raises(InvalidInput) as error:
        fit(quotes, "heston", mean_reversion=1.0)
    assert [problem.path for problem in error.value.problems] == [(f"quotes.csv:{k}",) for k in range(2, 8)]
    assert "no vol gives this price" in error.value.problems[0].message


def test_quotes_too_far_from_the_forward_are_refused_by_their_lines():
    far = replace(quotes_of(HESTON)[0], strike=1000.0, place="quotes.csv:99")
    with pytest.raises(InvalidInput, match=r"quotes\.csv:99: strike 1000 is \d+ standard deviations"):
        fit([*quotes_of(HESTON), far], "heston")


@pytest.mark.parametrize("model", [HESTON, BATES], ids=lambda model: model["model"])
def test_quotes_far_from_the_forward_are_fitted(model):
    at = points(widths=(-4, -2, -1, 0, 0.5, 1, 1.5))
    found = fit(quotes_of(model, at), model["model"])
    assert max(abs(np.log(one.quote.strike / 100)) / (one.vol * one.quote.expiry**0.5) for one in found.quotes) > 2.4
    assert found.rms < 1e-5


def test_escrowed_dividends_and_curves_enter_the_forward():
    fields = {"dividends": "0.2:1", "dividend_model": "escrowed", "rate": "0.5:0.02,2:0.03"}
    found = fit(quotes_of(HESTON), "heston", **fields)
    again = fit([replace(one.quote, vol=one.model_vol) for one in found.quotes], "heston", **fields)
    assert again.rms < 1e-6
    assert values(again) == pytest.approx(values(found), rel=1e-5)
