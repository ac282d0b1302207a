"""Partial derivatives of the variance over time steps."""

import numpy as np
import pytest

from greeks_cli.engine.simulation.grid import Grid
from greeks_cli.engine.simulation.models.heston import Heston
from greeks_cli.engine.simulation.models.recursion import closed
from greeks_cli.engine.simulation.models.recursions import recursion
from greeks_cli.engine.simulation.models.stepped import TimeStep

VALUES = {
    "initial_variance": 0.05,
    "mean_reversion": 1.5,
    "long_run_variance": 0.06,
    "vol_of_vol": 0.3,
    "spot_vol_correlation": -0.7,
    "time": 0.0,
}
NEAR_ZERO = {**VALUES, "vol_of_vol": 1.2, "initial_variance": 0.02}
DATES = (0.4, 1.0)
MODEL = Heston()
GRID = Grid(2, 0, (4, 6))
NORMALS = np.random.default_rng(3).standard_normal((GRID.n_rows, 20_000))


def run(values, indices, normals=NORMALS):
    return recursion(MODEL, frozenset(indices)).run(GRID, DATES, values, normals)


@pytest.mark.parametrize("name", VALUES)
def test_first_derivatives_are_those_of_differences(name):
    found = run(VALUES, [(name,)])
    h = 1e-6
    ends = [run({**VALUES, name: VALUES[name] + step}, [()]) for step in (h, -h)]
    for quantity in ("mean", "variance"):
        expected = (ends[0][quantity, ()] - ends[1][quantity, ()]) / (2 * h)
        np.testing.assert_allclose(found[quantity, (name,)], expected, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("index", [("initial_variance", "vol_of_vol"), ("mean_reversion", "mean_reversion")])
def test_second_derivatives_are_differences_of_the_first(index):
    first, second = index
    found = run(VALUES, [index])
    h = 1e-5
    ends = [run({**VALUES, second: VALUES[second] + step}, [(first,)]) for step in (h, -h)]
    expected = (ends[0]["mean", (first,)] - ends[1]["mean", (first,)]) / (2 * h)
    np.testing.assert_allclose(found["mean", index], expected, rtol=1e-4, atol=1e-6)


def test_mean_variance_has_no_curvature_in_its_start_even_near_zero():
    # The integral of the mean variance is linear in the start. Paths bend where they leave 0.
    index = ("initial_variance", "initial_variance")
    rows = run(NEAR_ZERO, [index])["variance", index].sum(axis=0)
    bends = run(NEAR_ZERO, [()])["variance", ()].sum(axis=0)
    assert abs(rows.mean()) < 4 * rows.std() / np.sqrt(rows.size)
    assert bends.min() > 0


def test_mean_of_the_variance_is_that_of_the_model():
    found = run(NEAR_ZERO, [()])["variance", ()].sum(axis=0) / (1 - 0.7**2)
    kappa, level, start = NEAR_ZERO["mean_reversion"], NEAR_ZERO["long_run_variance"], NEAR_ZERO["initial_variance"]
    expected = level + (start - level) * (1 - np.exp(-kappa)) / kappa
    # The trapezoid over steps of a tenth of a year is off by about kappa^2 h^2 / 12.
    assert abs(found.mean() - expected) < 4 * found.std() / np.sqrt(found.size) + expected * 1.5**2 * 0.1**2 / 12


def test_a_path_does_not_depend_on_its_neighbours():
    whole = run(NEAR_ZERO, [("vol_of_vol",)])
    some = run(NEAR_ZERO, [("vol_of_vol",)], NORMALS[:, 5000:5100])
    for partial, array in some.items():
        np.testing.assert_array_equal(array, whole[partial][:, 5000:5100])


def test_time_that_passes_shortens_the_steps_before_the_first_date_alike():
    (first, second) = TimeStep.all(Grid(2, 0, (2, 2)), (0.5, 1.0), np.inf)
    assert [(one.start, one.years, one.moves, one.shrinks) for one in first] == [
        (0, 0.25, 1, 0.5),
        (0.25, 0.25, 0.5, 0.5),
    ]
    assert all((one.moves, one.shrinks, one.left) == (0, 0, 0) for one in second)
    (only,) = TimeStep.all(Grid(1, 0, (4,)), (1.0,), 0.5)
    assert [one.shrinks for one in only] == [0.5, 0.5, 0, 0]
    assert [one.left for one in only] == [1, 0.75, 0.5, 0.25]


def test_derivatives_need_all_their_parts():
    assert closed([("a", "a", "b")]) == ((), ("a",), ("b",), ("a", "a"), ("a", "b"), ("a", "a", "b"))


def test_few_paths_near_zero_give_numbers_and_no_warning():
    # Quadratic steps have no value there, and exponential ones replace them.
    values = {**VALUES, "vol_of_vol": 0.6, "initial_variance": 0.04}
    grid = Grid(1, 0, (64,))
    normals = np.random.default_rng(4).standard_normal((grid.n_rows, 5000))
    with np.errstate(all="raise"):
        found = recursion(MODEL, frozenset({()})).run(grid, (1.0,), values, normals)
    assert np.isfinite(found["variance", ()]).all()
