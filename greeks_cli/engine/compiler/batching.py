"""Batching over trades: one program for trades that differ in numbers alone.

A constant of the program may be a number per trade, or an array per trade. A rewrite compares constants with numbers
(is the factor 0?). Where the answer differs between trades, the batch is divided.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.compiler.elementary import EVALUATED
from greeks_cli.engine.compiler.ir import ROW, Shape

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class Diverging(Exception):
    """Trades of a batch whose programs differ in more than numbers; ``answers`` are equal for equal programs."""

    def __init__(self, answers: NDArray[Any]):
        super().__init__("the trades of a batch need different programs")
        self.answers = answers


def in_batches(
    work: Callable[[Sequence[Item]], Answer], items: Sequence[Item]
) -> Iterator[tuple[Sequence[Item], Answer]]:
    """Parts of the items, with the answer of ``work``: all items, or the parts into which they diverge."""
    try:
        yield items, work(items)
    except Diverging as diverging:
        parts: dict[Any, list[Item]] = {}
        for item, answer in zip(items, diverging.answers.tolist(), strict=True):
            parts.setdefault(answer, []).append(item)
        for part in parts.values():
            yield from in_batches(work, part)


class PerTrade:
    """Values in place of a constant: one per trade of a batch, shape (n_trades, ...).

    Arithmetic broadcasts over the trailing axes. A comparison has one answer for all trades, or raises Diverging.
    """

    def __init__(self, values: NDArray[np.floating]):
        self.values = values

    @property
    def is_number(self) -> bool:
        """True if each trade has one number, not an array."""
        return self.values.ndim == 1

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[np.floating]:
        return np.array(self.values, dtype)

    def __array_ufunc__(self, function: np.ufunc, method: str, *inputs: Any, **keywords: Any) -> Any:
        if method != "__call__":
            return NotImplemented
        if all(x.values.ndim == 1 if isinstance(x, PerTrade) else isinstance(x, float | int) for x in inputs):
            found = EVALUATED.get(function, function)(
                *(x.values if isinstance(x, PerTrade) else x for x in inputs), **keywords
            )
        else:
            found = _broadcast(EVALUATED.get(function, function), inputs, keywords)
        if found.dtype != np.bool_:
            return PerTrade(found.astype(float) if found.dtype == object else found)
        return np.bool_(_agreed(found))

    def __bool__(self) -> bool:
        return bool(self != 0)

    def __repr__(self) -> str:
        return f"PerTrade({self.values.tolist()})"

    def _combined(self, function: np.ufunc, other: Any) -> Any:
        """The result of a ufunc of two numbers per trade; NumPy's dispatch takes several times as long."""
        if self.is_number:
            if type(other) is float or type(other) is int:
                return PerTrade(function(self.values, other))
            if type(other) is PerTrade and other.is_number:
                return PerTrade(function(self.values, other.values))
        return function(self, other)

    def _compared(self, function: np.ufunc, other: Any) -> bool:
        found = self._combined(function, other)
        return _agreed(found.values) if isinstance(found, PerTrade) else bool(found)

    def __mul__(self, other: Any) -> Any:
        return self._combined(np.multiply, other)

    __rmul__ = __mul__

    def __add__(self, other: Any) -> Any:
        return self._combined(np.add, other)

    __radd__ = __add__

    def __truediv__(self, other: Any) -> Any:
        return self._combined(np.divide, other)

    def __rtruediv__(self, other: Any) -> Any:
        return np.divide(other, self)

    def __neg__(self) -> "PerTrade":
        return PerTrade(-self.values)

    def __abs__(self) -> "PerTrade":
        return PerTrade(abs(self.values))

    def __eq__(self, other: object) -> bool:
        return self._compared(np.equal, other)

    def __ne__(self, other: object) -> bool:
        return self._compared(np.not_equal, other)

    def __lt__(self, other: Any) -> bool:
        return self._compared(np.less, other)

    def __le__(self, other: Any) -> bool:
        return self._compared(np.less_equal, other)

    def __gt__(self, other: Any) -> bool:
        return self._compared(np.greater, other)

    def __ge__(self, other: Any) -> bool:
        return self._compared(np.greater_equal, other)

    __hash__ = None  # type: ignore[assignment]  # equality may have no answer


def _agreed(found: NDArray[Any]) -> bool:
    """The answer of all trades. Raises Diverging where they differ."""
    answers: NDArray[Any] = found if found.ndim == 1 else np.all(found.reshape(len(found), -1), axis=1)
    agreed = bool(answers[0])
    if np.count_nonzero(answers) != (len(answers) if agreed else 0):
        raise Diverging(answers)
    return agreed


def _broadcast(function: Callable[..., Any], inputs: Sequence[Any], keywords: dict[str, Any]) -> NDArray[Any]:
    """The result of a ufunc of arrays per trade; numbers take the type of the arrays, as Python's numbers do."""
    rank = max(x.values.ndim - 1 if isinstance(x, PerTrade) else np.ndim(x) for x in inputs)
    types = [x.values.dtype for x in inputs if isinstance(x, PerTrade) and not x.is_number]
    dtype = types[0] if types else np.dtype(float)

    def padded(x: Any) -> Any:
        if not isinstance(x, PerTrade):
            return x
        shape = x.values.shape
        return x.values.astype(dtype, copy=False).reshape(shape[0], *(1,) * (rank + 1 - len(shape)), *shape[1:])

    found: NDArray[Any] = function(*map(padded, inputs), **keywords)
    return found


def per_trade(values: Sequence[float] | NDArray[np.floating]) -> Any:
    """A value for each trade, or the common value where all are equal to the bit."""
    stacked = np.ascontiguousarray(values) + 0.0  # -0.0 is 0.0, as it is to the key of a market
    if stacked.ndim == 1:
        stacked = stacked.astype(float, copy=False)
    if not _all_equal(stacked):
        return PerTrade(stacked)
    return float(stacked[0]) if stacked.ndim == 1 else stacked[0]


def chosen(value: Any, rows: list[int], dtype: type[np.floating]) -> Any:
    """A constant for some trades of a batch: a value for each, or their common value."""
    if not isinstance(value, PerTrade):
        return value
    values = value.values[rows]
    if not _all_equal(values):
        return PerTrade(values)
    return float(values[0]) if value.is_number else values[0].astype(dtype)


def _all_equal(values: NDArray[Any]) -> bool:
    """True if all rows of an array in C order are equal to the bit."""
    if len(values) == 1:
        return True
    bits = values.reshape(len(values), -1).view(np.uint8)
    return bool((bits == bits[0]).all())


def of_trades(value: Any, which: slice, dtype: type[np.floating]) -> Any:
    """A constant for a stack of trades: a column that broadcasts over paths; for one trade, a number or row."""
    n_trades = which.stop - which.start
    if isinstance(value, Shape) and value == ROW and n_trades > 1:
        return Shape((n_trades, None))
    if not isinstance(value, PerTrade):
        return value
    values = value.values[which]
    if n_trades == 1:
        return float(values[0]) if value.is_number else values[0].astype(dtype)
    return values[:, None].astype(dtype)
