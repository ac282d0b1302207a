"""Sobol normals are scrambled, stratified and standard."""

import numpy as np
import pytest

from greeks_cli.engine.simulation.sobol import sobol_normals
from greeks_cli.terms.errors import GreeksError

ndtr = pytest.importorskip("scipy.special").ndtr
DATES = (0.25, 1.0, 1.5)


def draw(seed=1, scramble=0, dates=DATES, steps=(1, 1, 1), n_paths=1024):
    return sobol_normals(seed, scramble, dates, steps, n_paths)


def test_end_of_the_motion_has_one_point_in_every_nth_part():
    end = (draw() * np.sqrt(np.diff(DATES, prepend=0.0))[:, None]).sum(axis=0) / np.sqrt(DATES[-1])
    assert sorted(np.floor(ndtr(end) * 1024).astype(int)) == list(range(1024))


def test_increments_are_standard_and_uncorrelated():
    np.testing.assert_allclose(np.cov(draw(n_paths=8192)), np.eye(3), atol=0.02)


def test_points_depend_on_seed_and_scramble_alone():
    np.testing.assert_array_equal(draw(), draw())
    assert not np.intersect1d(draw(), draw(scramble=1)).size
    assert not np.intersect1d(draw(), draw(seed=2)).size


def test_more_normals_than_coordinates_are_refused_with_a_remedy():
    with pytest.raises(GreeksError, match="21,201 coordinates at most, and a path wants 30,000 normals; use sampler"):
        sobol_normals(0, 0, (1.0,), (30_000,), 4)
