"""Shocks of prices, variances and jumps: their means are 0, at the present parameters and at others."""

import numpy as np
import pytest

from greeks_cli.engine.autodiff.ops import values_of
from greeks_cli.engine.exercise.fit import pilot_path
from greeks_cli.engine.exercise.policy import policy_of
from greeks_cli.engine.payoffs.early.given import EarlyGiven, degrees, polynomials
from greeks_cli.engine.payoffs.early.moves import moments_of_variance
from greeks_cli.engine.payoffs.early.shocks import n_shocks, shocks
from greeks_cli.terms.building import build_request
from greeks_cli.terms.markets.models import Model
from tests.models import ALL, BATES, HESTON

PUT = {"type": "put", "strike": 100, "exercise": "bermudan", "exercise_times": [0.1, 0.5, 1]}


def shocks_of(market, n_paths=1 << 15):
    request = build_request(PUT, {"spot": 100, **market}, {"steps": 12})
    own = EarlyGiven(request.contract, request.payoff_values, pilot_path(request, 9, n_paths))
    return [values_of(shock) for shock in shocks(policy_of(request), own.move, own.european)], own


@pytest.mark.parametrize("market", ALL.values(), ids=ALL)
def test_shocks_have_a_mean_of_nothing_at_every_date(market):
    found, own = shocks_of(market)
    assert len(found) == n_shocks(own.model)
    for shock in found:
        noise = shock.std(axis=1) / np.sqrt(shock.shape[1])
        assert (np.abs(shock.mean(axis=1)) <= 4.5 * noise + 1e-12).all()


def test_a_shock_has_nothing_to_do_with_what_was_known():
    found, own = shocks_of(BATES)
    known = own.states[0][:-1]
    for shock in found:
        product = shock[1:] * (known - known.mean(axis=1)[:, None])
        noise = product.std(axis=1) / np.sqrt(product.shape[1])
        assert (np.abs(product.mean(axis=1)) <= 4.5 * noise + 1e-12).all()


def test_the_variance_has_the_moments_of_its_exact_law_on_any_steps():
    own = shocks_of(HESTON)[1]
    mean, variance = moments_of_variance(HESTON, 0.1, HESTON["initial_variance"])
    reached, n_paths = own.levels[0], own.levels.shape[1]
    assert abs(reached.mean() - mean) <= 4 * np.sqrt(variance / n_paths)
    assert reached.std() == pytest.approx(np.sqrt(variance), rel=0.02)


def test_polynomials_are_as_many_as_their_degrees_and_begin_with_1():
    for model, states in ((Model.MERTON, 1), (Model.HESTON, 2)):
        rows = polynomials(model, [np.array([2.0])] * states)
        assert len(rows) == len(degrees(model))
        assert rows[0] == 1.0
        assert max(degrees(model)) == 6
