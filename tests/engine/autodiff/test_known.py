"""Nodes of quantities whose partial derivatives are known."""

import numpy as np
import pytest

from greeks_cli.engine.autodiff.known import known
from greeks_cli.engine.autodiff.mixed_partials import by_grad
from greeks_cli.engine.autodiff.ops import make_leaves, running_total

X, Y = np.array([1.0, 2.0, 3.0]), np.array([0.5, 0.25, 2.0])
POWERS = {0: lambda y: y**3, 1: lambda y: 3 * y**2, 2: lambda y: 6 * y, 3: lambda y: 6 + 0 * y}


def partials(index):
    """Those of x^2 y^3."""
    in_x = [X * X, 2 * X, 2 + 0 * X][index.count("x")] if index.count("x") < 3 else 0 * X
    return in_x * POWERS[index.count("y")](Y)


@pytest.mark.parametrize("index", [(), ("x",), ("y",), ("x", "y"), ("y", "x"), ("x", "x", "y"), ("y", "y", "y")])
def test_derivatives_are_the_known_ones(index):
    leaves = make_leaves({"x": X, "y": Y}, {"x", "y"}, 3, np.float64)
    found = by_grad(known(partials, leaves) * 2, leaves, [index])[index]
    np.testing.assert_allclose(found, 2 * partials(tuple(sorted(index))))


def test_rows_of_dates_are_summed_in_the_derivative():
    leaves = make_leaves({"x": X}, {"x"}, 3, np.float64)
    rows = known(lambda index: np.array([partials(index), 2 * partials(index)]), leaves)
    weights = np.array([[1.0], [10.0]])
    found = by_grad((rows * np.broadcast_to(weights, (2, 3))).reshape(-1, 3)[1], leaves, [("x",)])
    np.testing.assert_allclose(found["x",], 20 * partials(("x",)))


def test_without_variables_the_quantity_is_an_array():
    assert known(partials, {"x": X, "y": 2.0}) is not None
    np.testing.assert_array_equal(known(partials, {"x": X}), partials(()))


def test_running_totals_differentiate_to_totals_from_the_end():
    leaves = make_leaves({"x": X}, {"x"}, 3, np.float64)
    steps = np.array([[1.0], [2.0], [4.0]]) * np.ones((3, 3)) * leaves["x"]
    totals = running_total(steps)
    np.testing.assert_allclose(totals.array, np.array([[1.0], [3.0], [7.0]]) * X)
    chosen = (totals * totals)[1]
    np.testing.assert_allclose(by_grad(chosen, leaves, [("x", "x")])["x", "x"], 18.0)
