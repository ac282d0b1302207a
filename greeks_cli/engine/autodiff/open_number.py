"""Open numbers: numbers of a trade that Chainer takes for Python's, and that are sources of a trace.

Chainer has its own functions for an array and a number: it rounds the number to the type of the array, and divides by
multiplying with the reciprocal. A trace of an open number makes the calls of these functions, so that the number may be
another for each trade, and the results are those of the number itself to the bit.
"""

import numbers
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np

from greeks_cli.engine.compiler.functions import exp_of_number, in_float32, log_of_number
from greeks_cli.engine.compiler.tracer import elementwise


class OwnFunctions(ABC):
    """An operand that knows its exponential, its logarithm and its square root."""

    @abstractmethod
    def exp(self) -> Any:
        """e to the power of the operand."""

    @abstractmethod
    def log(self) -> Any:
        """The natural logarithm."""

    @abstractmethod
    def sqrt(self) -> Any:
        """The square root."""


@numbers.Number.register  # so that NumPy, and Chainer, take it for a number
class OpenNumber(OwnFunctions):
    """A traced array of no dimension in place of a float."""

    __array_ufunc__ = None  # an array leaves the operation to the number

    def __init__(self, array: Any):
        self.array = array

    def in_type(self, dtype: np.dtype[Any]) -> Any:
        """The number as it enters an operation of Chainer with an array of a type."""
        return elementwise(in_float32, self.array) if dtype == np.float32 else self.array

    def exp(self) -> "OpenNumber":
        return OpenNumber(elementwise(exp_of_number, self.array))

    def log(self) -> "OpenNumber":
        return OpenNumber(elementwise(log_of_number, self.array))

    def sqrt(self) -> "OpenNumber":
        return OpenNumber(np.sqrt(self.array))

    def _combined(self, function: Callable[[Any, Any], Any], other: Any, reflected: bool = False) -> Any:
        """The result of a function: a number with a number, an array with an array; a Variable has its own way."""
        if isinstance(other, OpenNumber | float | int):
            operand = other.array if isinstance(other, OpenNumber) else other
            return OpenNumber(function(operand, self.array) if reflected else function(self.array, operand))
        if isinstance(other, np.ndarray):
            return function(other, self.array) if reflected else function(self.array, other)
        return NotImplemented

    def __lt__(self, other: Any) -> bool:
        """False: Chainer brackets a negative number in the label of a node."""
        return False

    def __neg__(self) -> "OpenNumber":
        return OpenNumber(-self.array)

    def __add__(self, other: Any) -> Any:
        return self._combined(np.add, other)

    def __radd__(self, other: Any) -> Any:
        return self._combined(np.add, other, reflected=True)

    def __sub__(self, other: Any) -> Any:
        return self._combined(np.subtract, other)

    def __rsub__(self, other: Any) -> Any:
        return self._combined(np.subtract, other, reflected=True)

    def __mul__(self, other: Any) -> Any:
        return self._combined(np.multiply, other)

    def __rmul__(self, other: Any) -> Any:
        return self._combined(np.multiply, other, reflected=True)

    def __truediv__(self, other: Any) -> Any:
        return self._combined(np.divide, other)

    def __rtruediv__(self, other: Any) -> Any:
        return self._combined(np.divide, other, reflected=True)
