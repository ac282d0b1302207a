"""The bivariate normal distribution function as a node, with derivatives of every order.

M(a, b, rho) = N(a) N(b) + 1 / (2 pi) times the integral of exp(-(a^2 - 2 a b sin t + b^2) / (2 cos^2 t)) from 0 to
asin(rho) (Z. Drezner and G. Wesolowsky, Journal of Statistical Computation and Simulation 35, 1990). Two rules of Gauss
and Legendre tell its error.
"""

from math import pi, sqrt

import numpy as np
from numpy.typing import NDArray

from greeks_cli.analytic.black import N
from greeks_cli.engine.autodiff import ops
from greeks_cli.engine.autodiff.chainer_runtime import chainer
from greeks_cli.engine.autodiff.ops import Operand
from greeks_cli.engine.compiler import elementary

Array = NDArray[np.float64]
_PER_RULE = 64


def rules() -> dict[str, tuple[Array, Array]]:
    """Places between 0 and 1, and their shares in an integral, by two rules: one, and two of half as many places."""
    one, half = (np.polynomial.legendre.leggauss(n) for n in (_PER_RULE, _PER_RULE // 2))
    places, shares = 0.5 * (half[0] + 1), 0.5 * half[1]
    halves = np.concatenate([0.5 * places, 0.5 + 0.5 * places]), np.concatenate([0.5 * shares, 0.5 * shares])
    return {"place": (0.5 * (one[0] + 1), halves[0]), "share": (0.5 * one[1], halves[1])}


class Bivariate:
    """The distribution function of two standard normals, by a rule of places and shares: arrays (n, n_points)."""

    def __init__(self, place: Array, share: Array):
        self._place, self._share = place, share

    def __call__(self, a: Operand, b: Operand, correlation: Operand) -> Operand:
        """The probability that both lie below their bounds."""
        added = _Correlated(self._place, self._share).apply((a, b, correlation))[0]
        return N(a) * N(b) + added


class _Correlated(chainer.FunctionNode):  # type: ignore[misc]  # chainer has no usable types
    """M(a, b, rho) - N(a) N(b)."""

    label = "bivariate normal"

    def __init__(self, place: Array, share: Array):
        self._place, self._share = place, share

    def forward(self, inputs: tuple[Array, Array, Array]) -> tuple[Array]:
        self.retain_inputs((0, 1, 2))
        a, b, correlation = inputs
        end = np.arcsin(correlation)
        t = self._place * end
        sine, cosine = elementary.sin(t), elementary.cos(t)
        squares = a * a + b * b - 2 * (a * b) * sine
        mean = (self._share * elementary.exp(-0.5 * squares / (cosine * cosine))).sum(axis=0)
        return (mean * end * (1 / (2 * pi)),)

    def backward(self, indexes: tuple[int, ...], grad_outputs: tuple[Operand]) -> tuple[Operand, ...]:
        a, b, correlation = self.get_retained_inputs()
        rest = (1 - correlation) * (1 + correlation)
        root, (gradient,) = ops.sqrt(rest), grad_outputs

        def slope(x: Operand, y: Operand) -> Operand:
            given = N((y - correlation * x) / root) - N(y)
            return ops.exp(-0.5 * x * x) * given * (1 / sqrt(2 * pi))

        def in_correlation() -> Operand:
            return ops.exp(-0.5 * (a * a - 2 * correlation * a * b + b * b) / rest) / root * (1 / (2 * pi))

        found = (lambda: slope(a, b), lambda: slope(b, a), in_correlation)
        return tuple(gradient * found[i]() for i in indexes)
