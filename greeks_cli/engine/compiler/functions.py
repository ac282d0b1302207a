"""Functions of programs beside NumPy's own: of numbers as the C library has them, of rows, and in fewer calls."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]


def as_type(array: Array, dtype: np.dtype[Any]) -> Array:
    """The array in another type; unlike NumPy's unbound method, the function takes any library's arrays."""
    return array.astype(dtype)


_C_EXP, _C_LOG = np.frompyfunc(math.exp, 1, 1), np.frompyfunc(math.log, 1, 1)


def exp_of_number(x: Any) -> Any:
    """exp by the C library, as for Python's numbers; NumPy's may differ in the last bit."""
    return _as_floats(_C_EXP(x))


def log_of_number(x: Any) -> Any:
    """log by the C library, as for Python's numbers; NumPy's may differ in the last bit. Raises ValueError below 0."""
    return _as_floats(_C_LOG(x))


def normal_cdf(x: Any) -> Any:
    """The standard normal distribution function, by the C library's erfc."""
    return _as_floats(_C_NORMAL_CDF(x))


def in_float32(x: Any) -> Any:
    """A number rounded to float32, as Chainer rounds a constant that it combines with an array."""
    return _as_floats(_IN_FLOAT32(x))


_IN_FLOAT32 = np.frompyfunc(lambda x: float(np.float32(x)), 1, 1)
_C_NORMAL_CDF = np.frompyfunc(lambda x: 0.5 * math.erfc(-x * math.sqrt(0.5)), 1, 1)


def _as_floats(found: Any) -> Any:
    return found.astype(float) if isinstance(found, np.ndarray) else found


def recurrence(factors: Array, addends: Array, from_last: bool) -> Array:
    """y_k = a_k y_(k-1) + b_k over the rows of factors a and addends b; from the last, y_k = a_(k+1) y_(k+1) + b_k."""
    rows = range(1, len(addends))
    if not from_last:
        found = [addends[0]]
        for row in rows:
            found.append(factors[row] * found[-1] + addends[row])
        return np.stack(found)
    found = [addends[len(rows)]]
    for row in reversed(rows):
        found.append(factors[row] * found[-1] + addends[row - 1])
    return np.stack(found[::-1])


def rows_at(array: Array, places: list[int]) -> Array:
    """The rows at some places."""
    return array[places]


def rows_put(array: Array, places: list[int], n_rows: int) -> Array:
    """An array of 0 but for the rows at some places."""
    row_of = {place: row for row, place in enumerate(places)}
    padded = np.concatenate([array, np.zeros_like(array[:1])])
    return padded[[row_of.get(place, len(places)) for place in range(n_rows)]]


def _padded(array: Array, widths: Any) -> Array:
    """``np.pad`` by zeros, which takes ten times as long."""
    found = np.zeros_like(array, shape=[n + sum(width) for n, width in zip(array.shape, widths, strict=True)])
    found[tuple([slice(width[0], width[0] + n) for n, width in zip(array.shape, widths, strict=True)])] = array
    return found


def broadcast(array: Any, shape: tuple[int, ...]) -> Array:
    """``np.broadcast_to``, of which little is left to do for an array of the shape or its only row."""
    own = getattr(array, "shape", ())
    if own == shape:
        return array
    return array.reshape(shape) if own and (1, *own) == shape else np.broadcast_to(array, shape)


IN_FEW_CALLS: Mapping[Callable[..., Any], Callable[..., Any]] = {np.pad: _padded, np.broadcast_to: broadcast}
"""Functions in place of NumPy's, whose Python takes most of their time on small arrays."""
OF_NUMBERS = {exp_of_number, log_of_number, in_float32}
"""Elementwise functions that are no ufuncs and whose call of constants is a constant."""
