"""Numbers of jumps."""

from math import erfc, exp, factorial, lgamma, log

import numpy as np
import pytest

from greeks_cli.engine.simulation.models.jumps import counts

NORMALS = np.random.default_rng(2).standard_normal((2, 200_000))


def test_counts_have_the_law_of_poisson():
    means = np.array([0.3, 4.0])
    for row, mean in zip(counts(means, NORMALS), means.tolist(), strict=True):
        for k in range(12):
            share, expected = float((row == k).mean()), exp(-mean) * mean**k / factorial(k)
            assert abs(share - expected) < 4 * (expected / row.size) ** 0.5 + 1e-9


def test_many_jumps_have_their_mean_and_variance():
    (row,) = counts(np.array([900.0]), NORMALS[:1])
    assert abs(row.mean() - 900) < 4 * 30 / row.size**0.5
    assert abs(row.var() / 900 - 1) < 4 * (2 / row.size) ** 0.5


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_rows_of_unlike_means_are_counted_as_each_alone(dtype):
    means, normals = np.array([1e-9, 0.002, 0.5, 30.0, 4.0]), NORMALS[0, :2000].reshape(5, 400).astype(dtype)
    together = counts(means, normals)
    assert together.dtype == dtype
    for row, mean, own in zip(together, means, normals, strict=True):
        assert counts(np.array([mean]), own[None]).tolist() == [row.tolist()]
        law = np.cumsum([exp(k * log(mean) - mean - lgamma(k + 1)) for k in range(100)])
        uniform = np.array([0.5 * erfc(-z / 2**0.5) for z in own.astype(float)])
        at_edge = np.abs(uniform[:, None] - law).min(axis=1) < 1e-6
        assert (row[~at_edge] == (uniform[:, None] > law).sum(axis=1)[~at_edge]).all()
        assert at_edge.mean() < 0.01
