"""Stretched normals and their weights have the moments of normals."""

import numpy as np

from greeks_cli.engine.simulation.importance import stretched

DATES = (0.5, 1.0, 2.0)


def drawn(n_paths=200_000):
    return stretched(np.random.default_rng(1).standard_normal((3, n_paths)), DATES)


def test_weighed_moments_are_those_of_normals():
    normals, weights, ends = drawn()
    for row in (*normals, ends):
        for power, moment in ((0, 1), (1, 0), (2, 1), (4, 3)):
            samples = row**power * weights
            assert abs(samples.mean() - moment) < 4 * samples.std() / np.sqrt(len(samples)) + 1e-12


def test_every_other_path_ends_twice_as_far_out():
    _, weights, ends = drawn()
    assert abs(ends[::2].std() / ends[1::2].std() - 2) < 0.02
    assert weights.max() <= 4 / 3 + 1e-12


def test_other_paths_stay():
    normals = np.random.default_rng(1).standard_normal((3, 10))
    moved, _, _ = stretched(normals, DATES)
    np.testing.assert_array_equal(moved[:, 1::2], normals[:, 1::2])
