from functools import reduce
from operator import add

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from greeks_cli.engine.moments import Moments

samples = arrays(np.float64, st.integers(1, 40), elements=st.floats(-1e3, 1e3))


@given(st.lists(samples, min_size=1, max_size=6))
def test_merging_parts_gives_the_moments_of_the_whole(parts):
    whole = np.concatenate(parts)
    merged = reduce(add, [Moments.of([part]) for part in parts])
    centred = whole - whole.mean()
    scale = 1 + np.abs(whole).max()
    assert merged.count == len(whole)
    np.testing.assert_allclose(merged.mean, whole.mean(), atol=1e-12 * scale)
    for power, total in ((2, merged.m2), (3, merged.m3), (4, merged.m4)):
        np.testing.assert_allclose(total[0], (centred**power).sum(), atol=1e-9 * scale**power)


def test_stderr_is_that_of_the_mean():
    row = np.array([1.0, 2.0, 4.0, 9.0])
    assert Moments.of([row]).stderr[0] == row.std(ddof=1) / 2


def test_float32_samples_are_summed_in_float64():
    row = np.full(100_000, 0.1, np.float32)
    assert Moments.of([row]).mean[0] == np.float64(np.float32(0.1))
