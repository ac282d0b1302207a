"""Fingerprint of the arithmetic of a run, by which processors that round differently are told apart.

NumPy's exp, log, log1p, sin, cos and power use the widest vectors that a processor has, and round differently by
their width.
"""

import hashlib
import math
from functools import cache

import numpy as np

from greeks_cli.terms.simulation import ExecutorName, Simulation

_N_PLACES = 4096


def arithmetic_of(simulation: Simulation | None) -> str:
    """Fingerprint of a run: that of NumPy, or for compiled code that of the C library.

    Compiled code rounds alike on all processors. Powers and functions of single numbers are the C library's beside it,
    which rounds otherwise on processors without fused multiplications.
    """
    return f"jit{of_c_library()}" if simulation and simulation.executor is ExecutorName.JIT else fingerprint()


@cache
def fingerprint() -> str:
    """Eight hexadecimal digits, equal where elementary functions round equally on 4,096 arguments of each type."""
    places = np.linspace(-20, 20, _N_PLACES)
    found = hashlib.sha256()
    for dtype in (np.float64, np.float32):
        x = places.astype(dtype)
        size = np.abs(x)
        for result in (np.exp(x), np.log(size + 1), np.log1p(size), np.sin(x), np.cos(x), np.power(size, dtype(1.5))):
            found.update(result.tobytes())
    return found.hexdigest()[:8]


@cache
def of_c_library() -> str:
    """Eight hexadecimal digits, equal where the C library's functions round equally on 4,096 numbers."""
    found = hashlib.sha256()
    for x in np.linspace(-20, 20, _N_PLACES).tolist():
        size = abs(x) + 1
        of_size = math.log(size), math.log1p(size), math.pow(size, 1.5)
        found.update(np.array([math.exp(x), math.sin(x), math.cos(x), *of_size]).tobytes())
    return found.hexdigest()[:8]
