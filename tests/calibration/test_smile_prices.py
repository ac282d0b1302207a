"""Prices of the search beside closed forms, and their slopes beside differences."""

import numpy as np
import pytest

from greeks_cli.calibration.smile_data import SmileData, SmileErrors
from greeks_cli.calibration.smile_prices import SmilePrices
from greeks_cli.terms.markets.models import Model
from tests.calibration.smiles import BATES, HESTON, MERTON, points, prices_of, vols_of

MODELS = {"heston": HESTON, "bates": BATES, "merton": MERTON}
YEARS, STRIKES = np.array(points()).T
FORWARDS = 100 * np.exp(0.02 * YEARS)
MONEYNESS = np.log(STRIKES / FORWARDS)


def own(name):
    return {parameter: MODELS[name][parameter] for parameter in Model(name).parameters}


@pytest.mark.parametrize("name", MODELS)
def test_prices_are_those_of_closed_forms(name):
    prices = SmilePrices(Model(name), YEARS.tolist(), MONEYNESS.tolist(), 512).prices(own(name))
    kinds = ["call" if k > 0 else "put" for k in MONEYNESS]
    assert prices * FORWARDS * np.exp(-0.03 * YEARS) == pytest.approx(prices_of(MODELS[name], kinds), abs=1e-10)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("in_prices", [True, False])
def test_slopes_of_errors_are_their_differences(name, in_prices):
    data = SmileData(YEARS, MONEYNESS, vols_of(MODELS[name]) + 0.01, np.linspace(0.5, 1.5, len(YEARS)))
    errors, values = SmileErrors(Model(name), data, 256, in_prices), own(name)
    slopes = errors.slopes(values, list(values))
    for k, (parameter, value) in enumerate(values.items()):
        step = 1e-4 * abs(value)
        up, down = (errors.errors({**values, parameter: value + shift}) for shift in (step, -step))
        assert slopes[:, k] == pytest.approx((up - down) / (2 * step), rel=1e-5, abs=1e-7), parameter


def test_black_is_inverted_by_implied_vols():
    vols = np.linspace(0.1, 0.5, len(YEARS))
    data = SmileData(YEARS, MONEYNESS, vols, np.ones_like(vols))
    assert data.implied(data.black(vols)) == pytest.approx(vols, rel=1e-11)
    step = 1e-5
    assert data.vegas(vols) == pytest.approx((data.black(vols + step) - data.black(vols - step)) / (2 * step), rel=1e-7)
