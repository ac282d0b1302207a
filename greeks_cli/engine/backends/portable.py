"""Elementary functions in our own code, in place of NumPy's: the same bits on every processor.

NumPy's exp, log, log1p, sin, cos and power round differently by the width of a processor's vectors; its arithmetic,
roots and sums do not.
"""

import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.backends.code import elementary_of
from greeks_cli.engine.backends.elementary import FUNCTIONS
from greeks_cli.engine.backends.operation_text import LANES
from greeks_cli.engine.compiler.elementary import Functions

_PLAIN: Final = {np.ndarray, float, int, np.float64, np.float32}
"""Types of numbers; others, such as a tracer's, have their own way with NumPy's functions."""


def _in_place_of(ufunc: np.ufunc, computed: Callable[..., NDArray[Any]], kinds: str) -> Callable[..., Any]:
    """A function called as NumPy's is, of numbers of some kinds: "f" for floats, "i" for integers."""

    def called(*arguments: Any, **keywords: Any) -> Any:
        is_plain = all(type(one) in _PLAIN for one in arguments) and not keywords.keys() - {"out"}
        if not is_plain or np.result_type(*arguments).kind not in kinds:
            return ufunc(*arguments, **keywords)
        found = computed(*arguments)
        if (out := keywords.get("out")) is None:
            return found[()]
        out[...] = found
        return out

    return called


def _elementary(ufunc: np.ufunc) -> Callable[[Any], NDArray[Any]]:
    """An elementary function of each number."""

    def computed(numbers: Any) -> NDArray[Any]:
        x = np.asarray(numbers)
        kind = "float32" if x.dtype == np.float32 else "float64"
        flat = np.ascontiguousarray(x, kind).reshape(-1)
        padded = flat if len(flat) >= LANES else np.concatenate([flat, np.zeros(LANES - len(flat), kind)])
        found = np.empty_like(padded)
        pointers = np.array([[padded.ctypes.data], [found.ctypes.data]], np.uintp)
        nothing, sizes = np.zeros(1), np.array([1, len(padded), len(padded) + LANES, 1, 0])
        elementary_of(ufunc, kind)(
            *(one.ctypes.data for one in (pointers[0], nothing, nothing, pointers[1], nothing, sizes))
        )
        return found[: len(flat)].reshape(x.shape)

    return computed


def _powers(bases: Any, exponents: Any) -> NDArray[Any]:
    """Powers by the C library."""
    return np.asarray(_POWER(bases, exponents)).astype(np.result_type(bases, exponents))


def _power(base: float, exponent: float) -> float:
    try:
        return math.pow(base, exponent)
    except OverflowError:
        pass
    except ValueError:
        if base:
            return math.nan
    return math.copysign(math.inf, base) if exponent % 2 == 1 else math.inf


_POWER = np.frompyfunc(_power, 2, 1)
PORTABLE: Functions = {
    **{function: _in_place_of(function, _elementary(function), "fi") for function in FUNCTIONS},
    np.power: _in_place_of(np.power, _powers, "f"),
}
"""Our own functions by NumPy's."""
