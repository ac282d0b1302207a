"""Kinks of a payoff: places where it bends or jumps, each smoothed by a kernel."""

from collections.abc import Sequence

import numpy as np

from greeks_cli.engine.autodiff.ops import Operand, concat, exp, is_variable
from greeks_cli.engine.autodiff.softplus import Gate, Kernel, SoftPlus, is_sharp
from greeks_cli.terms.errors import InvalidInput, Problem

_OF_NUMBERS = "it bends in parameters alone and is to be differentiated in them; make that part a parameter of its own"


def sharp_positive_part(x: Operand) -> Operand:
    """max(x, 0) where no path that matters is near 0, so that no derivative needs smoothing."""
    return SoftPlus(Kernel.plain(0)).apply((x,))[0] if is_variable(x) else np.maximum(x, 0)


class Smoother:
    """Smooths the kinks of a payoff, each by its kernel, in the order in which the payoff meets them."""

    def __init__(self, kernels: Sequence[Kernel]):
        self._kernels = iter(kernels)
        self.smooths_values = any(not is_sharp(kernel.widths[0]) for kernel in kernels)
        """True if values are smoothed too, and not derivatives alone: where the request fixes the width."""

    def positive_part(self, x: Operand) -> Operand:
        """max(x, 0)."""
        return self._kink(x, 0)

    def step(self, x: Operand) -> Operand:
        """1 where x > 0, else 0."""
        return self._kink(x, 1)

    def tangent_part(self, x: Operand) -> Operand:
        """max(x, 0) in a function that x does not change to first order where it is 0: second derivatives are sharp."""
        return self._kink(x, 0)

    def gated(self, x: Operand, value: Operand) -> Operand:
        """The value where x > 0, else 0; kernels leave it sharp and smooth its derivatives.

        ``value`` rises as 1 - exp(-x), and kernels act on its scale: where it is near 1, nothing is smoothed.
        """
        scaled = 1 - exp(-x)
        return Gate(self._kernel(scaled, 0)).apply((scaled, value))[0]

    def maximum(self, rows: Operand) -> Operand:
        """The largest of the rows of x, shape (n_paths,), in rounds of pairs.

        A tie of two rows is a kink: the derivative jumps from one row to the other.
        """
        while rows.shape[0] > 1:
            half = rows.shape[0] // 2
            one, other = rows[:half], rows[half : 2 * half]
            larger = other + self.positive_part(one - other)
            rows = concat([larger, rows[2 * half :]]) if rows.shape[0] % 2 else larger
        return rows[0]

    def running_maximum(self, rows: Operand) -> Operand:
        """The largest of each row of x and all rows before, shape (n_rows, n_paths), in rounds of pairs."""
        reach = 1
        while reach < rows.shape[0]:
            later, earlier = rows[reach:], rows[:-reach]
            rows = concat([rows[:reach], earlier + self.positive_part(later - earlier)])
            reach *= 2
        return rows

    def _kink(self, x: Operand, order: int) -> Operand:
        """The derivative of the given order of max(x, 0)."""
        return SoftPlus(self._kernel(x, order), order).apply((x,))[0]

    def _kernel(self, x: Operand, order: int) -> Kernel:
        """The kernel of the next kink. Raises InvalidInput where the pilot met fewer kinks."""
        kernel = next(self._kernels, None)
        if kernel is None:  # the pilot, for which parameters are numbers, did not meet the kink
            raise InvalidInput([Problem(("payoff",), _OF_NUMBERS)])
        return kernel


class Sharp(Smoother):
    """Leaves any number of kinks sharp."""

    def __init__(self) -> None:
        super().__init__(())

    def _kernel(self, x: Operand, order: int) -> Kernel:
        return Kernel.plain(0, order)


class SmoothPayoff(Smoother):
    """Smooths the payoff itself by plain or polynomial kernels, so that it has the derivatives that are taken."""

    def __init__(self, kernels: Sequence[Kernel]):
        super().__init__(kernels)
        self.smooths_values = False  # kernels act where they act on derivatives

    def gated(self, x: Operand, value: Operand) -> Operand:
        """A smooth max(value, 0)."""
        return self.positive_part(value)
