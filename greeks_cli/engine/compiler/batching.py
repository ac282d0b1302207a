"""One number for each of several trades, in a calculation that is otherwise the same for all of them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from numpy.typing import NDArray


class Unlike(Exception):
    """Trades whose calculations differ in more than their numbers."""


class Many(NDArrayOperatorsMixin):
    """Numbers of trades where one number is expected.

    A question of them has one answer, or raises Unlike: what follows from it would differ between the trades.
    """

    def __init__(self, values: NDArray[np.floating]):
        self._values = values

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[np.floating]:
        return np.array(self._values, dtype)

    def column(self, dtype: type[np.floating]) -> NDArray[np.floating]:
        """To be multiplied by a row of paths: shape (n_trades, 1)."""
        return self._values[:, None].astype(dtype)

    def __array_ufunc__(self, function: np.ufunc, method: str, *inputs: Any, **keywords: Any) -> Any:
        numbers = [each._values if isinstance(each, Many) else each for each in inputs]
        if method != "__call__" or any(np.size(each) > 1 for each in inputs if not isinstance(each, Many)):
            raise Unlike
        found = function(*numbers, **keywords)
        if found.dtype != np.bool_:
            return many(found)
        if found.all() != found.any():
            raise Unlike
        return np.bool_(found.all())

    def __bool__(self) -> bool:
        return bool(self != 0)

    def __repr__(self) -> str:
        return f"Many({self._values.tolist()})"


def many(values: Sequence[float] | NDArray[np.floating]) -> Any:
    """A number for each trade: one number where they are equal to the bit."""
    numbers = np.asarray(values, dtype=float)
    bits = numbers.view(np.int64)
    return float(numbers[0]) if (bits == bits[0]).all() else Many(numbers)
