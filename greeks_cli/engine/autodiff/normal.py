"""The normal distribution function of paths, and its scaled tail, with derivatives of every order.

The upper tail is exp(-z^2/2) times a quotient of polynomials (J. Hart et al., Computer Approximations, 1968, in the
form of G. West, Better approximations to cumulative normal functions, Wilmott, 2005). Its relative error is below
1e-14 for z up to 3 and 1e-8 for z up to 8, where the tail itself is 6e-16.
"""

from functools import reduce
from math import pi, sqrt

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.autodiff.chainer_runtime import chainer
from greeks_cli.engine.autodiff.ops import Operand, exp, is_variable
from greeks_cli.engine.compiler import elementary

_ABOVE = (
    3.52624965998911e-2,
    0.700383064443688,
    6.37396220353165,
    33.912866078383,
    112.079291497871,
    221.213596169931,
    220.206867912376,
)
_BELOW = (
    8.83883476483184e-2,
    1.75566716318264,
    16.064177579207,
    86.7807322029461,
    296.564248779674,
    637.333633378831,
    793.826512519948,
    440.413735824752,
)
_ROOT = sqrt(2 * pi)


def normal_cdf(x: Operand) -> Operand:
    """The standard normal distribution function, elementwise."""
    return _Cdf().apply((x,))[0] if is_variable(x) else _cdf(np.asarray(x) if isinstance(x, float) else x)


def normal_density(x: Operand) -> Operand:
    """The standard normal density, elementwise."""
    return exp(-0.5 * x * x) * (1 / _ROOT)


def scaled_tail(scale: Operand, x: Operand) -> Operand:
    """exp(scale) times the upper tail at x over the density at 0, elementwise; finite for x above -37.

    It is h M, where h = exp(scale - x^2/2) and M is the Mills ratio of x. Both are exponentials, so that derivatives
    are products: f = h M changes by f and by -h, and h by h and by -x h.
    """
    if is_variable(scale) or is_variable(x):
        return _ScaledTail().apply((scale, x))[0]
    return elementary.exp(scale - 0.5 * (x * x)) * _mills(x)


def log_upper_tail(z: Operand) -> Operand:
    """The logarithm of the probability of a standard normal above z, elementwise."""
    if is_variable(z):
        return _LogUpperTail().apply((z,))[0]
    scaled = _tail_over_bell(np.abs(z))
    square = 0.5 * (z * z)
    above = (z > 0).astype(z.dtype)
    below = elementary.log1p(-(elementary.exp(-square) * scaled))
    return above * (elementary.log(scaled) - square) + (1 - above) * below


def _tail_over_bell(z: NDArray[np.floating]) -> NDArray[np.floating]:
    """The upper tail at z, 0 or above, over exp(-z^2/2)."""

    def polynomial(coefficients: tuple[float, ...]) -> NDArray[np.floating]:
        first = coefficients[0] * z + coefficients[1]
        return reduce(lambda found, coefficient: found * z + coefficient, coefficients[2:], first)

    return polynomial(_ABOVE) / polynomial(_BELOW)


def _cdf(x: NDArray[np.floating]) -> NDArray[np.floating]:
    tail = elementary.exp(-0.5 * (x * x)) * _tail_over_bell(np.abs(x))
    above = (x > 0).astype(x.dtype)
    return above + (1 - 2 * above) * tail


def _mills(x: NDArray[np.floating]) -> NDArray[np.floating]:
    ratio = _ROOT * _tail_over_bell(np.abs(x))
    above = (x > 0).astype(x.dtype)
    below = x - above * x
    return (1 - above) * (_ROOT * elementary.exp(0.5 * (below * below))) + (2 * above - 1) * ratio


class _Cdf(chainer.FunctionNode):  # type: ignore[misc]  # chainer has no usable types
    label = "normal cdf"

    def forward(self, inputs: tuple[NDArray[np.floating]]) -> tuple[NDArray[np.floating]]:
        self.retain_inputs((0,))
        return (_cdf(inputs[0]),)

    def backward(self, indexes: tuple[int, ...], grad_outputs: tuple[Operand]) -> tuple[Operand]:
        (x,) = self.get_retained_inputs()
        return (grad_outputs[0] * normal_density(x),)


class _LogUpperTail(chainer.FunctionNode):  # type: ignore[misc]  # chainer has no usable types
    label = "log of the normal tail"

    def forward(self, inputs: tuple[NDArray[np.floating]]) -> tuple[NDArray[np.floating]]:
        self.retain_inputs((0,))
        return (log_upper_tail(inputs[0]),)

    def backward(self, indexes: tuple[int, ...], grad_outputs: tuple[Operand]) -> tuple[Operand]:
        (z,) = self.get_retained_inputs()
        return (grad_outputs[0] * exp(-0.5 * z * z - log_upper_tail(z)) * (-1 / _ROOT),)


class _ScaledTail(chainer.FunctionNode):  # type: ignore[misc]  # chainer has no usable types
    label = "scaled normal tail"

    def forward(self, inputs: tuple[NDArray[np.floating], NDArray[np.floating]]) -> tuple[NDArray[np.floating]]:
        self.retain_inputs((0, 1))
        return (scaled_tail(*inputs),)

    def backward(self, indexes: tuple[int, ...], grad_outputs: tuple[Operand]) -> tuple[Operand, ...]:
        scale, x = self.get_retained_inputs()
        (gradient,) = grad_outputs
        return tuple(gradient * (-_bell(scale, x) if i else scaled_tail(scale, x)) for i in indexes)


def _bell(scale: Operand, x: Operand) -> Operand:
    """exp(scale - x^2/2)."""
    return exp(scale - 0.5 * (x * x))
