"""Densities of paths that are held fixed, over their present value: 1, with derivatives of every order.

A derivative of the density is the density times a score, the derivative of its logarithm. The scores are made once, and
every derivative reads them: the second ones are products of two scores, and the derivatives of scores, which are few.
"""

from collections.abc import Iterable

import numpy as np

from greeks_cli.engine.autodiff.chainer_runtime import chainer
from greeks_cli.engine.autodiff.ops import Operand, is_variable
from greeks_cli.engine.compiler.ir import Array


def weight_of(log_density: Operand, leaves: Iterable[Operand]) -> Operand:
    """The density over its present value as a graph of the leaves that its logarithm depends on."""
    live = {id(leaf): leaf for leaf in leaves if is_variable(leaf) and leaf.requires_grad}
    if not is_variable(log_density) or not live:
        return 1.0
    found = zip(
        live.values(), chainer.grad([log_density], list(live.values()), enable_double_backprop=True), strict=True
    )
    scores = [(leaf, score) for leaf, score in found if score is not None]
    return _Weight([score for _, score in scores]).apply(tuple(leaf for leaf, _ in scores))[0] if scores else 1.0


class _Weight(chainer.FunctionNode):  # type: ignore[misc]  # chainer has no usable types
    """The density over its present value, as a function of leaves with known scores."""

    label = "density"

    def __init__(self, scores: list[Operand]):
        self._scores = scores

    def forward(self, inputs: tuple[Array, ...]) -> tuple[Array]:
        self.retain_inputs(tuple(range(len(inputs))))
        return (np.ones_like(inputs[0]),)

    def backward(self, indexes: tuple[int, ...], grad_outputs: tuple[Operand]) -> tuple[Operand, ...]:
        (weight,) = _Weight(self._scores).apply(self.get_retained_inputs())
        weighted = grad_outputs[0] * weight
        return tuple(weighted * self._scores[i] for i in indexes)
