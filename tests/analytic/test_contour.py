"""Contours of Fourier integrals: every one that converges gives the same price."""

from math import exp, log

import numpy as np
import pytest

from greeks_cli.analytic.characteristic import log_characteristic, slope_at_infinity
from greeks_cli.analytic.contour import Contour, chosen_contour
from greeks_cli.terms.markets.models import Model
from tests.analytic.fourier import HESTON, JUMPS

WILD = {
    "initial_variance": 0.01,
    "mean_reversion": 0.1,
    "long_run_variance": 0.01,
    "vol_of_vol": 2.0,
    "spot_vol_correlation": -0.5,
}
CASES = {
    "usual": (Model.HESTON, HESTON, 1.0, 0.1),
    "variance mostly near 0": (Model.HESTON, WILD, 1.0, 0.2),
    "variance mostly near 0, and jumps": (Model.BATES, {**WILD, **JUMPS, "jump_mean": -0.2}, 10.0, 0.06),
    "jumps alone": (Model.MERTON, {"vol": 0.01, **JUMPS}, 1.0, -0.2),
}


def covered(contour, log_of, moneyness):
    """The means of both rules of K/pi times the integral, over the forward."""
    found = []
    for shift in (0.0, 0.5):
        z, shares = contour.nodes(shift)
        found.append(np.sum(np.exp(log_of(z) - 1j * moneyness * z) / (z * (z + 1j)) * shares).real)
    return exp(moneyness) / np.pi * np.mean(found)


@pytest.mark.parametrize("name", CASES)
def test_the_chosen_contour_gives_the_price_of_a_level_one(name):
    model, values, years, moneyness = CASES[name]

    def log_of(z):
        return log_characteristic(model, z, values, years, values.get("vol", 0.0) ** 2 * years)

    chosen = chosen_contour(log_of, moneyness, 0.3, slope_at_infinity(model, values, years))
    assert chosen.n_nodes <= 768
    end = log(2 * 60 / min(0.005, values.get("vol", 1.0)))
    level = Contour(0.0, end / 8000, 8000)
    assert covered(chosen, log_of, moneyness) == pytest.approx(covered(level, log_of, moneyness), abs=1e-12)


@pytest.mark.parametrize("model", [Model.HESTON, Model.BATES])
def test_the_slope_at_infinity_is_that_of_the_logarithm(model):
    values = {**HESTON, **JUMPS}
    near, far = (log_characteristic(model, np.array([z + 0j]), values, 0.7, 0.0)[0] for z in (1e7, 2e7))
    assert slope_at_infinity(model, values, 0.7) == pytest.approx((far - near) / 1e7, rel=1e-5)


def test_where_nothing_converges_there_is_no_contour():
    """Jumps of one size without a vol: the integrand never falls."""
    values = {"vol": 0.0, "jump_intensity": 0.5, "jump_mean": -0.1, "jump_vol": 0.0}

    def log_of(z):
        return log_characteristic(Model.MERTON, z, values, 1.0, 0.0)

    assert chosen_contour(log_of, 0.0, 0.1, slope_at_infinity(Model.MERTON, values, 1.0)) is None
