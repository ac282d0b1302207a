"""Least squares by orthogonal columns, with sums of NumPy alone: bits that no BLAS kernel changes."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
_DEPENDENT = 1e-10
"""The length of what is left of a column of length 1 below which it depends on the columns before."""


def fitted(columns: Array, target: Array) -> Array:
    """The coefficients of least squares of columns, shape (n_columns, n_points); 0 for a column that depends on others.

    Gram and Schmidt's orthogonal columns, twice as W. Kahan and B. Parlett advise, lose no digits.
    """
    n = len(columns)
    sizes = np.sqrt(np.einsum("ij,ij->i", columns, columns))
    unit: list[Array] = []
    upper = np.zeros((n, n))
    kept: list[int] = []
    for k in range(n):
        if not sizes[k]:
            continue
        left = columns[k] / sizes[k]
        for _ in range(2):
            for place, other in zip(kept, unit, strict=True):
                share = float(np.einsum("i,i->", other, left))
                left = left - share * other
                upper[place, k] += share
        length = float(np.sqrt(np.einsum("i,i->", left, left)))
        if length > _DEPENDENT:
            upper[k, k] = length
            kept.append(k)
            unit.append(left / length)
    return _solved(upper, kept, [float(np.einsum("i,i->", one, target)) for one in unit]) / np.where(sizes, sizes, 1.0)


def _solved(upper: Array, kept: list[int], right: list[float]) -> Array:
    """The solution of a triangular system of the rows and columns that are kept; 0 elsewhere."""
    found = np.zeros(len(upper))
    for place, value in zip(reversed(kept), reversed(right), strict=True):
        found[place] = (value - sum(upper[place, k] * found[k] for k in kept if k > place)) / upper[place, place]
    return found
