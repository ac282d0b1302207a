"""Quantities of paths whose partial derivatives are known arrays, as one kind of node."""

from collections.abc import Callable

from greeks_cli.engine.autodiff.chainer_runtime import chainer
from greeks_cli.engine.autodiff.mixed_partials import MultiIndex
from greeks_cli.engine.autodiff.ops import Leaves, Operand, is_variable, total
from greeks_cli.engine.compiler.ir import Array

Partials = Callable[[MultiIndex], Array]
"""The partial derivative of a quantity by a sorted multi-index; the quantity itself by ()."""


class Known(chainer.FunctionNode):  # type: ignore[misc]  # chainer has no usable types
    """A partial derivative of a known quantity, as a function of the leaves that the quantity depends on."""

    def __init__(self, partials: Partials, names: tuple[str, ...], index: MultiIndex = ()):
        self._partials, self._names, self._index = partials, names, index

    @property
    def label(self) -> str:
        """The node's text in a picture of the graph."""
        return f"d state / d {' d '.join(self._index)}" if self._index else "state"

    def forward(self, inputs: tuple[Array, ...]) -> tuple[Array]:
        self.retain_inputs(tuple(range(len(inputs))))
        return (self._partials(self._index),)

    def backward(self, indexes: tuple[int, ...], grad_outputs: tuple[Operand]) -> tuple[Operand, ...]:
        inputs = self.get_retained_inputs()

        def slope(i: int) -> Operand:
            index = tuple(sorted((*self._index, self._names[i])))
            product = Known(self._partials, self._names, index).apply(inputs)[0] * grad_outputs[0]
            return total(product) if product.ndim > 1 else product

        return tuple(slope(i) for i in indexes)


def known(partials: Partials, leaves: Leaves) -> Operand:
    """The quantity: a node where any of its leaves is a Variable, which ``partials`` then knows the derivatives by."""
    live = {name: leaf for name, leaf in leaves.items() if is_variable(leaf)}
    return Known(partials, tuple(live)).apply(tuple(live.values()))[0] if live else partials(())


def valued(x: Operand, value: Array) -> Operand:
    """An operand whose value is known, so that only its derivatives need its graph."""
    return _Valued(value).apply((x,))[0] if is_variable(x) else value


class _Valued(chainer.FunctionNode):  # type: ignore[misc]  # chainer has no usable types
    label = "known value"

    def __init__(self, value: Array):
        self._value = value

    def forward(self, inputs: tuple[Array]) -> tuple[Array]:
        return (self._value,)

    def backward(self, indexes: tuple[int, ...], grad_outputs: tuple[Operand]) -> tuple[Operand]:
        return grad_outputs
