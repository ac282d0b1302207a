from functools import reduce
from operator import add

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from greeks_cli.engine.estimators.moments import Moments

samples = arrays(np.float64, st.integers(1, 40), elements=st.floats(-1e3, 1e3))


@given(st.lists(samples, min_size=1, max_size=6))
def test_merging_parts_gives_the_moments_of_the_whole(parts):
    whole = np.concatenate(parts)
    merged = reduce(add, [Moments.of([part]) for part in parts])
    centred = whole - whole.mean()
    scale = 1 + np.abs(whole).max()
    assert merged.count == len(whole)
    np.testing.assert_allclose(merged.mean, whole.mean(), atol=1e-12 * scale)
    np.testing.assert_allclose(merged.m2[0], (centred**2).sum(), atol=1e-9 * scale**2)


def test_stderr_is_that_of_the_mean():
    row = np.array([1.0, 2.0, 4.0, 9.0])
    assert Moments.of([row]).stderr[0] == row.std(ddof=1) / 2


HEAVY = {
    "normal": lambda generator, n: generator.standard_normal(n),
    "rarely seen": lambda generator, n: (generator.random(n) < 12 / n).astype(float),
    "lognormal": lambda generator, n: np.exp(2 * generator.standard_normal(n)),
}


@pytest.mark.parametrize("n_paths", [50, 3001, 100_000])
@pytest.mark.parametrize("tails", HEAVY)
def test_doubt_is_what_the_kurtosis_says(tails, n_paths):
    generator = np.random.default_rng(1)
    rows = [HEAVY[tails](generator, n_paths) for _ in range(4)]
    stderr_uncertainty = reduce(add, [Moments.of([row]) for row in rows]).stderr_uncertainty[0]
    whole = np.concatenate(rows)
    centred = whole - whole.mean()
    kurtosis = (centred**4).mean() / (centred**2).mean() ** 2
    # A variance from n slices has a relative error of sqrt(2 / n), a deviation half; a block has 128, or its paths.
    n_slices = 4 * min(128, n_paths)
    np.testing.assert_allclose(
        stderr_uncertainty, np.sqrt((kurtosis - 1) / len(whole)) / 2, rtol=3 * np.sqrt(2 / n_slices) / 2
    )


@pytest.mark.parametrize("last", [[1], [0, 1], [0, 0, 1], [0] * 9 + [1]], ids=len)
def test_what_was_seen_once_is_doubted_however_small_its_block(last):
    moments = Moments.of([np.zeros(2048)]) + Moments.of([np.array(last, float)])
    assert 0.2 < moments.stderr_uncertainty[0] <= 0.5


def test_rows_of_trades_have_the_moments_that_each_has_alone():
    for dtype in (np.float64, np.float32):
        row = np.random.default_rng(1).standard_normal(3001).astype(dtype)
        together = Moments.of([np.broadcast_to(row, (3, 3001)), np.stack([row, 2 * row, 3 * row])])
        for trade in range(3):
            alone = Moments.of([row, (trade + 1) * row])
            for name in ("mean", "m2", "m2_variance"):
                np.testing.assert_array_equal(getattr(together, name)[:, trade], getattr(alone, name))


def test_what_does_not_vary_is_not_doubted():
    assert Moments.of([np.full(1000, 0.5)]).scaled([2.0]).stderr_uncertainty[0] == 0


def test_a_fourth_moment_beyond_all_numbers_is_doubted():
    row = 1e79 * np.random.default_rng(1).standard_normal(2000)
    assert Moments.of([row]).stderr_uncertainty[0] == np.inf


def test_float32_samples_are_summed_in_float64():
    row = np.full(100_000, 0.1, np.float32)
    assert Moments.of([row]).mean[0] == np.float64(np.float32(0.1))
