"""The Cholesky factor against NumPy's, and its derivatives against finite differences."""

from itertools import combinations_with_replacement

import numpy as np
import pytest

from greeks_cli.engine.simulation.joint.cholesky import factor


def matrix_of(n, seed=0):
    """A correlation matrix without accidental zeros."""
    rows = np.random.default_rng(seed).normal(size=(n, 2 * n))
    covariance = rows @ rows.T
    deviations = np.sqrt(np.diag(covariance))
    return covariance / np.outer(deviations, deviations)


def of(matrix, index=()):
    return np.array(factor(tuple(map(tuple, matrix.tolist())), index))


def moved(matrix, place, by):
    found = matrix.copy()
    found[place] += by
    found[place[::-1]] += by
    return found


@pytest.mark.parametrize("n", [1, 2, 5, 40])
def test_factor_is_that_of_numpy(n):
    matrix = matrix_of(n)
    np.testing.assert_allclose(of(matrix), np.linalg.cholesky(matrix), atol=1e-12)


def test_factor_of_a_singular_matrix_gives_the_matrix():
    matrix = np.array([[1, 1, 0.5], [1, 1, 0.5], [0.5, 0.5, 1]])
    np.testing.assert_allclose(of(matrix) @ of(matrix).T, matrix, atol=1e-14)


PLACES = [(1, 0), (2, 0), (2, 1), (3, 1)]
INDICES = [index for order in (1, 2, 3) for index in combinations_with_replacement(PLACES, order)]


@pytest.mark.parametrize("index", INDICES, ids=str)
def test_derivative_is_a_difference_of_those_below(index):
    matrix, (last, rest), step = matrix_of(4), (index[-1], index[:-1]), 1e-5
    up, down = (of(moved(matrix, last, sign * step), rest) for sign in (1, -1))
    np.testing.assert_allclose(of(matrix, index), (up - down) / (2 * step), rtol=2e-8, atol=2e-8)
