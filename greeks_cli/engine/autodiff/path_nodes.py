"""Nodes of the graph: the exponential of a linear form and its logarithm, with derivatives of every order."""

from functools import reduce
from operator import mul

from greeks_cli.engine.autodiff.chainer_runtime import chainer
from greeks_cli.engine.autodiff.exp_linear import Dates, ExpLinear
from greeks_cli.engine.autodiff.mixed_partials import MultiIndex
from greeks_cli.engine.autodiff.ops import Leaves, Operand, is_variable, log, total
from greeks_cli.engine.compiler.ir import Array


class Evaluation(chainer.FunctionNode):  # type: ignore[misc]  # chainer has no usable types
    """A derivative of an ExpLinear as a function of the leaves that it depends on.

    A further input is a weight that multiplies the derivative.
    """

    def __init__(self, of: ExpLinear, names: tuple[str, ...], dates: Dates, summed: bool, index: MultiIndex = ()):
        self._of, self._names, self._dates, self._summed, self._index = of, names, dates, summed, index

    @property
    def label(self) -> str:
        """The node's text in a picture of the graph."""
        value = "sum over dates" if self._summed else "path" if isinstance(self._dates, slice) else "path at a date"
        return f"d {value} / d {' d '.join(self._index)}" if self._index else value

    @property
    def is_value(self) -> bool:
        """True if the node is the quantity itself, no sum over dates and no derivative."""
        return not (self._summed or self._index or len(self.inputs) > len(self._names))

    def logarithm(self, summed: bool) -> Operand:
        """The logarithm of the quantity, perhaps summed over dates."""
        leaves = tuple(node.get_variable() for node in self.inputs)
        return Logarithm(self._of, self._names, self._dates, summed).apply(leaves)[0]

    def forward(self, inputs: tuple[Array, ...]) -> tuple[Array]:
        self.retain_inputs(tuple(range(len(inputs))))
        find = self._of.total if self._summed else self._of.derivative
        value = find(self._index, self._dates)  # type: ignore[arg-type]  # a sum is over a slice
        weight = inputs[len(self._names) :]
        return (value * weight[0] if weight else value,)

    def backward(self, indexes: tuple[int, ...], grad_outputs: tuple[Operand]) -> tuple[Operand | None, ...]:
        inputs = self.get_retained_inputs()
        n = len(self._names)
        weight = reduce(mul, (*inputs[n:], grad_outputs[0]))
        slopes: list[Operand | None] = []
        for i in indexes:
            index = tuple(sorted((*self._index, self._names[i]))) if i < n else self._index
            if self._of.vanishes(index):
                slopes.append(None)
                continue
            again = Evaluation(self._of, self._names, self._dates, self._summed, index)
            slope = again.apply((*inputs[:n], weight if i < n else grad_outputs[0]))[0]
            over_dates = i < n and isinstance(self._dates, slice) and not self._summed
            slopes.append(total(slope) if over_dates else slope)
        return tuple(slopes)


class Logarithm(chainer.FunctionNode):  # type: ignore[misc]  # chainer has no usable types
    """A derivative of the logarithm of an ExpLinear; a further input is its weight."""

    def __init__(self, of: ExpLinear, names: tuple[str, ...], dates: Dates, summed: bool, index: MultiIndex = ()):
        self._of, self._names, self._dates, self._summed, self._index = of, names, dates, summed, index

    @property
    def label(self) -> str:
        """The node's text in a picture of the graph."""
        value = "sum of logarithms" if self._summed else "logarithm"
        return f"d {value} / d {' d '.join(self._index)}" if self._index else value

    def forward(self, inputs: tuple[Array, ...]) -> tuple[Array]:
        value = self._of.logarithm(self._index, self._dates, self._summed)
        weight = inputs[len(self._names) :]
        self.retain_inputs(tuple(range(len(inputs))))
        return (value * weight[0] if weight else value,)

    def backward(self, indexes: tuple[int, ...], grad_outputs: tuple[Operand]) -> tuple[Operand | None, ...]:
        inputs = self.get_retained_inputs()
        n = len(self._names)
        slopes: list[Operand | None] = []
        for i in indexes:
            index = tuple(sorted((*self._index, self._names[i]))) if i < n else self._index
            if self._of.logarithm_vanishes(index):
                slopes.append(None)
                continue
            weight = reduce(mul, (*inputs[n:], grad_outputs[0])) if i < n else grad_outputs[0]
            slope = Logarithm(self._of, self._names, self._dates, self._summed, index).apply((*inputs[:n], weight))[0]
            over_dates = i < n and isinstance(self._dates, slice) and not self._summed
            slopes.append(total(slope) if over_dates else slope)
        return tuple(slopes)


def log_of(x: Operand, summed: bool = False) -> Operand:
    """The logarithm of the underlying, perhaps summed over dates: a linear form, where the path moves."""
    node = x.creator if is_variable(x) else None
    if isinstance(node, Evaluation) and node.is_value:
        return node.logarithm(summed)
    return total(log(x)) if summed else log(x)


def evaluate(of: ExpLinear, leaves: Leaves, dates: Dates, summed: bool = False) -> Operand:
    """The quantity at a date, at several, or summed over them: a node where any of its leaves is a Variable."""
    live = {name: leaf for name, leaf in leaves.items() if is_variable(leaf)}
    if not live:
        return of.total((), dates) if summed else of.derivative((), dates)  # type: ignore[arg-type]
    return Evaluation(of, tuple(live), dates, summed).apply(tuple(live.values()))[0]
