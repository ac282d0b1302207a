"""Least squares: against NumPy's, and columns that depend on others."""

import numpy as np
import pytest

from greeks_cli.engine.exercise.least_squares import fitted

RANDOM = np.random.default_rng(3)


@pytest.mark.parametrize("degree", [0, 3, 8])
def test_coefficients_are_those_of_numpy(degree):
    x = RANDOM.uniform(-2, 2, 500)
    columns = np.array([x**k for k in range(degree + 1)])
    target = np.exp(x) + RANDOM.standard_normal(500)
    expected = np.linalg.lstsq(columns.T, target, rcond=None)[0]
    assert fitted(columns, target) == pytest.approx(expected, rel=1e-8, abs=1e-8)


def test_a_column_that_depends_on_others_has_no_coefficient():
    x = RANDOM.standard_normal(100)
    found = fitted(np.array([np.ones(100), x, 2 * x + 3, np.zeros(100)]), 5 * x + 7)
    assert found == pytest.approx([7, 5, 0, 0])


def test_columns_of_any_size_are_fitted():
    x = RANDOM.standard_normal(300)
    assert fitted(np.array([1e-8 * np.ones(300), 1e9 * x]), 2 + 3 * x) == pytest.approx([2e8, 3e-9])
