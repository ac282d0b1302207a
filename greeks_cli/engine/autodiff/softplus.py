"""Softplus: a smooth max(x, 0) whose derivatives of every order are finite.

soft(x; w) = w log(1 + exp(x/w)), with w in the units of x. With e = exp(-|x|/w),
q = e/(1+e)^2 and t = tanh(x/2w): order 0 is max(x, 0) + w log1p(e), order 1 is (1 or e)/(1+e),
order 2 is q/w, and from there q' = -q t/w and t' = 2q/w give every higher order as a polynomial
in q, times t for odd orders. No term overflows, not even in float32. With h = 1/(2 cosh(x/2w)),
q is h^2, and q of twice the width is h/(1+2h), so that an extrapolated kernel divides less.

``chainer.functions.softplus`` is not used: its second derivative is NaN for x > 709 w
(88 w in float32).
"""

from dataclasses import dataclass
from functools import cache, reduce
from operator import mul

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.autodiff.chainer_runtime import chainer
from greeks_cli.engine.autodiff.ops import Operand
from greeks_cli.engine.autodiff.polynomial import polynomial_bend
from greeks_cli.engine.compiler import elementary

MAX_ORDER = 8
"""The number of orders of a kernel; the fourth derivative of a step is of order 5."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """Kernel of one kink, with a width for each order of derivative.

    ``widths[k]`` smooths the derivative of order k; 0 leaves it sharp. The widths may differ by order,
    because each order converges separately to the derivative of the sharp kink. Values and first
    derivatives need no smoothing. ``extrapolated`` combines two widths, (4 f(w) - f(2w))/3, whose bias is O(w^4).
    """

    widths: tuple[float, ...]
    extrapolated: bool
    base: int = 0
    """The order that the payoff itself uses: 0 for max(x, 0), 1 for a step."""
    degree: int | None = None
    """The degree of a polynomial kernel, which is as wide as its width each way; None for a softplus."""

    @classmethod
    def plain(cls, width: float, base: int = 0) -> "Kernel":
        """The softplus of one width at every order; width 0 is the sharp kink."""
        return cls((width,) * MAX_ORDER, False, base)

    @classmethod
    def polynomial(cls, width: float, base: int, degree: int) -> "Kernel":
        """The polynomial of one width at every order."""
        return cls((width,) * MAX_ORDER, False, base, degree)

    @property
    def bias_order(self) -> int:
        """The power of the width that the bias is proportional to, for small widths."""
        return 4 if self.extrapolated else 2

    def __call__(self, x: NDArray[np.floating], order: int) -> NDArray[np.floating]:
        """The derivative of the given order, elementwise."""
        width = self.widths[order]
        if is_sharp(width):
            return _sharp(x, order)
        if self.degree is not None:
            return polynomial_bend(x, width, self.degree, order)
        if not self.extrapolated:
            return _softplus(x, elementary.exp(np.abs(x) * (-1 / width)), width, order)
        wider = elementary.exp(np.abs(x) * (-0.5 / width))
        narrower = wider * wider
        if order < 2:
            value = _softplus(x, narrower, width, order)
            value *= 4
            value -= _softplus(x, wider, 2 * width, order)
        else:
            hump = wider / (1 + narrower)
            value = _bend(x, hump * hump, narrower, width, order)
            value *= 4
            value -= _bend(x, 0.5 * (hump / (0.5 + hump)), wider, 2 * width, order)
        value /= 3
        return value


def is_sharp(width: float | NDArray[np.floating]) -> bool:
    """True if a width is the number 0; a traced width is not."""
    return isinstance(width, int | float) and width == 0


def _sharp(x: NDArray[np.floating], order: int) -> NDArray[np.floating]:
    if order == 0:
        return np.maximum(x, 0)
    return (x > 0).astype(x.dtype) if order == 1 else np.zeros_like(x)


def _softplus(x: NDArray[np.floating], e: NDArray[np.floating], width: float, order: int) -> NDArray[np.floating]:
    """The softplus and its derivatives without np.where, which takes five times as long where signs are mixed."""
    if order == 0:
        value = elementary.log1p(e)
        value *= width
        value += np.maximum(x, 0)
        return value
    if order == 1:
        value = np.maximum((x > 0).astype(x.dtype), e)
        value /= 1 + e
        return value
    above = 1 + e
    q = e / above
    q /= above
    return _bend(x, q, e, width, order)


def _bend(
    x: NDArray[np.floating], q: NDArray[np.floating], e: NDArray[np.floating], width: float, order: int
) -> NDArray[np.floating]:
    """The derivatives from order 2 up."""
    value = q * _polynomial(order)[-1]
    for coefficient in reversed(_polynomial(order)[:-1]):
        value += coefficient
        value *= q
    if order % 2:
        value *= np.copysign((1 - e) / (1 + e), x)
    value *= width ** (1 - order)
    return value


@cache
def _polynomial(order: int) -> tuple[float, ...]:
    """(c_1, c_2, ...) of w^(order-1) soft^(order) = sum c_k q^k, times t for odd orders.

    From (q^k)' = -k q^k t/w and (q^k t)' = (-k q^k + (4k+2) q^(k+1))/w, as t^2 = 1 - 4q.
    """
    if order == 2:
        return (1.0,)
    below = _polynomial(order - 1)
    falling = [-k * c for k, c in enumerate(below, start=1)]
    if order % 2:
        return tuple(falling)
    rising = [0.0, *((4 * k + 2) * c for k, c in enumerate(below, start=1))]
    return tuple(f + r for f, r in zip([*falling, 0.0], rising, strict=True))


class SoftPlus(chainer.FunctionNode):  # type: ignore[misc]  # chainer has no usable types
    """The derivative of the given order of a smoothed max(x, 0), times a weight if there is a second input."""

    def __init__(self, kernel: Kernel, order: int = 0):
        self._kernel = kernel
        self._order = order

    @property
    def label(self) -> str:
        """The node's text in a picture of the graph."""
        return f"softplus, order {self._order}"

    def forward(self, inputs: tuple[NDArray[np.floating], ...]) -> tuple[NDArray[np.floating]]:
        self.retain_inputs(tuple(range(len(inputs))))
        return (reduce(mul, inputs[1:], self._kernel(inputs[0], self._order)),)

    def backward(self, indexes: tuple[int, ...], grad_outputs: tuple[Operand]) -> tuple[Operand, ...]:
        x, *weights = self.get_retained_inputs()
        (gradient,) = grad_outputs
        return tuple(self._times(x, 0, gradient) if i else self._times(x, 1, *weights, gradient) for i in indexes)

    def _times(self, x: Operand, more: int, *weights: Operand) -> Operand:
        weight = reduce(mul, weights)
        return SoftPlus(self._kernel, self._order + more).apply((x, weight))[0]


class Gate(SoftPlus):
    """A sharp step of x times a value that is 0 where x is 0, so that the derivative of the step adds nothing.

    Kernels enter with the second derivatives, each times a smooth function. A function of max(x, 0) in place of the
    value would have a kink there, and the bias would be proportional to the width and not to a higher power of it.
    """

    def __init__(self, kernel: Kernel):
        super().__init__(kernel, 1)

    def backward(self, indexes: tuple[int, ...], grad_outputs: tuple[Operand]) -> tuple[Operand | None, ...]:
        x, _ = self.get_retained_inputs()
        return tuple(self._times(x, 0, *grad_outputs) if i else None for i in indexes)
