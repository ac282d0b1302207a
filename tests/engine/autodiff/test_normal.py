"""The normal distribution function and its scaled tail, and their derivatives."""

from math import erfc, exp, pi, sqrt

import numpy as np
import pytest

from greeks_cli.engine.autodiff.chainer_runtime import chainer
from greeks_cli.engine.autodiff.normal import log_upper_tail, normal_cdf, scaled_tail


def mills_ratio(x):
    return scaled_tail(0.5 * x * x, x)


PLACES = np.array([-6.0, -3.0, -1.0, -0.2, 0.0, 0.3, 1.0, 2.5, 3.0])


def test_normal_cdf_is_that_of_the_c_library():
    np.testing.assert_allclose(normal_cdf(PLACES), [0.5 * erfc(-x / sqrt(2)) for x in PLACES], rtol=2e-10, atol=1e-15)


def test_mills_ratio_is_the_tail_over_the_density():
    exact = [0.5 * erfc(x / sqrt(2)) * sqrt(2 * pi) * exp(x * x / 2) for x in PLACES]
    np.testing.assert_allclose(mills_ratio(PLACES), exact, rtol=2e-14)


@pytest.mark.parametrize("x", [5.0, 8.0, 30.0])
def test_mills_ratio_far_out_follows_its_expansion(x):
    """1/x - 1/x^3 + 3/x^5 - 15/x^7 + ..., which errs by less than the first term that is left out."""
    terms = [1 / x, -1 / x**3, 3 / x**5, -15 / x**7, 105 / x**9]
    assert abs(float(mills_ratio(np.array([x]))[0]) - sum(terms[:4])) <= terms[4] + 3e-6 / x


@pytest.mark.parametrize("function", [normal_cdf, mills_ratio, log_upper_tail])
def test_derivatives_of_three_orders_are_those_of_finite_differences(function):
    x = np.array([-1.3, 0.4, 1.7])
    node = chainer.Variable(x.copy())
    found = [function(node)]
    for _ in range(3):
        found.append(chainer.grad([found[-1]], [node], enable_double_backprop=True)[0])

    def of_order(order, at):
        moved = chainer.Variable(at)
        value = function(moved)
        for _ in range(order):
            (value,) = chainer.grad([value], [moved], enable_double_backprop=True)
        return value.array

    for order in range(3):
        step = 1e-5
        slope = (of_order(order, x + step) - of_order(order, x - step)) / (2 * step)
        np.testing.assert_allclose(found[order + 1].array, slope, rtol=1e-8)
