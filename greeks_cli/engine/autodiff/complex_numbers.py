"""Complex operands of the graph, and two quotients of them that rounding does not spoil near 0.

Chainer's sums, products, quotients, exp and sqrt of complex arrays are those of NumPy, and so are their derivatives of
every order, for none of these functions conjugates. Two nodes lead from real numbers to complex ones and back; each is
the gradient of the other.
"""

from collections.abc import Callable
from functools import cache, partial
from math import factorial, perm
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.autodiff.chainer_runtime import chainer
from greeks_cli.engine.autodiff.ops import Operand, is_variable
from greeks_cli.engine.compiler import elementary
from greeks_cli.engine.compiler.tracer import elementwise

Array = NDArray[Any]


def as_complex(x: Operand) -> Operand:
    """The complex operand of a real Variable; numbers and arrays need none."""
    return _AsComplex().apply((x,))[0] if is_variable(x) else x


def real_part(x: Operand) -> Operand:
    """The real part of a complex operand, elementwise."""
    return _RealPart().apply((x,))[0] if is_variable(x) else elementwise(np.real, x)


def exponential_quotient(x: Operand) -> Operand:
    """(1 - exp(-x)) / x, the integral of exp(-x s) over s from 0 to 1, elementwise."""
    return _ExponentialQuotient(0).apply((x,))[0] if is_variable(x) else _of_exponential(0, x)


def logarithmic_quotient(x: Operand) -> Operand:
    """log(1 + x) / x by the principal branch, elementwise."""
    return _LogarithmicQuotient(0).apply((x,))[0] if is_variable(x) else _of_logarithm(0, x)


class _AsComplex(chainer.FunctionNode):  # type: ignore[misc]  # chainer has no usable types
    label = "as complex"

    def forward(self, inputs: tuple[Array]) -> tuple[Array]:
        return (elementwise(_with_imaginary_part, inputs[0]),)

    def backward(self, indexes: tuple[int, ...], grad_outputs: tuple[Operand]) -> tuple[Operand]:
        return (real_part(grad_outputs[0]),)


class _RealPart(chainer.FunctionNode):  # type: ignore[misc]  # chainer has no usable types
    label = "real part"

    def forward(self, inputs: tuple[Array]) -> tuple[Array]:
        return (elementwise(np.real, inputs[0]),)

    def backward(self, indexes: tuple[int, ...], grad_outputs: tuple[Operand]) -> tuple[Operand]:
        return (as_complex(grad_outputs[0]),)


class _ExponentialQuotient(chainer.FunctionNode):  # type: ignore[misc]  # chainer has no usable types
    """The integral of s^order exp(-x s) over s from 0 to 1; the derivative is less that of the next order."""

    def __init__(self, order: int):
        super().__init__()
        self._order = order

    def forward(self, inputs: tuple[Array]) -> tuple[Array]:
        self.retain_inputs((0,))
        return (elementwise(_quotient(_of_exponential, self._order), inputs[0]),)

    def backward(self, indexes: tuple[int, ...], grad_outputs: tuple[Operand]) -> tuple[Operand]:
        (x,) = self.get_retained_inputs()
        return (-grad_outputs[0] * _ExponentialQuotient(self._order + 1).apply((x,))[0],)


class _LogarithmicQuotient(chainer.FunctionNode):  # type: ignore[misc]  # chainer has no usable types
    """The derivative of some order of log(1 + x) / x."""

    def __init__(self, order: int):
        super().__init__()
        self._order = order

    def forward(self, inputs: tuple[Array]) -> tuple[Array]:
        self.retain_inputs((0,))
        return (elementwise(_quotient(_of_logarithm, self._order), inputs[0]),)

    def backward(self, indexes: tuple[int, ...], grad_outputs: tuple[Operand]) -> tuple[Operand]:
        (x,) = self.get_retained_inputs()
        return (grad_outputs[0] * _LogarithmicQuotient(self._order + 1).apply((x,))[0],)


def _with_imaginary_part(x: Array) -> Array:
    return x + 0j


_NEAR_EXPONENTIAL, _NEAR_LOGARITHM = 1.0, 0.5
"""Distances from 0 within which the power series is taken."""
_N_EXPONENTIAL, _N_LOGARITHMIC = 24, 72


def _of_exponential(order: int, x: Array) -> Array:
    """Beyond the series, f(k) = (k f(k-1) - exp(-x)) / x by parts."""
    near = np.abs(x) < _NEAR_EXPONENTIAL
    far = np.where(near, 1.0, x)
    fallen = elementary.exp(-far)
    found = (1 - fallen) / far
    for k in range(1, order + 1):
        found = (k * found - fallen) / far
    return np.where(near, _series(_exponential_powers(order), np.where(near, x, 0.0)), found)


def _of_logarithm(order: int, x: Array) -> Array:
    """Beyond the series, x f(k) + k f(k-1) is the derivative of order k of log(1 + x)."""
    near = np.abs(x) < _NEAR_LOGARITHM
    far = np.where(near, 1.0, x)
    found = elementary.log(1 + far) / far
    for k in range(1, order + 1):
        found = (-factorial(k - 1) * (-1 / (1 + far)) ** k - k * found) / far
    return np.where(near, _series(_logarithmic_powers(order), np.where(near, x, 0.0)), found)


def _series(coefficients: tuple[float, ...], x: Array) -> Array:
    """A polynomial, lowest powers first."""
    found = np.full_like(x, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        found = found * x + coefficient
    return found


@cache
def _quotient(function: Callable[[int, Array], Array], order: int) -> Callable[[Array], Array]:
    """One function for all calls of an order, so that a program computes equal calls once."""
    return partial(function, order)


@cache
def _exponential_powers(order: int) -> tuple[float, ...]:
    return tuple((-1) ** n / (factorial(n) * (n + order + 1)) for n in range(_N_EXPONENTIAL))


@cache
def _logarithmic_powers(order: int) -> tuple[float, ...]:
    return tuple((-1) ** n * perm(n, order) / (n + 1) for n in range(order, order + _N_LOGARITHMIC))
