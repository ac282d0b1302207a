"""Piecewise polynomials of paths, with derivatives of every order."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.autodiff.chainer_runtime import F, chainer
from greeks_cli.engine.autodiff.ops import Operand, is_variable
from greeks_cli.engine.compiler.tracer import looked_up
from greeks_cli.terms.markets.pieces import Pieces


def piecewise(pieces: Pieces, x: Operand, order: int = 0) -> Operand:
    """The derivative of an order of piecewise polynomials: of the shape of x, with several functions in front.

    A derivative that jumps where two pieces meet has the value of the piece on the left.
    """
    if is_variable(x):
        return _Piecewise(pieces, order).apply((x,))[0]
    return pieces.at(np.float64(x) if isinstance(x, float) else x, order, looked_up)


class _Piecewise(chainer.FunctionNode):  # type: ignore[misc]  # chainer has no usable types
    label = "piecewise polynomial"

    def __init__(self, pieces: Pieces, order: int):
        self._pieces, self._order = pieces, order

    def forward(self, inputs: tuple[NDArray[Any]]) -> tuple[NDArray[Any]]:
        self.retain_inputs((0,))
        return (self._pieces.at(inputs[0], self._order, looked_up),)

    def backward(self, indexes: tuple[int, ...], grad_outputs: tuple[Operand]) -> tuple[Operand]:
        (x,) = self.get_retained_inputs()
        (gradient,) = grad_outputs
        found = gradient * piecewise(self._pieces, x, self._order + 1)
        return (F.sum(found, axis=0) if found.ndim > x.ndim else found,)
