"""Aimed paths: weighed, their moments are those of normals, and they meet what plain paths miss."""

from statistics import NormalDist

import numpy as np
import pytest

from greeks_cli.engine.simulation.aimed import aimed
from greeks_cli.engine.simulation.importance import end_shares, ends_of

TIMES = (0.5, 1.0, 2.0)
N_PATHS = 200_000


def drawn(n_rows):
    return np.random.default_rng(1).standard_normal((n_rows, N_PATHS))


def ends_of_each(n_underlyings):
    found = np.zeros((3 * n_underlyings, n_underlyings))
    for k in range(n_underlyings):
        found[3 * k : 3 * k + 3, k] = end_shares(TIMES)[:, 0]
    return found


def far_out(normals):
    """Two kinks of the end, close together and far out."""
    ends = ends_of(normals[:3], TIMES)
    return np.array([ends - 4.0, 4.001 - ends])


@pytest.mark.parametrize("shift", [0.0, 3.0])
@pytest.mark.parametrize("n_underlyings", [1, 2])
def test_weighed_moments_are_those_of_normals(n_underlyings, shift):
    normals, weights, _ = aimed(drawn(3 * n_underlyings), ends_of_each(n_underlyings), far_out, shift)
    assert weights.max() <= 3
    for row in normals:
        for power, moment in ((0, 1), (1, 0), (2, 1), (4, 3)):
            samples = row**power * weights
            assert abs(samples.mean() - moment) < 4 * samples.std() / np.sqrt(len(samples))


def test_narrow_place_far_out_is_met():
    """It is met by 13 of 10^8 plain paths."""
    normals, weights, _ = aimed(drawn(3), ends_of_each(1), far_out)
    inside = (far_out(normals) > 0).all(axis=0)
    samples = inside * weights
    expected = NormalDist().cdf(4.001) - NormalDist().cdf(4.0)
    assert samples.mean() == pytest.approx(expected, rel=0.05)
    assert inside.sum() > 1000


def test_payoff_without_kinks_has_plain_and_stretched_paths():
    _, weights, ends = aimed(drawn(3), ends_of_each(1), lambda normals: np.empty((0, normals.shape[1])))
    assert abs(weights.mean() - 1) < 4 * weights.std() / np.sqrt(N_PATHS)
    assert abs(ends[::3].std() - 1) < 0.02
    assert abs(ends[1::3].std() - 2) < 0.04


def of_increments(normals):
    """A kink far out in every increment."""
    return normals[:3] - 5.0


def test_kinks_of_increments_are_met():
    """One path in 10^6 is beyond any of them."""
    normals, weights, _ = aimed(drawn(3), ends_of_each(1), of_increments)
    samples = (of_increments(normals) > 0).sum(axis=0) * weights
    expected = 3 * NormalDist().cdf(-5.0)
    assert abs(samples.mean() - expected) < 4 * samples.std() / np.sqrt(N_PATHS)
    assert samples.std() / np.sqrt(N_PATHS) < 0.05 * expected
    assert abs(weights.mean() - 1) < 4 * weights.std() / np.sqrt(N_PATHS)
