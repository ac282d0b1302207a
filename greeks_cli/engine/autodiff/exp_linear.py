"""The exponential of a linear form, exp(L), with its derivatives of every order.

exp(L), where L = sum_k c_k(parameters) d_k is linear in data d of the path, has derivatives exp(L) R of every order,
with R_() = 1 and R_(a,p) = sum over b in a of L_(b,p) R_(a without b): the complete Bell polynomials of the
derivatives of L (E. Bell, Exponential polynomials, Annals of Mathematics 35, 1934). The derivatives of the c_k are
numbers of a trade; only exp(L), R and their product have one entry per path.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from functools import reduce
from itertools import product
from math import factorial
from operator import add
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.autodiff.mixed_partials import MultiIndex
from greeks_cli.engine.autodiff.ops import Operand
from greeks_cli.engine.compiler import elementary
from greeks_cli.engine.compiler.ir import Array

Relative = Any
"""R at some dates: 1.0, a traced number, or an array."""
Dates = int | slice


class WeightedData(ABC):
    """Data that a coefficient multiplies otherwise at each date: the products, of derivatives of the coefficient."""

    @abstractmethod
    def at(self, index: MultiIndex, dates: Dates) -> Array:
        """The products at one date, shape (n_paths,), or at several, (n_dates, n_paths)."""

    def total(self, index: MultiIndex, dates: slice, factor: Array) -> Array:
        """The sum over dates of the products, each times a factor, shape (n_paths,)."""
        return np.einsum("tn,tn->n", self.at(index, dates), factor)


Data = Array | WeightedData | None
"""Data of a coefficient; None for 1."""


class Coefficients(ABC):
    """The partial derivatives of the coefficients c_k of a linear form, at each date."""

    @abstractmethod
    def pattern(self, index: MultiIndex) -> NDArray[np.bool_] | None:
        """True for every coefficient whose derivative is not zero, shape (n_data, n_dates); None where all are zero."""

    @abstractmethod
    def number(self, index: MultiIndex, row: int, date: int, rounded: bool) -> Operand:
        """The derivative of one coefficient at a date; ``rounded`` to the type of the paths."""

    @abstractmethod
    def column(self, index: MultiIndex, row: int, dates: slice) -> Operand:
        """The derivative of one coefficient at some dates, shape (n_dates, 1)."""

    @abstractmethod
    def vector(self, index: MultiIndex, row: int, dates: slice) -> Operand:
        """The derivative of one coefficient at some dates, shape (n_dates,)."""


class ExpLinear:
    """base x exp(L) at the dates of some paths, where L is 0 at the values of the parameters.

    ``data`` has one entry per coefficient: None for the constant 1, an array of shape (n_paths,), or an array of shape
    (n_dates, n_paths), whose coefficient is the same at all dates, or WeightedData.

    ``base`` gives the values at some dates, shape (n_dates, n_paths), or (n_paths,) at one date. The quantity is
    proportional to the parameter named ``scale``, if any, of value ``scale_value``; L leaves that parameter out.
    """

    def __init__(
        self,
        coefficients: Coefficients,
        data: Sequence[Data],
        base: Callable[[Dates], Array],
        scale: str = "",
        scale_value: Operand = 1.0,
    ):
        self._coefficients = coefficients
        self._data = data
        self._base = base
        self._scale, self._scale_value = scale, scale_value

    def vanishes(self, index: MultiIndex) -> bool:
        """True if a derivative is zero on every path."""
        return index.count(self._scale) > 1 or not self._moves(self._without_scale(index))

    def _moves(self, index: MultiIndex) -> bool:
        return not index or any(
            self._coefficients.pattern(inside) is not None and self._moves(outside)
            for inside, outside in _partitions(index)
        )

    def derivative(self, index: MultiIndex, dates: Dates) -> Array:
        """The derivative at one date, shape (n_paths,), or at several, (n_dates, n_paths)."""
        base, relative = self._base(dates), self._relative(self._without_scale(index), dates)
        if self._scale in index:
            relative = relative * (1 / self._scale_value)
        return base if isinstance(relative, float) and relative == 1.0 else relative * base

    def total(self, index: MultiIndex, dates: slice) -> Array:
        """The sum over dates of the derivative, shape (n_paths,)."""
        factor = 1 / self._scale_value if self._scale in index else 1.0
        return self._total(self._without_scale(index), self._base(dates), dates) * factor

    def _total(self, index: MultiIndex, base: Array, dates: slice) -> Array:
        if not index:
            return base.sum(axis=0)
        if len(index) > 1:
            relative = self._relative(index, dates)
            return np.einsum("tn,tn->n", np.broadcast_to(relative, base.shape), base)
        # L is linear in the data: data of one number per path factor out of the sum over dates.
        pattern = self._coefficients.pattern(index)
        assert pattern is not None
        found: Any = 0.0
        for row, (moves, data) in enumerate(zip(pattern[:, dates], self._data, strict=True)):
            if moves.any():
                if isinstance(data, WeightedData):
                    found = found + data.total(index, dates, base)
                elif data is not None and data.ndim == 2:
                    weight = self._coefficients.number(index, row, dates.start, rounded=True)
                    found = found + np.einsum("tn,tn->n", data[dates], base) * weight
                else:
                    first, last = moves.nonzero()[0][0], moves.nonzero()[0][-1]  # bridges move few dates
                    at = slice(dates.start + first, dates.start + last + 1)
                    weights = self._coefficients.vector(index, row, at)
                    summed = np.einsum("t,tn->n", weights, base[first : last + 1])
                    found = found + summed * (1 if data is None else data)
        return found

    def logarithm(self, index: MultiIndex, dates: Dates, summed: bool) -> Any:
        """The derivative of the logarithm at one date, at several, or summed over these: an array or a number."""
        if not index:
            value = elementary.log(self._base(dates))
            return value.sum(axis=0) if summed else value
        if self._scale in index:  # (-1)^(k-1) (k-1)! / scale^k
            k = len(index)
            found: Any = (-1) ** (k - 1) * factorial(k - 1) * self._scale_value**-k
            if isinstance(dates, slice) and summed:
                return found * len(range(*dates.indices(dates.stop)))
        else:
            pattern = self._coefficients.pattern(index)
            assert pattern is not None
            rows = enumerate(zip(pattern[:, dates], self._data, strict=True))
            terms = [self._term(index, row, data, dates, summed) for row, (moves, data) in rows if moves.any()]
            found = reduce(add, terms) if terms else 0.0 * self._scale_value
        if isinstance(dates, int) or summed:
            return found
        return np.broadcast_to(found, self._base(dates).shape)  # where it is a number at each date

    def _term(self, index: MultiIndex, row: int, data: Data, dates: Dates, summed: bool) -> Any:
        """The derivative of one coefficient times its data."""
        if isinstance(data, WeightedData):
            own = data.at(index, dates)
            return own.sum(axis=0) if summed else own
        if data is not None and data.ndim == 2:
            first = dates.start if isinstance(dates, slice) else dates
            own = data[dates].sum(axis=0) if summed else data[dates]
            return self._coefficients.number(index, row, first, rounded=False) * own
        if isinstance(dates, int):
            weight: Any = self._coefficients.number(index, row, dates, rounded=False)
        elif summed:
            weight = self._coefficients.vector(index, row, dates).sum(axis=0)
        else:
            weight = self._coefficients.column(index, row, dates)
        return weight if data is None else weight * data

    def logarithm_vanishes(self, index: MultiIndex) -> bool:
        """True if a derivative of the logarithm is zero on every path."""
        if self._scale in index:
            return len(set(index)) > 1
        return bool(index) and self._coefficients.pattern(index) is None

    def _without_scale(self, index: MultiIndex) -> MultiIndex:
        return tuple(name for name in index if name != self._scale)

    def _relative(self, index: MultiIndex, dates: Dates) -> Relative:
        """R of the module's formula; a number where it is the same on all paths at one date."""
        if not index:
            return 1.0
        relative: Relative = None
        for inside, outside in _partitions(index):
            pattern = self._coefficients.pattern(inside)
            if pattern is None or not self._moves(outside):
                continue
            slope = None
            for row, (moves, data) in enumerate(zip(pattern[:, dates], self._data, strict=True)):
                if not moves.any():
                    continue
                if isinstance(data, WeightedData):
                    weight: Any = data.at(inside, dates)
                elif isinstance(dates, int):
                    weight = self._coefficients.number(inside, row, dates, rounded=False)
                else:
                    weight = self._coefficients.column(inside, row, dates)
                if data is not None and not isinstance(data, WeightedData):
                    weight = weight * (data[dates] if data.ndim == 2 else data)
                slope = weight if slope is None else slope + weight
            term = slope if not outside else slope * self._relative(outside, dates)
            relative = term if relative is None else relative + term
        return relative


def _partitions(index: MultiIndex) -> Iterator[tuple[MultiIndex, MultiIndex]]:
    """Divisions of an index into two parts, the first of which contains the last parameter."""
    *others, last = index
    for chosen in product((True, False), repeat=len(others)):
        inside = (name for name, is_inside in zip(others, chosen, strict=True) if is_inside)
        outside = (name for name, is_inside in zip(others, chosen, strict=True) if not is_inside)
        yield (*inside, last), tuple(outside)
