"""Paths of several underlyings: their correlation, its derivative, and the normals behind them."""

import numpy as np
import pytest

from greeks_cli.engine.simulation.any_market import data_of, markets_of, plain_path
from greeks_cli.engine.simulation.joint.lognormals import JointMarkets, JointPathData, values_of_part
from greeks_cli.engine.simulation.joint.paths import JointPath
from greeks_cli.engine.simulation.path_data import Motion
from tests.contracts.joint import IN_THREE, THREE, asked

MARKET = {"underlying": THREE, "correlation": IN_THREE, "rate": 0.02}
CONTRACT = {"kind": "worst-of", "strike": 100}
N_PATHS = 200_000


def data_in(correlation, n_paths=N_PATHS):
    """The request, and its paths, in three markets of which the first two have a correlation."""
    request = asked(CONTRACT, "price", {**MARKET, "correlation": {**IN_THREE, "A,B": correlation}})
    normals = np.random.default_rng(3).standard_normal((3, n_paths))
    return request, data_of(Motion(request.path_dates, normals), markets_of([request]))


def logarithms(correlation, n_paths=N_PATHS):
    request, data = data_in(correlation, n_paths)
    path = plain_path(data, request, request.values)
    assert isinstance(path, JointPath)
    return np.log(np.stack([np.asarray(part[-1]) for part in path.parts]))


def test_logarithms_have_the_correlations_of_the_market():
    found = np.corrcoef(logarithms(0.5))
    expected = [[1, 0.5, -0.2], [0.5, 1, 0.3], [-0.2, 0.3, 1]]
    np.testing.assert_allclose(found, expected, atol=5 / N_PATHS**0.5)


def test_a_derivative_of_the_normals_is_their_change_with_the_correlation():
    _, data = data_in(0.5, 50)
    assert isinstance(data, JointPathData)
    step = 1e-5
    for part in range(3):
        here, there = (data_in(0.5 + shift, 50)[1].part(part).motion.normals for shift in (-step, step))
        slope = data.part(part, ("correlation[A,B]",)).motion.normals
        np.testing.assert_allclose(slope, (there - here) / (2 * step), atol=1e-8)


def test_values_of_a_part_are_those_of_its_market():
    request, _ = data_in(0.5, 2)
    found = values_of_part(request.values, "B")
    assert found["spot"] == 95
    assert found["rate"] == 0.02
    assert found["correlation[A,C]"] == -0.2
    assert "spot[A]" not in found


def test_some_trades_keep_their_correlations():
    requests = [data_in(correlation, 2)[0] for correlation in (0.1, 0.4)]
    assert JointMarkets.of(requests).some([1]).factor(())[1][0] == pytest.approx(0.4)
