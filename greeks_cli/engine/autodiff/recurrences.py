"""Linear recurrences over dates as nodes, with derivatives of every order: y_k = a_k y_(k-1) + b_k.

The gradient of a recurrence is the recurrence from the last date, and that of this one the recurrence itself. So a
product over dates is one call of a program for each derivative, however many dates there are, and no factor divides.
"""

from greeks_cli.engine.autodiff.chainer_runtime import chainer
from greeks_cli.engine.autodiff.ops import Operand, concat, is_variable
from greeks_cli.engine.autodiff.rows import rows_before
from greeks_cli.engine.compiler.functions import recurrence
from greeks_cli.engine.compiler.ir import Array
from greeks_cli.engine.compiler.tracer import called


def linear_recurrence(factors: Operand, addends: Operand) -> Operand:
    """y_0 = b_0 and y_k = a_k y_(k-1) + b_k, of factors a and addends b of shape (n_dates, n_paths)."""
    return _solved(factors, addends, from_last=False)


def running_product(factors: Operand) -> Operand:
    """The product of the factors before each date and, as a last row, of all: shape (n_dates + 1, n_paths)."""
    first = factors[:1] * 0.0
    padded = concat([first, factors])
    return linear_recurrence(padded, concat([first + 1.0, factors * 0.0]))


def _solved(factors: Operand, addends: Operand, from_last: bool) -> Operand:
    if is_variable(factors) or is_variable(addends):
        return _Recurrence(from_last).apply((factors, addends))[0]
    return called(recurrence, factors, addends, from_last)


class _Recurrence(chainer.FunctionNode):  # type: ignore[misc]  # chainer has no usable types
    """The recurrence from the first date, or from the last: y_k = a_(k+1) y_(k+1) + b_k."""

    def __init__(self, from_last: bool):
        self._from_last = from_last

    @property
    def label(self) -> str:
        """The node's text in a picture of the graph."""
        return "recurrence from the last date" if self._from_last else "recurrence"

    def forward(self, inputs: tuple[Array, Array]) -> tuple[Array]:
        self.retain_inputs((0,))
        self.retain_outputs((0,))
        return (called(recurrence, *inputs, self._from_last),)

    def backward(self, indexes: tuple[int, ...], grad_outputs: tuple[Operand]) -> tuple[Operand, ...]:
        (factors,), (solved,), (gradient,) = self.get_retained_inputs(), self.get_retained_outputs(), grad_outputs
        adjoint = _solved(factors, gradient, not self._from_last)
        before, after = (adjoint, solved) if self._from_last else (solved, adjoint)
        return tuple(adjoint if i else after * rows_before(before) for i in indexes)
