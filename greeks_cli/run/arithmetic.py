"""Fingerprint of the arithmetic of a run, by which processors that round differently are told apart.

NumPy's exp, log, log1p, sin, cos and power use the widest vectors that a processor has, and round differently by
their width.
"""

import hashlib
from functools import cache

import numpy as np

from greeks_cli.terms.simulation import ExecutorName, Simulation

_N_PLACES = 4096


def arithmetic_of(simulation: Simulation | None) -> str:
    """Fingerprint of a run: that of the processor for NumPy, and one for compiled code, which rounds alike on all."""
    return "jit" if simulation and simulation.executor is ExecutorName.JIT else fingerprint()


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
