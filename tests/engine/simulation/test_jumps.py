"""Numbers of jumps."""

from math import exp, factorial

import numpy as np

from greeks_cli.engine.simulation.jumps import counts

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
