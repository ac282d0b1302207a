"""Import of Chainer on today's Python; all other modules import ``chainer`` and ``F`` from this one.

Chainer 7.8.1 dates from 2022. Its import fails on NumPy 2, which lacks ``np.sctypes``; on Python 3.12, which lacks
``numpy.distutils``; and with setuptools 82, which lacks ``pkg_resources``. Only its environment check needs the last
two; an empty module replaces the check. ``np.sctypes`` exists for the length of the import.
"""

import contextlib
import importlib.util
import sys
import types
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from greeks_cli.engine.autodiff.on_demand import OnDemand
from greeks_cli.engine.autodiff.open_number import OpenNumber
from greeks_cli.engine.compiler.functions import normal_cdf
from greeks_cli.engine.compiler.tracer import elementwise


@contextlib.contextmanager
def _numpy_scalar_types() -> Iterator[None]:
    """Gives NumPy its former ``sctypes`` table while Chainer is imported."""
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


_ON_DEMAND = [
    "dataset",
    "datasets",
    "distributions",
    "function_hooks",
    "functions",
    "functions.array",
    "iterators",
    "links",
    "optimizers",
    "serializers",
    "training",
]
"""Packages that Chainer imports whole for its users' convenience: four fifths of its time to load."""


@contextlib.contextmanager
def _missing(*names: str) -> Iterator[None]:
    """Makes imports of some packages fail while Chainer is imported.

    SciPy takes 0.25 s to load, for functions of Chainer that this package does not call. CuPy takes longer, a trace
    does not need it, and Chainer does not work with its current versions.
    """
    before = {name: sys.modules[name] for name in names if name in sys.modules}
    sys.modules.update(dict.fromkeys(names))  # type: ignore[arg-type]  # None is the documented way
    try:
        yield
    finally:
        for name in names:
            del sys.modules[name]
        sys.modules.update(before)


def _stand_in() -> None:
    """Stands in for packages of Chainer that are imported on demand, and for its check of the environment."""
    spec = importlib.util.find_spec("chainer")
    assert spec is not None
    assert spec.origin is not None  # a dependency of this package, in a file
    for package in _ON_DEMAND:
        folder = Path(spec.origin).parent.joinpath(*package.split("."))
        sys.modules.setdefault(f"chainer.{package}", OnDemand(f"chainer.{package}", folder))
    check = types.ModuleType("chainer._environment_check")
    check.check = lambda: None  # type: ignore[attr-defined]
    sys.modules.setdefault(check.__name__, check)


def _load() -> None:
    if "chainer" not in sys.modules:
        _stand_in()
    with warnings.catch_warnings(), _numpy_scalar_types(), _missing("scipy", "cupy"):
        warnings.simplefilter("ignore")  # invalid escapes and deprecations inside Chainer
        import chainer
        import chainer.functions.array.as_strided  # reads np.sctypes
        from chainer.functions.array import get_item
        from chainer.functions.math import basic_math, ndtr
        from chainer.functions.math import sum as sums

    # Shapes and dtypes are right by construction; checking them costs a third of a small node.
    chainer.global_config.type_check = False
    chainer.is_arrays_compatible = bool  # arrays here are all NumPy's
    # F.ndtr imports SciPy, or warns that it is missing. The closed forms call it on single
    # numbers, for which the standard library's erfc is as exact and needs no import.
    ndtr._ndtr_cpu = lambda x: elementwise(normal_cdf, x)
    basic_math._preprocess_const = _number_for
    get_item.GetItemGrad.forward = _padded_rows
    sums.Sum.forward = _sum


def _number_for(array: Any, number: Any) -> Any:
    """A number in the type of an array, as Chainer takes it; an open number stays one of the trace."""
    return number.in_type(array.dtype) if isinstance(number, OpenNumber) else array.dtype.type(number)


def _sum(node: Any, inputs: tuple[Any]) -> tuple[Any]:
    """The sum over some axes; Chainer's method would lose the tracer of the array (``compiler.tracer``)."""
    total = inputs[0].sum(axis=node.axis, keepdims=node.keepdims)
    return (total if isinstance(total, np.ndarray) else np.asarray(total),)


def _padded_rows(node: Any, inputs: tuple[Any]) -> tuple[Any]:
    """The gradient of an index of rows: padded with rows of zeros. Chainer's method adds element by element."""
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
