"""Correlation matrices: how far one correlation may move."""

import numpy as np
import pytest

from greeks_cli.terms.markets.correlations import least_eigenvalue, room


@pytest.mark.parametrize("place", [(0, 1), (0, 2), (1, 2)])
def test_beyond_the_room_a_matrix_has_a_negative_eigenvalue(place):
    matrix = np.array([[1, 0.9, 0.3], [0.9, 1, 0.5], [0.3, 0.5, 1]])
    i, j = place

    def least(change):
        moved = matrix.copy()
        moved[i, j] = moved[j, i] = matrix[i, j] + change
        return least_eigenvalue(moved)

    within = room(matrix, i, j)
    assert min(least(0.999 * within), least(-0.999 * within)) > 0
    assert min(least(1.001 * within), least(-1.001 * within)) < 0


def test_room_of_two():
    assert room(np.array([[1, 0.7], [0.7, 1]]), 0, 1) == pytest.approx(0.3)
