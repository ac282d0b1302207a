"""Rows of arrays over dates, chosen and put in place, as nodes with derivatives of every order."""

from collections.abc import Sequence

from greeks_cli.engine.autodiff.chainer_runtime import chainer
from greeks_cli.engine.autodiff.ops import Operand, is_variable
from greeks_cli.engine.compiler.functions import rows_at, rows_put
from greeks_cli.engine.compiler.ir import Array
from greeks_cli.engine.compiler.tracer import called


def chosen_rows(x: Operand, places: Sequence[int]) -> Operand:
    """The rows at some places, which increase."""
    if len(places) == places[-1] + 1 - places[0]:
        return x if len(places) == x.shape[0] else x[places[0] : places[-1] + 1]
    if is_variable(x):
        return _Chosen(places).apply((x,))[0]
    return called(rows_at, x, list(places))


def rows_before(x: Operand) -> Operand:
    """In the place of each row the one before, 0 in place of the first."""
    n = x.shape[0]
    return placed_rows(x[:-1], range(1, n), n) if n > 1 else 0.0 * x


def placed_rows(x: Operand, places: Sequence[int], n_rows: int) -> Operand:
    """The rows at some places of an array whose other rows are 0."""
    if is_variable(x):
        return _Placed(places, n_rows).apply((x,))[0]
    return called(rows_put, x, list(places), n_rows)


class _Chosen(chainer.FunctionNode):  # type: ignore[misc]  # chainer has no usable types
    label = "chosen rows"

    def __init__(self, places: Sequence[int]):
        self._places = list(places)

    def forward(self, inputs: tuple[Array]) -> tuple[Array]:
        self._n_rows = inputs[0].shape[0]
        return (called(rows_at, inputs[0], self._places),)

    def backward(self, indexes: tuple[int, ...], grad_outputs: tuple[Operand]) -> tuple[Operand]:
        return (placed_rows(grad_outputs[0], self._places, self._n_rows),)


class _Placed(chainer.FunctionNode):  # type: ignore[misc]  # chainer has no usable types
    label = "rows put in place"

    def __init__(self, places: Sequence[int], n_rows: int):
        self._places, self._n_rows = list(places), n_rows

    def forward(self, inputs: tuple[Array]) -> tuple[Array]:
        return (called(rows_put, inputs[0], self._places, self._n_rows),)

    def backward(self, indexes: tuple[int, ...], grad_outputs: tuple[Operand]) -> tuple[Operand]:
        return (chosen_rows(grad_outputs[0], self._places),)
