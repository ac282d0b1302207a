"""Lognormal quantities with their derivatives of every order, as one kind of node.

exp(L), where L = sum_k c_k(parameters) d_k is linear in data d of the path, has derivatives exp(L) R
of every order, with R_() = 1 and R_(a,p) = sum over b in a of L_(b,p) R_(a without b): the complete
Bell polynomials of L's own derivatives (E. Bell, Exponential polynomials, Annals of Mathematics 35,
1934). The c_k are small graphs, differentiated once per request and not once per path; only
exp(L), R and their product are as long as there are paths.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import reduce
from itertools import product
from operator import mul
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.autodiff.chainer_runtime import chainer
from greeks_cli.engine.autodiff.leaves import Leaves
from greeks_cli.engine.autodiff.mixed_partials import MultiIndex
from greeks_cli.engine.autodiff.ops import Operand, total

Array = NDArray[np.floating]
Relative = Array | float
Dates = int | slice


class Coefficients:
    """The c_k of a logarithm at each date, shape (n_data, n_dates), and their partial derivatives.

    ``law`` makes them from leaves of that shape, each from the elements at its own place.
    """

    def __init__(self, law: Callable[[Leaves], Operand], values: Mapping[str, float], n_data: int, n_dates: int):
        self._leaves = {name: chainer.Variable(np.full((n_data, n_dates), value)) for name, value in values.items()}
        self._found: dict[MultiIndex, Operand | None] = {(): law(self._leaves)}
        self._lock = Lock()

    def partial(self, index: MultiIndex) -> NDArray[np.float64] | None:
        """The partial derivative of every coefficient; None where all are zero."""
        with self._lock:  # blocks on several threads share one
            variable = self._variable(tuple(sorted(index)))
        return None if variable is None or not variable.array.any() else variable.array

    def _variable(self, index: MultiIndex) -> Operand | None:
        if index not in self._found:
            above = self._variable(index[:-1])
            leaf = self._leaves[index[-1]]
            self._found[index] = (
                None if above is None else chainer.grad([above], [leaf], enable_double_backprop=True)[0]
            )
        return self._found[index]


class Lognormal:
    """base x exp(L) at the dates of some paths, where L is 0 at the parameters' values.

    ``data`` has one entry per coefficient: None for the constant 1, an array of shape (n_paths,), or one
    of (n_dates, n_paths), whose coefficient is the same at all dates. ``base`` gives the values at
    some dates, as an array of (n_dates of them, n_paths), or of (n_paths,) at one. The quantity is
    proportional to the parameter ``scale``, if there is one, which L then leaves out.
    """

    def __init__(
        self,
        coefficients: Coefficients,
        data: Sequence[Array | None],
        base: Callable[[Dates], Array],
        scale: tuple[str, float] | None = None,
    ):
        self._coefficients = coefficients
        self._data = data
        self._base = base
        self._dtype = next(d.dtype for d in data if d is not None)
        self._scale, self._scale_value = scale or ("", 1.0)

    def vanishes(self, index: MultiIndex) -> bool:
        """Whether a derivative is zero on every path."""
        return index.count(self._scale) > 1 or not self._moves(self._beside_scale(index))

    def _moves(self, index: MultiIndex) -> bool:
        return not index or any(
            self._coefficients.partial(inside) is not None and self._moves(outside)
            for inside, outside in _partitions(index)
        )

    def derivative(self, index: MultiIndex, dates: Dates) -> Array:
        """The derivative at one date, shape (n_paths,), or at several, (n_dates, n_paths)."""
        base, relative = self._base(dates), self._relative(self._beside_scale(index), dates)
        if self._scale in index:
            relative = relative * (1 / self._scale_value)
        return base if isinstance(relative, float) and relative == 1.0 else relative * base

    def total(self, index: MultiIndex, dates: slice) -> Array:
        """The sum over dates of the derivative, shape (n_paths,)."""
        factor = 1 / self._scale_value if self._scale in index else 1.0
        return self._total(self._beside_scale(index), self._base(dates), dates) * factor

    def _total(self, index: MultiIndex, base: Array, dates: slice) -> Array:
        if not index:
            return base.sum(axis=0)
        if len(index) > 1:
            relative = self._relative(index, dates)
            return np.einsum("tn,tn->n", np.broadcast_to(relative, base.shape), base)
        # Linear in the data: those of one number per path come out of the sum.
        coefficients = self._coefficients.partial(index)
        assert coefficients is not None
        found: Any = 0.0
        for row, data in zip(coefficients[:, dates].astype(self._dtype), self._data, strict=True):
            if row.any():
                if data is not None and data.ndim == 2:
                    found = found + np.einsum("tn,tn->n", data[dates], base) * row[0]
                else:
                    at = slice(row.nonzero()[0][0], row.nonzero()[0][-1] + 1)  # bridges move few dates
                    found = found + np.einsum("t,tn->n", row[at], base[at]) * (1 if data is None else data)
        return found

    def _beside_scale(self, index: MultiIndex) -> MultiIndex:
        return tuple(name for name in index if name != self._scale)

    def _relative(self, index: MultiIndex, dates: Dates) -> Relative:
        """R of the module's formula; a float where it is the same on all paths at one date."""
        if not index:
            return 1.0
        relative: Relative = 0.0
        for inside, outside in _partitions(index):
            if self._moves(outside) and self._coefficients.partial(inside) is not None:
                relative = _plus(relative, self._slope(inside, dates) * self._relative(outside, dates))
        return relative

    def _slope(self, index: MultiIndex, dates: Dates) -> Relative:
        """A partial derivative of L that is not zero everywhere."""
        coefficients = self._coefficients.partial(index)
        assert coefficients is not None
        slope: Relative = 0.0
        for row, data in zip(coefficients[:, dates], self._data, strict=True):
            if row.any():
                weight = float(row) if row.ndim == 0 else row[:, None].astype(self._dtype)
                slope = _plus(slope, weight if data is None else weight * (data[dates] if data.ndim == 2 else data))
        return slope


def _plus(one: Relative, other: Relative) -> Relative:
    return other if isinstance(one, float) and one == 0.0 else one + other


def _partitions(index: MultiIndex) -> Iterator[tuple[MultiIndex, MultiIndex]]:
    """Every way to put some of an index, and always its last, inside, and the others outside."""
    *others, last = index
    for chosen in product((True, False), repeat=len(others)):
        inside = (name for name, there in zip(others, chosen, strict=True) if there)
        outside = (name for name, there in zip(others, chosen, strict=True) if not there)
        yield (*inside, last), tuple(outside)


class Evaluation(chainer.FunctionNode):  # type: ignore[misc]  # chainer has no usable types
    """A derivative of a lognormal quantity, as a function of the leaves it depends on.

    A further input is a weight that it is multiplied by.
    """

    def __init__(self, of: Lognormal, names: tuple[str, ...], dates: Dates, summed: bool, index: MultiIndex = ()):
        self._of, self._names, self._dates, self._summed, self._index = of, names, dates, summed, index

    @property
    def label(self) -> str:
        what = "sum over dates" if self._summed else "path" if isinstance(self._dates, slice) else "path at a date"
        return f"d {what} / d {' d '.join(self._index)}" if self._index else what

    def forward(self, inputs: tuple[Array, ...]) -> tuple[Array]:
        self.retain_inputs(tuple(range(len(inputs))))
        find = self._of.total if self._summed else self._of.derivative
        value = find(self._index, self._dates)  # type: ignore[arg-type]  # a sum is over a slice
        weight = inputs[len(self._names) :]
        return (value * weight[0] if weight else value,)

    def backward(self, indexes: tuple[int, ...], grad_outputs: tuple[Operand]) -> tuple[Operand | None, ...]:
        inputs = self.get_retained_inputs()
        leaves, weights = inputs[: len(self._names)], inputs[len(self._names) :]
        weight = reduce(mul, (*weights, grad_outputs[0]))
        return tuple(
            self._slope(leaves, self._names[i], weight)
            if i < len(leaves)
            else self._weighted(leaves, self._index, grad_outputs[0])
            for i in indexes
        )

    def _slope(self, leaves: Sequence[Operand], name: str, weight: Operand) -> Operand | None:
        index = tuple(sorted((*self._index, name)))
        if self._of.vanishes(index):
            return None
        slope = self._weighted(leaves, index, weight)
        return slope if self._summed or isinstance(self._dates, int) else total(slope)

    def _weighted(self, leaves: Sequence[Operand], index: MultiIndex, weight: Operand) -> Operand:
        return Evaluation(self._of, self._names, self._dates, self._summed, index).apply((*leaves, weight))[0]


def evaluate(of: Lognormal, leaves: Leaves, dates: Dates, summed: bool = False) -> Operand:
    """The quantity at a date, at some, or summed over them: a node where any of the leaves is recorded.

    ``leaves`` are those that the quantity depends on.
    """
    live = {name: leaf for name, leaf in leaves.items() if isinstance(leaf, chainer.Variable)}
    if not live:
        return of.total((), dates) if summed else of.derivative((), dates)  # type: ignore[arg-type]
    return Evaluation(of, tuple(live), dates, summed).apply(tuple(live.values()))[0]
