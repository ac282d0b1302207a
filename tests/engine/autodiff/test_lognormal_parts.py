"""``autodiff.lognormal_parts``: means of positive parts and steps against quadrature, for every pair of signs."""

import numpy as np
import pytest

from greeks_cli.engine.autodiff.chainer_runtime import chainer
from greeks_cli.engine.autodiff.lognormal_parts import mean_positive_part, share_above

NODES, WEIGHTS = np.polynomial.legendre.leggauss(400)
SIGNS = [(90.0, -100.0), (-90.0, 100.0), (90.0, 100.0), (-90.0, -100.0)]


def quadrature(x, constant, deviation, function):
    """The mean of a function of the normal and of x L + constant, integrated on both sides of the change of sign."""
    middle = np.log(max(-constant / x, 1e-9)) / deviation + deviation / 2
    found = 0.0
    for low, high in ((-12.0, np.clip(middle, -12, 12)), (np.clip(middle, -12, 12), 12.0)):
        z = low + (high - low) / 2 * (NODES + 1)
        lognormal = np.exp(deviation * z - deviation**2 / 2)
        density = np.exp(-z * z / 2) / np.sqrt(2 * np.pi)
        found += np.sum(WEIGHTS * (high - low) / 2 * density * function(lognormal, x * lognormal + constant))
    return found


@pytest.mark.parametrize(("x", "constant"), SIGNS)
def test_means_are_integrals(x, constant):
    s = 0.3
    row = np.array([x])
    found = mean_positive_part(row, constant, s)
    assert found == pytest.approx(quadrature(x, constant, s, lambda factor, v: np.maximum(v, 0)), abs=1e-8)
    for power in (0.0, 1.0, 0.5, -2.0):
        share = share_above(row, constant, s, power)
        mean = np.exp((power**2 - power) * s * s / 2)
        truth = quadrature(x, constant, s, lambda factor, v, p=power: factor**p * (v > 0)) / mean
        assert share == pytest.approx(truth, abs=1e-8)


@pytest.mark.parametrize(("x", "constant"), SIGNS)
def test_derivatives_are_differences(x, constant):
    """First derivatives by Chainer of the value, and of those first derivatives."""
    step, at = 1e-4, np.array([x, constant, 0.3])

    def slopes(point):
        leaves = [chainer.Variable(np.array([number])) for number in point]
        found = chainer.grad([mean_positive_part(*leaves)], leaves, enable_double_backprop=True)
        return leaves, found

    leaves, first = slopes(at)
    for i in range(3):
        moved = [at + sign * step * np.eye(3)[i] for sign in (1, -1)]
        values = [mean_positive_part(np.array([p[0]]), np.array([p[1]]), np.array([p[2]])) for p in moved]
        assert first[i].array == pytest.approx((values[0] - values[1]) / (2 * step), abs=1e-6)
        second = chainer.grad([first[i]], leaves, enable_double_backprop=True)
        for j in range(3):
            other = [slopes(at + sign * step * np.eye(3)[j])[1][i].array for sign in (1, -1)]
            found = 0.0 if second[j] is None else second[j].array
            assert found == pytest.approx((other[0] - other[1]) / (2 * step), abs=1e-5)
