"""Means of the positive part and of a step of x L + b, where L is lognormal of mean 1 (F. Black and M. Scholes, 1973).

x L + b changes its sign where x and b differ in theirs. With deviation s of the logarithm of L and
d = log(|x|/|b|)/s - s/2, the mean of L^k where the sum is positive is the share N(d + k s) for positive x, times the
mean of L^k.
"""

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.autodiff.chainer_runtime import chainer
from greeks_cli.engine.autodiff.normal import normal_cdf, normal_density
from greeks_cli.engine.autodiff.ops import Operand, is_variable, log, values_of


def mean_positive_part(x: Operand, constant: Operand, deviation: Operand) -> Operand:
    """The mean of max(x L + constant, 0)."""
    inputs = x, constant + 0.0 * values_of(x), deviation + 0.0 * values_of(x)
    if any(map(is_variable, inputs)):
        return _PositivePart().apply(inputs)[0]
    return x * share_above(x, constant, deviation, 1.0) + constant * share_above(x, constant, deviation, 0.0)


def share_above(x: Operand, constant: Operand, deviation: Operand, power: float) -> Operand:
    """The share of the mean of L^power where x L + constant is positive."""
    rises, adds, distance = _distance(x, constant, deviation)
    moved = distance + power * deviation if power else distance
    both = rises * adds
    return (rises + adds - 2 * both) * normal_cdf((2 * rises - 1) * moved) + both


def _distance(x: Operand, constant: Operand, deviation: Operand) -> tuple[Operand, Operand, Operand]:
    """1 where x is positive, 1 where the constant is, and d."""
    rises, adds = _is_positive(x), _is_positive(constant + 0.0 * values_of(x))
    quotient = x * (2 * rises - 1) / (constant * (2 * adds - 1))
    return rises, adds, log(quotient) / deviation - 0.5 * deviation


def _is_positive(x: Operand) -> NDArray[np.floating]:
    x = values_of(x)
    found: NDArray[np.floating] = (x > 0).astype(x.dtype)
    return found


class _PositivePart(chainer.FunctionNode):  # type: ignore[misc]  # chainer has no usable types
    """The slopes are the shares, for the density at the change of sign drops out."""

    label = "mean positive part"

    def forward(self, inputs: tuple[NDArray[np.floating], ...]) -> tuple[NDArray[np.floating]]:
        self.retain_inputs((0, 1, 2))
        return (mean_positive_part(*inputs),)

    def backward(self, indexes: tuple[int, ...], grad_outputs: tuple[Operand]) -> tuple[Operand, ...]:
        x, constant, deviation = self.get_retained_inputs()
        return tuple(grad_outputs[0] * self._slope(i, x, constant, deviation) for i in indexes)

    @staticmethod
    def _slope(i: int, x: Operand, constant: Operand, deviation: Operand) -> Operand:
        if i < 2:
            return share_above(x, constant, deviation, 0.0 if i else 1.0)
        rises, adds, distance = _distance(x, constant, deviation)
        crosses = (2 * rises - 1) * (rises + adds - 2 * rises * adds)
        return x * crosses * normal_density(distance + deviation)
