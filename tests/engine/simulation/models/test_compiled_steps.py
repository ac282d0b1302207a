"""Compiled time steps of models: sums over steps are NumPy's, on all dates and for all partial derivatives."""

from types import SimpleNamespace

import numpy as np
import pytest

from greeks_cli.engine.backends.portable import PORTABLE
from greeks_cli.engine.compiler.elementary import in_place
from greeks_cli.engine.simulation.grid import Grid
from greeks_cli.engine.simulation.models import compiled_steps
from greeks_cli.engine.simulation.models.heston import Heston
from greeks_cli.engine.simulation.models.recursion import Recursion
from greeks_cli.engine.simulation.models.recursions import stepped_of
from tests.engine.simulation.surfaces import QUOTES, market_of

CALM = {"initial_variance": 0.04, "mean_reversion": 2.0, "long_run_variance": 0.05, "vol_of_vol": 0.3}
NEAR_ZERO = {"initial_variance": 0.04, "mean_reversion": 0.5, "long_run_variance": 0.04, "vol_of_vol": 1.0}
INDICES = [("initial_variance",), ("time",), ("vol_of_vol", "vol_of_vol")]
DATES = (0.3, 1.0)


def sums(values, steps=(6, 14), n_paths=101, dtype=np.float64, indices=INDICES):
    grid = SimpleNamespace(steps=steps, n_dates=2, rows_of=lambda i: range(2 + i * steps[0], 2 + sum(steps[: i + 1])))
    normals = np.random.default_rng(1).normal(size=(2 + sum(steps), n_paths)).astype(dtype)
    market = {"spot_vol_correlation": -0.7, "time": 0.0, **values}
    recursion = Recursion(Heston(), indices)
    numpys = recursion.run(grid, DATES, market, normals)
    with in_place(PORTABLE):
        return numpys, recursion.run(grid, DATES, market, normals)


def assert_near(numpys, ours, tolerance):
    assert numpys.keys() == ours.keys()
    for partial, array in numpys.items():
        assert ours[partial].dtype == array.dtype
        scale = max(np.abs(array).max(), 1e-4)  # some derivatives are rounding alone, about 1e-16
        np.testing.assert_allclose(ours[partial] / scale, array / scale, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("values", [CALM, NEAR_ZERO], ids=["calm", "near zero"])
@pytest.mark.parametrize("steps", [(6, 14), (1, 1), (1, 30)], ids=str)
def test_sums_over_steps_agree_with_numpy(monkeypatch, values, steps):
    made = []

    def loop(programs, *arguments):
        found = compiled(programs, *arguments)
        made.append(len(programs))
        return found

    compiled = compiled_steps.StepLoop
    monkeypatch.setattr(compiled_steps, "StepLoop", loop)
    numpys, ours = sums(values, steps)
    assert_near(numpys, ours, 1e-10)
    assert made
    if values is CALM:
        assert {*made} == {1}  # no path nears zero: the other step is not compiled
    elif sum(steps) > 2:
        assert 2 in made


def test_steps_of_float32_are_of_float32():
    assert_near(*sums(CALM, dtype=np.float32, indices=[("initial_variance",)]), 1e-4)


def test_few_paths_are_numpys():
    numpys, ours = sums(CALM, n_paths=7)
    assert_near(numpys, ours, 1e-12)
    assert compiled_steps.CompiledSteps(None, {}, True).through([], [], {}, np.zeros((3, 7))) is None


def test_grids_of_the_tests_are_those_of_requests():
    grid = Grid(n_dates=2, steps=(6, 14), n_stepped=1)
    assert [*grid.rows_of(0), *grid.rows_of(1)] == [*range(2, 22)]


@pytest.mark.parametrize("kind", ["path", "density", "shift spot"])
def test_steps_of_a_local_volatility_are_compiled_and_agree_with_numpy(monkeypatch, kind):
    market, grid = market_of(QUOTES), Grid(n_dates=2, steps=(4, 6), n_stepped=1, is_conditional=False)
    made = []

    def loop(*arguments):
        found = compiled(*arguments)
        made.append(found)
        return found

    compiled = compiled_steps.StepLoop
    monkeypatch.setattr(compiled_steps, "StepLoop", loop)
    own = Recursion(stepped_of(market, kind, ()), [("spot",), ("vol",)])
    normals = np.random.default_rng(2).normal(size=(grid.n_rows, 50))
    values = {**dict(market.values), "time": 0.0}
    numpys = own.run(grid, DATES, values, normals)
    with in_place(PORTABLE):
        ours = own.run(grid, DATES, values, normals)
    assert_near(numpys, ours, 1e-9)
    assert len(made) == 3  # one in each interval between the expiries of the surface that the steps are in
