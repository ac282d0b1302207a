"""max(x, 0) made smooth: a softplus whose derivatives of every order are finite.

soft(x; w) = w log(1 + exp(x/w)), with w in the units of x. With e = exp(-|x|/w),
q = e/(1+e)^2 and t = tanh(x/2w): order 0 is max(x, 0) + w log1p(e), order 1 is (1 or e)/(1+e),
order 2 is q/w, and from there q' = -q t/w and t' = 2q/w give every higher order as a polynomial
in q, times t for odd orders. Nothing here overflows, in float32 either. With h = 1/(2 cosh(x/2w)),
q is h^2, and that of twice the width is h/(1+2h), so that an extrapolated kernel divides less.

``chainer.functions.softplus`` is not used: its second derivative is NaN for x > 709 w
(88 w in float32).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, reduce
from operator import mul

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.autodiff.chainer_runtime import chainer
from greeks_cli.engine.autodiff.ops import Operand, concat, is_recorded
from greeks_cli.terms.errors import InvalidInput, Problem

MAX_ORDER = 8
"""Orders below this are there: the fourth derivative of a step is of order 5."""


_OF_NUMBERS = "it bends in parameters alone and is to be differentiated in them; make that part a parameter of its own"


@dataclass(frozen=True, slots=True)
class Kernel:
    """How one kink is smoothed, derivative by derivative.

    ``widths[k]`` smooths the derivative of order k; 0 leaves it sharp. Each order may have its
    own width, because each converges to the derivative of the sharp kink by itself: so values
    and first derivatives need no smoothing, and higher ones get the width that suits them.
    ``extrapolated`` combines two widths, (4 f(w) - f(2w))/3, whose bias is O(w^4).
    """

    widths: tuple[float, ...]
    extrapolated: bool
    base: int = 0
    """The order that the payoff itself uses: 0 for max(x, 0), 1 for a step."""

    @classmethod
    def plain(cls, width: float, base: int = 0) -> "Kernel":
        """The softplus of one width at every order; width 0 is the sharp kink."""
        return cls((width,) * MAX_ORDER, False, base)

    @property
    def bias_order(self) -> int:
        """The power of the width that the bias is proportional to, for small widths."""
        return 4 if self.extrapolated else 2

    def __call__(self, x: NDArray[np.floating], order: int) -> NDArray[np.floating]:
        """The derivative of an order."""
        width = self.widths[order]
        if is_sharp(width):
            return _sharp(x, order)
        if not self.extrapolated:
            return _softplus(x, np.exp(np.abs(x) * (-1 / width)), width, order)
        wider = np.exp(np.abs(x) * (-0.5 / width))
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
    """Whether a width is none; one that a recording leaves open is not."""
    return isinstance(width, int | float) and width == 0


def _sharp(x: NDArray[np.floating], order: int) -> NDArray[np.floating]:
    if order == 0:
        return np.maximum(x, 0)
    return (x > 0).astype(x.dtype) if order == 1 else np.zeros_like(x)


def _softplus(x: NDArray[np.floating], e: NDArray[np.floating], width: float, order: int) -> NDArray[np.floating]:
    """The formulas of the module; np.where would take five times as long where signs are mixed."""
    if order == 0:
        value = np.log1p(e)
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
    """Of the orders from 2 up."""
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
    """A sharp step of x times a value that is 0 where x is: then the step's own derivative adds nothing.

    Kernels come in with the second derivatives, each times a function that is smooth. Were the value a function of
    max(x, 0) instead, they would meet it sharp, and have a bias of their width itself, and not of a power of it.
    """

    def __init__(self, kernel: Kernel):
        super().__init__(kernel, 1)

    def backward(self, indexes: tuple[int, ...], grad_outputs: tuple[Operand]) -> tuple[Operand | None, ...]:
        x, _ = self.get_retained_inputs()
        return tuple(self._times(x, 0, *grad_outputs) if i else None for i in indexes)


def sharp_positive_part(x: Operand) -> Operand:
    """max(x, 0) where no path that matters is near 0, so that no derivative needs smoothing."""
    return SoftPlus(Kernel.plain(0)).apply((x,))[0] if is_recorded(x) else np.maximum(x, 0)


class Smoother:
    """Hands the kinks of a payoff their kernels, in the order in which the payoff meets them."""

    def __init__(self, kernels: Sequence[Kernel]):
        self._kernels = iter(kernels)
        self.smooths_values = any(not is_sharp(kernel.widths[0]) for kernel in kernels)
        """Whether not only derivatives are smoothed: with a width that was asked for."""

    def positive_part(self, x: Operand) -> Operand:
        """max(x, 0)."""
        return self._kink(x, 0)

    def step(self, x: Operand) -> Operand:
        """1 where x > 0, else 0."""
        return self._kink(x, 1)

    def gated(self, x: Operand, value: Operand) -> Operand:
        """The value where x > 0, else 0, by kernels that leave values sharp; it is 0 where x is, and moves with x."""
        return Gate(self._kernel(x, 0)).apply((x, value))[0]

    def maximum(self, rows: Operand) -> Operand:
        """The largest of the rows of x, shape (n_paths,), in rounds of pairs.

        Two rows that tie are a kink like any other: between them the derivative jumps.
        """
        while rows.shape[0] > 1:
            half = rows.shape[0] // 2
            one, other = rows[:half], rows[half : 2 * half]
            larger = other + self.positive_part(one - other)
            rows = concat([larger, rows[2 * half :]]) if rows.shape[0] % 2 else larger
        return rows[0]

    def _kink(self, x: Operand, order: int) -> Operand:
        return SoftPlus(self._kernel(x, order), order).apply((x,))[0]

    def _kernel(self, x: Operand, order: int) -> Kernel:
        """Of a kink that a derivative of so many orders makes a jump."""
        kernel = next(self._kernels, None)
        if kernel is None:  # the pilot, for which parameters are numbers, did not meet it
            raise InvalidInput([Problem(("payoff",), _OF_NUMBERS)])
        return kernel
