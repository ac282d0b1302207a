"""Polynomial kernels: their derivatives, where they end, and how they join the sharp kink."""

import numpy as np
import pytest

from greeks_cli.engine.autodiff.polynomial import polynomial_bend
from greeks_cli.engine.autodiff.softplus import Kernel

WIDTH, STEP = 1.7, 1e-5
X = np.linspace(-2.5, 2.5, 400)[np.abs(np.abs(np.linspace(-2.5, 2.5, 400)) - WIDTH) > 2 * STEP]


@pytest.mark.parametrize("degree", range(5))
def test_each_order_is_the_derivative_of_the_one_below(degree):
    for order in range(1, degree + 3):
        above, below = (polynomial_bend(X + side * STEP, WIDTH, degree, order - 1) for side in (1, -1))
        found = polynomial_bend(X, WIDTH, degree, order)
        assert found == pytest.approx((above - below) / (2 * STEP), abs=1e-7 * max(1, np.abs(found).max()))


@pytest.mark.parametrize("degree", range(5))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_kink_is_sharp_beyond_the_width(degree, dtype):
    far = np.array([-30, -WIDTH * 1.001, WIDTH * 1.001, 30], dtype)
    for order in range(degree + 3):
        found = polynomial_bend(far, WIDTH, degree, order)
        assert found.dtype == dtype
        assert found == pytest.approx(Kernel.plain(0)(far, order), abs=1e-6)


def test_no_derivative_beyond_the_degree():
    with pytest.raises(ValueError, match="no derivative of order 4"):
        polynomial_bend(X, WIDTH, 1, 4)
