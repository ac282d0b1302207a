"""The one door to Chainer: everything else imports ``chainer`` and ``F`` from here.

Chainer 7.8.1 is of 2022 and its import fails today: on NumPy 2 for want of ``np.sctypes``, on
Python 3.12 for want of ``numpy.distutils``, with setuptools 82 for want of ``pkg_resources``.
The last two are wanted only by its environment check, which an empty one replaces; the first
is lent for the length of the import.
"""

import contextlib
import math
import sys
import types
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np


@contextlib.contextmanager
def _numpy_scalar_types() -> Iterator[None]:
    """Lend NumPy its former ``sctypes`` table while Chainer is imported."""
    if hasattr(np, "sctypes"):
        yield
        return
    np.sctypes = {  # type: ignore[attr-defined]
        "int": [np.int8, np.int16, np.int32, np.int64],
        "uint": [np.uint8, np.uint16, np.uint32, np.uint64],
        "float": [np.float16, np.float32, np.float64, np.longdouble],
        "complex": [np.complex64, np.complex128, np.clongdouble],
        "others": [bool, object, bytes, str, np.void],
    }
    try:
        yield
    finally:
        del np.sctypes  # type: ignore[attr-defined]


@contextlib.contextmanager
def _out_of_sight(*packages: str) -> Iterator[None]:
    """Hide packages while Chainer is imported.

    What uses SciPy there is not used here, and takes 0.25 s to load. CuPy is of no use to what only records
    calls, takes longer still, and Chainer knows no CuPy of today.
    """
    before = {name: sys.modules[name] for name in packages if name in sys.modules}
    sys.modules.update(dict.fromkeys(packages))  # type: ignore[arg-type]  # None is the documented way to fail an import
    try:
        yield
    finally:
        for name in packages:
            del sys.modules[name]
        sys.modules.update(before)


def _load() -> None:
    check = types.ModuleType("chainer._environment_check")
    check.check = lambda: None  # type: ignore[attr-defined]
    sys.modules.setdefault(check.__name__, check)
    with warnings.catch_warnings(), _numpy_scalar_types(), _out_of_sight("scipy", "cupy"):
        warnings.simplefilter("ignore")  # invalid escapes and deprecations inside Chainer
        import chainer

    # Shapes and dtypes are ours by construction; checking them costs a third of a small node.
    chainer.global_config.type_check = False
    # F.ndtr imports SciPy, or warns that it is not there. The closed forms call it on single
    # numbers, for which the standard library's erfc is as exact and needs no import.
    sys.modules["chainer.functions.math.ndtr"]._ndtr_cpu = np.vectorize(  # type: ignore[attr-defined]
        lambda x: 0.5 * math.erfc(-x * math.sqrt(0.5)), otypes=[float]
    )
    sys.modules["chainer.functions.array.get_item"].GetItemGrad.forward = _rows_put_back
    sys.modules["chainer.functions.math.sum"].Sum.forward = _sum


def _sum(node: Any, inputs: tuple[Any]) -> tuple[Any]:
    """The sum over some axes. Chainer's own loses that an array is traced (``compiler.tracer``)."""
    total = inputs[0].sum(axis=node.axis, keepdims=node.keepdims)
    return (total if isinstance(total, np.ndarray) else np.asarray(total),)


def _rows_put_back(node: Any, inputs: tuple[Any]) -> tuple[Any]:
    """The gradient of rows, among rows of zeros. Chainer's own adds element by element into a new array."""
    (gradient,), n_rows = inputs, node._in_shape[0]
    (rows,) = node.slices
    if isinstance(rows, int):
        gradient, rows = gradient[None], slice(rows, rows + 1 or None)
    start, stop, _ = rows.indices(n_rows)
    return (np.pad(gradient, [(start, n_rows - stop), *[(0, 0)] * (gradient.ndim - 1)]),)


_load()

import chainer  # noqa: E402
import chainer.functions as F  # noqa: E402

__all__ = ["F", "chainer"]
