"""Arrays whose elementary functions are our own, so that NumPy's calls on them give the same bits on every processor.

NumPy's exp, log and log1p round differently by the width of a processor's vectors; its other functions do not.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.backends.code import function_of
from greeks_cli.engine.backends.elementary import FUNCTIONS
from greeks_cli.engine.backends.llvm_text import Kernel
from greeks_cli.engine.backends.operation_text import LANES
from greeks_cli.engine.compiler.operations import LOAD, Node


class Portable(np.ndarray[Any, np.dtype[Any]]):
    """An array of the compiled executor; what NumPy makes of one is one."""

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = None, **keywords: Any) -> Any:
        plain = [one.view(np.ndarray) if isinstance(one, Portable) else one for one in inputs]
        if out is not None:
            keywords["out"] = tuple(one.view(np.ndarray) if isinstance(one, Portable) else one for one in out)
        if ufunc in FUNCTIONS and method == "__call__" and not keywords.keys() - {"out"} and plain[0].ndim:
            found = _elementary(ufunc, plain[0], keywords.get("out"))
        else:
            found = getattr(ufunc, method)(*plain, **keywords)
        if out is not None:
            return out[0] if len(out) == 1 else out
        return portable(found)

    def __array_function__(self, function: Any, types: Any, arguments: Any, keywords: Any) -> Any:
        found = super().__array_function__(function, types, arguments, keywords)
        if isinstance(found, list | tuple):
            return type(found)(map(portable, found)) if type(found) in (list, tuple) else found
        return portable(found)


def portable(value: Any) -> Any:
    """An array of floating-point numbers as a portable one; anything else as it is."""
    is_array = isinstance(value, np.ndarray) and value.ndim > 0 and value.dtype.kind == "f"
    return value.view(Portable) if is_array else value


def _elementary(ufunc: Any, x: NDArray[Any], out: tuple[NDArray[Any]] | None) -> NDArray[Any]:
    """An elementary function of each number, in our own code."""
    kind = "float32" if x.dtype == np.float32 else "float64"
    flat = np.ascontiguousarray(x, kind).reshape(-1)
    padded = flat if len(flat) >= LANES else np.concatenate([flat, np.zeros(LANES - len(flat), kind)])
    found = np.empty_like(padded)
    load = Node(0, LOAD, (), kind)
    result = Node(1, ufunc, (load,), kind)
    pointers = np.array([[padded.ctypes.data], [found.ctypes.data]], np.uintp)
    nothing, sizes = np.zeros(1), np.array([1, len(padded), len(padded) + LANES, 1, 0])
    function = function_of(Kernel((load, result), (kind,), 0, (result,), ()))
    function(*(one.ctypes.data for one in (pointers[0], nothing, nothing, pointers[1], nothing, sizes)))
    shaped = found[: len(flat)].reshape(x.shape)
    if out is None:
        return shaped
    out[0][...] = shaped
    return out[0]
