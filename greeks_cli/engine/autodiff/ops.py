"""Elementary functions that dispatch on their operand, and parameters as leaves of the graph.

A parameter that no Greek differentiates stays a number. An operation on numbers and normals alone makes a plain array:
Chainer records nothing for it.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.autodiff.chainer_runtime import F, chainer
from greeks_cli.engine.autodiff.open_number import OwnFunctions
from greeks_cli.engine.compiler import elementary
from greeks_cli.engine.compiler.functions import exp_of_number, in_float32, log_of_number
from greeks_cli.engine.compiler.tracer import elementwise

Operand = Any
"""A float, an array (of no dimension for a traced number), or a chainer.Variable, which has no usable types."""
Leaves = Mapping[str, Operand]
"""Parameters by name: a Variable of shape (n_paths,) where differentiated, else a number or an array."""


def make_leaves(values: Mapping[str, Operand], live: Collection[str], n_paths: int, dtype: type[np.floating]) -> Leaves:
    """Leaves of the parameters, of which the ``live`` ones are differentiated.

    One number in memory serves all paths. A value is a number, or an array of one number per path.
    """

    def leaf(name: str, value: Operand) -> Operand:
        per_path = isinstance(value, np.ndarray)
        if name not in live and (not per_path or value.ndim == 0):
            return value
        one_each = np.broadcast_to(value if per_path else dtype(value), (n_paths,))
        return chainer.Variable(one_each, requires_grad=name in live)

    return {name: leaf(name, value) for name, value in values.items()}


def is_variable(x: Operand) -> bool:
    """True if Chainer records the operations on x."""
    return isinstance(x, chainer.Variable)


def exp(x: Operand) -> Operand:
    """e^x, elementwise."""
    if is_variable(x):
        return F.exp(x)
    if isinstance(x, float):
        return math.exp(x)
    if isinstance(x, OwnFunctions):
        return x.exp()
    return elementary.exp(x) if x.ndim else elementwise(exp_of_number, x)


def log(x: Operand) -> Operand:
    """The natural logarithm, elementwise."""
    if is_variable(x):
        return F.log(x)
    if isinstance(x, float):
        return math.log(x)
    if isinstance(x, OwnFunctions):
        return x.log()
    return elementary.log(x) if x.ndim else elementwise(log_of_number, x)


def sqrt(x: Operand) -> Operand:
    """The square root, elementwise."""
    if is_variable(x):
        return F.sqrt(x)
    if isinstance(x, OwnFunctions):
        return x.sqrt()
    return math.sqrt(x) if isinstance(x, float) else np.sqrt(x)


def sin(x: Operand) -> Operand:
    """The sine, elementwise."""
    if is_variable(x):
        return F.sin(x)
    return math.sin(x) if isinstance(x, float) else elementary.sin(x)


def cos(x: Operand) -> Operand:
    """The cosine, elementwise."""
    if is_variable(x):
        return F.cos(x)
    return math.cos(x) if isinstance(x, float) else elementary.cos(x)


def minimum(x: Operand, y: Operand) -> Operand:
    """The smaller of two operands without derivatives."""
    return min(x, y) if isinstance(x, float) and isinstance(y, float) else np.minimum(x, y)


def at_most(x: Operand, level: float) -> Operand:
    """1 where x is not above a level, else 0; no derivative passes."""
    x = values_of(x)
    return float(x <= level) if isinstance(x, float) else (x <= level).astype(x.dtype)


def concat(parts: Sequence[Operand]) -> Operand:
    """The parts below each other, along the first axis."""
    if any(is_variable(part) for part in parts):
        return F.concat(parts, axis=0)
    return np.concatenate(parts)


def total(x: Operand) -> Operand:
    """The sum over dates, the first axis."""
    return F.sum(x, axis=0) if is_variable(x) else x.sum(axis=0)


def running_total(x: Operand) -> Operand:
    """The sums over dates, the first axis, up to each date."""
    return _RunningTotal().apply((x,))[0] if is_variable(x) else np.cumsum(x, axis=0)


class _RunningTotal(chainer.FunctionNode):  # type: ignore[misc]  # chainer has no usable types
    """Running sums over the first axis, from the first row on or from the last."""

    label = "running sum"

    def __init__(self, from_last: bool = False):
        self._from_last = from_last

    def forward(self, inputs: tuple[NDArray[np.floating]]) -> tuple[NDArray[np.floating]]:
        (x,) = inputs
        return (np.cumsum(x[::-1], axis=0)[::-1] if self._from_last else np.cumsum(x, axis=0),)

    def backward(self, indexes: tuple[int, ...], grad_outputs: tuple[Operand]) -> tuple[Operand]:
        return _RunningTotal(not self._from_last).apply(grad_outputs)


def as_constant(x: Operand) -> Operand:
    """A number in the type of the paths, where it is combined with them."""
    is_number = isinstance(x, np.ndarray) and x.ndim == 0 and x.dtype == np.float32
    return elementwise(in_float32, x) if is_number else x


def values_of(x: Operand) -> Operand:
    """The operand without its graph: no derivative passes."""
    return x.array if is_variable(x) else x


def number_of(x: Operand) -> float:
    """The number of an operand that is the same on every path."""
    return float(np.ravel(np.asarray(values_of(x)))[0])
