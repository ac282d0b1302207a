import numpy as np
import pytest

from greeks_cli.engine.autodiff.chainer_runtime import F, chainer
from greeks_cli.engine.autodiff.kinks import Smoother
from greeks_cli.engine.autodiff.softplus import MAX_ORDER, Kernel, SoftPlus

FAR = np.concatenate([np.linspace(-1e4, 1e4, 20001), np.linspace(-5, 5, 1001)])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("order", range(5))
@pytest.mark.parametrize("kernel", [Kernel.plain(0.1), Kernel((0.1,) * MAX_ORDER, extrapolated=True)])
def test_finite_everywhere_at_every_order(dtype, order, kernel):
    value = kernel(FAR.astype(dtype), order)
    assert value.dtype == dtype
    assert np.isfinite(value).all()


def test_chainer_softplus_is_the_reason_for_our_node():
    x = chainer.Variable(np.array([1000.0]))
    with np.errstate(all="ignore"):
        (first,) = chainer.grad([F.softplus(x, beta=1.0)], [x], enable_double_backprop=True)
        (second,) = chainer.grad([first], [x])
    assert np.isnan(second.array).all()
    assert Kernel.plain(1.0)(x.array, 2) == 0


def test_value_is_the_softplus():
    x = np.linspace(-3, 3, 61)
    np.testing.assert_allclose(Kernel.plain(0.5)(x, 0), 0.5 * np.log1p(np.exp(x / 0.5)), rtol=1e-13)


@pytest.mark.parametrize("extrapolated", [False, True])
@pytest.mark.parametrize("order", range(5))
def test_backward_matches_numerical_differences(gradient_check, order, extrapolated):
    kernel = Kernel((0.7,) * MAX_ORDER, extrapolated)
    x = np.array([-2.0, -0.5, 0.1, 0.4, 1.5])

    def node(x):
        return SoftPlus(kernel, order).apply((x,))[0]

    # The default tolerances of gradient_check are too wide for the small values far from the kink.
    gradient_check.check_backward(node, x, np.ones_like(x), atol=1e-8, rtol=1e-5, eps=1e-4, dtype=np.float64)
    gradient_check.check_double_backward(
        node, x, np.ones_like(x), np.ones_like(x), atol=1e-8, rtol=1e-5, eps=1e-4, dtype=np.float64
    )


def test_extrapolation_removes_the_leading_bias():
    # Against the density 1 + x^2, the second derivative of the kink should integrate to 1.
    x = np.linspace(-40, 40, 400_001)
    step = x[1] - x[0]

    def integral(kernel):
        return float(np.sum(kernel(x, 2) * (1 + x**2)) * step)

    assert integral(Kernel.plain(0.5)) - 1 == pytest.approx(np.pi**2 / 3 * 0.5**2, rel=1e-6)
    assert integral(Kernel((0.5,) * MAX_ORDER, extrapolated=True)) == pytest.approx(1, abs=1e-9)


def test_width_zero_is_the_sharp_kink():
    x = np.array([-1.0, 0.0, 2.0])
    sharp = Kernel.plain(0)
    assert sharp(x, 0).tolist() == [0, 0, 2]
    assert sharp(x, 1).tolist() == [0, 0, 1]
    assert sharp(x, 2).tolist() == [0, 0, 0]


def gated(kernel, x, rate):
    """1 - exp(-rate x) where x > 0, else 0, and its derivatives in x and twice in x."""
    x = chainer.Variable(x)
    value = Smoother([kernel]).gated(x, 1 - F.exp(-rate * x))
    (first,) = chainer.grad([value], [x], enable_double_backprop=True)
    (second,) = chainer.grad([first], [x])
    return value.array, first.array, second.array


def test_a_sharp_gate_has_a_kernel_from_the_second_derivative_on():
    x = np.linspace(-1, 1, 200_001)
    sharp, width = np.where(x > 0, 1.0, 0.0), 0.02
    value, first, second = gated(Kernel((0.0, 0.0, *(width,) * (MAX_ORDER - 2)), extrapolated=False), x, 3.0)
    np.testing.assert_allclose(value, sharp * (1 - np.exp(-3 * x)), atol=1e-15)
    np.testing.assert_allclose(first, sharp * 3 * np.exp(-3 * x), atol=1e-15)
    # The first derivative jumps by 3. With s = 1 - exp(-x), 3 (1 - s)^3 has this mean under the logistic kernel of s.
    jump = (second + sharp * 9 * np.exp(-3 * x)).sum() * (x[1] - x[0])
    assert jump == pytest.approx(3 * (1 + (np.pi * width) ** 2), rel=1e-9)
