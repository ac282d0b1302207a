"""Moved normals and their weights have the moments of normals."""

import numpy as np
import pytest

from greeks_cli.engine.simulation.importance import is_rare, shifted, spread, stretched, stretched_around

DATES = (0.5, 1.0, 2.0)


def plain(n_paths=200_000):
    return np.random.default_rng(1).standard_normal((3, n_paths))


@pytest.mark.parametrize(
    "moved",
    [stretched(plain(), DATES), shifted(plain(), DATES, 1.5), shifted(plain(), DATES, -2.5)],
    ids=["stretched", "shifted up", "shifted down"],
)
def test_weighed_moments_are_those_of_normals(moved):
    for row in (*moved.normals, moved.ends):
        for power, moment in ((0, 1), (1, 0), (2, 1), (4, 3)):
            samples = row**power * moved.weights
            assert abs(samples.mean() - moment) < 4 * samples.std() / np.sqrt(len(samples)) + 1e-12


def test_weighed_moments_of_several_underlyings_are_those_of_normals():
    drawn = np.random.default_rng(1).standard_normal((6, 200_000))
    normals, weights, farthest = stretched(drawn, DATES, 2)
    assert abs(weights.mean() - 1) < 4 * weights.std() / np.sqrt(len(weights))
    for row in normals:
        for power, moment in ((1, 0), (2, 1), (4, 3)):
            samples = row**power * weights
            assert abs(samples.mean() - moment) < 4 * samples.std() / np.sqrt(len(samples))
    rare = weights * is_rare(farthest, 0.0, 0.01, 2)
    assert abs(rare.mean() - 0.01) < 4 * rare.std() / np.sqrt(len(rare)) + 1e-4  # both ends rare counts once


def test_every_other_stretched_path_ends_twice_as_far_out():
    _, weights, ends = stretched(plain(), DATES)
    assert abs(ends[::2].std() / ends[1::2].std() - 2) < 0.02
    assert weights.max() <= 4 / 3 + 1e-12


def test_other_paths_stay():
    normals = plain(10)
    np.testing.assert_array_equal(stretched(normals, DATES).normals[:, 1::2], normals[:, 1::2])
    np.testing.assert_array_equal(shifted(normals, DATES, 3.0).normals[:, ::8], normals[:, ::8])


@pytest.mark.parametrize("shift", [-30.0, -3.0, 0.5, 36.0])
def test_seven_of_eight_paths_are_shifted_and_no_weight_exceeds_eight(shift):
    normals = plain(8000)
    _, weights, ends = shifted(normals, DATES, shift)
    moved = ends - shifted(normals, DATES, 0.0).ends
    assert np.count_nonzero(np.isclose(moved, shift)) == 7000
    assert weights.min() >= 0
    assert weights.max() <= 8


@pytest.mark.parametrize("shift", [0.0, 2.0, -4.0, 8.0, -12.0])
def test_stretched_paths_around_a_shift_weigh_as_shifted_paths(shift):
    _, _, ends = shifted(plain(), DATES, shift)
    _, weights, wider = stretched_around(plain(), DATES, shift)
    for power in (0, 1, 2):
        expected, samples = (ends**power).mean(), wider**power * weights
        error = np.hypot(samples.std(), (ends**power).std()) / np.sqrt(len(samples))
        assert abs(samples.mean() - expected) < 4 * error + 1e-12


@pytest.mark.parametrize("shift", [0.0, 2.0, -4.0])
def test_shifted_paths_are_seldom_rare(shift):
    _, _, ends = shifted(plain(), DATES, shift)
    for probability in (0.05, 0.01):
        share = is_rare(ends, shift, probability).mean()
        assert 0.7 * probability < share < 1.1 * probability


def test_spread_ends_integrate_a_normal_law():
    _, weights, ends = spread()
    for power, moment in ((0, 1), (1, 0), (2, 1), (6, 15)):
        assert abs((ends**power) @ weights - moment) < 1e-9
    assert abs((ends > 8) @ weights / 6.22e-16 - 1) < 0.2  # the normal distribution beyond 8
