"""Paths near kinks: a place that no plain path shows is met by many, and the choice of estimators knows of it."""

import numpy as np
import pytest

from greeks_cli.engine.estimators.bandwidth import kink_arguments
from greeks_cli.engine.execution.choice.pilot_errors import squared_errors
from greeks_cli.engine.execution.choice.selection import Pilot
from greeks_cli.engine.execution.near_kinks import aimed_at_kinks
from greeks_cli.engine.execution.numbers import Numbers
from greeks_cli.engine.simulation.any_market import data_of
from greeks_cli.terms.building import build_request
from greeks_cli.terms.simulation import Estimator


def narrow(width, greeks="delta"):
    """A digital as a spread of a width."""
    contract = {"kind": "formula", "payoff": f"max(S[-1]-100,0)/max(S[-1]-100,{width})"}
    return build_request(contract, {"vol": 0.2}, {}, greeks)


@pytest.mark.parametrize("width", [1e-2, 1e-4, 1e-6])
def test_paths_end_between_close_kinks(width):
    request = narrow(width)
    (pilot,) = Pilot.of_all([request])
    motion = pilot.motion.with_normals(np.random.default_rng(1).standard_normal((1, 100_000)))
    markets = Numbers([request]).markets
    moved = aimed_at_kinks(request, markets, motion)
    low, high = kink_arguments(request, data_of(motion.moved(moved.normals), markets))
    seen = np.where((low > 0) & (high < 0), moved.weights, 0.0)
    assert np.count_nonzero(seen) >= 1000
    # The weights are those of the plain law: the density of the price at 100, times the width.
    assert abs(seen.mean() - 0.019922 * width) <= 4 * seen.std() / np.sqrt(len(seen))


def test_a_rise_that_no_plain_path_shows_is_an_error_of_pathwise():
    (pilot,) = Pilot.of_all([narrow(1e-6)])
    (errors,) = squared_errors([pilot])
    methods = [method.estimator for method in pilot.candidates[("spot",)]]
    assert methods == [Estimator.PATHWISE, Estimator.LIKELIHOOD]
    pathwise, likelihood = np.sqrt(errors[("spot",)])
    assert likelihood < 2e-4
    assert pathwise > 10 * likelihood
