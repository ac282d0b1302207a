"""Time steps under local volatility: fixed paths, their scores, and paths that move with one parameter."""

import numpy as np
import pytest

from greeks_cli.engine.simulation.gbm import MOVING
from greeks_cli.engine.simulation.grid import Grid
from greeks_cli.engine.simulation.markets import Markets, MarketSchedule
from greeks_cli.engine.simulation.models.local_levels import fixed_levels, levels
from greeks_cli.engine.simulation.models.local_vol_steps import (
    LocalVolDensity,
    LocalVolFixed,
    LocalVolShift,
    LocalVolSteps,
)
from greeks_cli.engine.simulation.models.model_paths import paths_of
from greeks_cli.engine.simulation.models.recursion import Recursion
from greeks_cli.engine.simulation.path_data import Motion, PathData
from greeks_cli.terms.building import build_request
from greeks_cli.terms.markets.models import Model

QUOTES = [[t, K, 0.2 - 0.1 * np.log(K / 100)] for t in (0.5, 1.0) for K in (80, 100, 120)]
CONTRACT = {"kind": "asian", "strike": 100, "fixing_times": [0.4, 1.0]}
REQUEST = build_request(CONTRACT, {"model": "local-vol", "vol_surface": QUOTES, "rate": 0.02}, {})
MARKET, DATES = REQUEST.market, (0.4, 1.0)
GRID = Grid(2, 0, (4, 6))
NORMALS = np.random.default_rng(6).standard_normal((GRID.n_rows, 4000))
VALUES = REQUEST.values


def run(model, *indices):
    return Recursion(model, [(), *indices]).run(GRID, DATES, VALUES, NORMALS)


def test_steps_of_weak_order_2_are_near_gaussian_steps():
    moving, fixed = run(LocalVolSteps(MARKET))["change", ()], run(LocalVolFixed(MARKET))["change", ()]
    gap = moving - fixed
    assert 0 < gap.std() < 0.1 * fixed.std()


def test_variance_of_a_change_is_its_spread():
    """The quadratic variation: a martingale's square less its variance has mean 0."""
    found = run(LocalVolSteps(MARKET, "variance"))
    change, variance = found["change", ()], found["variance", ()]
    np.testing.assert_array_equal(change, run(LocalVolSteps(MARKET))["change", ()])
    rest = (change + 0.5 * variance) ** 2 - variance
    assert (np.abs(rest.mean(axis=1)) <= 4 * rest.std(axis=1) / np.sqrt(rest.shape[1])).all()
    assert (variance > 0).all()


def test_paths_that_move_with_a_parameter_are_the_fixed_ones_where_it_is():
    fixed = run(LocalVolFixed(MARKET))["change", ()]
    np.testing.assert_allclose(run(LocalVolShift(MARKET, "spot"))["change", ()], fixed, atol=1e-12)


@pytest.mark.parametrize("name", ["spot", "vol", "rate", "time", "vol[0.5@100]"])
def test_scores_have_mean_0_and_move_no_fixed_path(name):
    score = run(LocalVolDensity(MARKET), (name,))["likelihood", (name,)].sum(axis=0)
    assert score.std() > 0
    assert abs(score.mean()) < 4 * score.std() / np.sqrt(score.size)


def test_fixed_paths_move_with_the_moving_parameter_alone():
    found = run(LocalVolShift(MARKET, "vol"), (MOVING,), ("spot",), (MOVING, "spot"))
    assert np.abs(found["change", (MOVING,)]).max() > 0
    # At the first date the price stays, while its forward moves with the spot.
    np.testing.assert_allclose(found["change", ("spot",)][0], -0.01, atol=1e-9)
    np.testing.assert_allclose(found["change", ("spot",)][1], 0, atol=1e-9)
    assert np.abs(found["change", (MOVING, "spot")]).max() > 0


def test_levels_are_sums_over_dates_with_the_forward():
    data = PathData(Motion(DATES, NORMALS, GRID), Markets.of([REQUEST]))
    schedule = MarketSchedule(data.markets, data.motion.on_device)
    plain = {name: float(value[0]) for name, value in data.markets.values.items()}
    for found, model in ((levels, LocalVolSteps(MARKET)), (fixed_levels, LocalVolFixed(MARKET))):
        expected = np.cumsum(run(model)["change", ()], axis=0) + 0.02 * np.array(DATES)[:, None]
        np.testing.assert_allclose(found(plain, schedule, 2, data), expected, atol=1e-12)


def test_every_model_has_its_paths():
    class Plain:
        def __init__(self, model):
            self.model = model

    kinds = {type(paths_of(Plain(model), None)).__name__ for model in Model}
    assert len(kinds) == 3
