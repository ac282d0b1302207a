"""A smooth max(x, 0) by polynomials: sharp but within a width of the kink.

With u = x/w clipped to [-1, 1], the second derivative is C (1 - u^2)^m / w, whose integral is 1. A degree m gives
m + 2 derivatives, the last of which jumps at the ends. With c = 1 - |u| and p = u^2 - 1 = c (c - 2),
(p^j)' = 2j u p^(j-1) and (u p^j)' = (1 + 2j) p^j + 2j p^(j-1) give the orders from 1 up as polynomials in p, times u
for odd orders. Where exp and log1p are no vector instructions, the two take as long as 27 products.
"""

from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

Coefficients = tuple[float, ...]


def polynomial_bend(x: NDArray[np.floating], width: float, degree: int, order: int) -> NDArray[np.floating]:
    """The derivative of the given order, elementwise; ``degree`` + 2 is the highest."""
    c = np.maximum(1 - np.abs(x) * (1 / width), 0)
    if order == 0:
        return np.maximum(x, 0) + _power(c, degree + 2) * _value(_excess(degree), c) * width
    u, p = np.copysign(1 - c, x), c * (c - 2)
    if order == 1:
        return u * _value(_slope(degree), p) + 0.5
    found = _value(_curvature(degree, order), p)
    if degree < order - 1:  # the polynomial does not end with 0
        found = found * (c > 0).astype(x.dtype)
    if order % 2:
        found = found * u
    return found * width ** (1 - order)


def _value(coefficients: Sequence[float], x: NDArray[np.floating]) -> Any:
    """The polynomial of the coefficients, those of the lowest powers first."""
    found: Any = coefficients[-1]
    for coefficient in reversed(coefficients[:-1]):
        found = found * x + coefficient if coefficient else found * x
    return found


def _power(x: NDArray[np.floating], power: int) -> NDArray[np.floating]:
    """A whole power by products: np.power takes fifty times as long."""
    half = _power(x, power // 2) if power > 1 else x
    if power < 2:
        return half
    return half * half * x if power % 2 else half * half


@cache
def _constant(degree: int) -> Fraction:
    """C: one over the integral of (1 - u^2)^m from -1 to 1."""
    terms = (Fraction(2 * (-1) ** j * comb(degree, j), 2 * j + 1) for j in range(degree + 1))
    return 1 / sum(terms, Fraction(0))


@cache
def _excess(degree: int) -> Coefficients:
    """The value less max(x, 0), over w c^(m+2), as a polynomial in c = 1 - |u|.

    From (1 - u^2)^m = c^m (2 - c)^m, integrated twice.
    """
    m = degree
    terms = ((-1) ** j * comb(m, j) * 2 ** (m - j) for j in range(m + 1))
    return tuple(float(_constant(m) * term / ((m + j + 1) * (m + j + 2))) for j, term in enumerate(terms))


@cache
def _slope(degree: int) -> Coefficients:
    """The first derivative less 1/2, over u, as a polynomial in p."""
    found = [Fraction(0)] * (degree + 1)
    left = _constant(degree) * (-1) ** degree
    for j in range(degree, -1, -1):
        found[j] = left / (1 + 2 * j)
        left = -2 * j * found[j]
    return tuple(map(float, found))


@cache
def _curvature(degree: int, order: int) -> Coefficients:
    """The derivative of order 2 or higher, times w^(order-1), as a polynomial in p, times u for odd orders."""
    if order > degree + 2:
        raise ValueError(f"a kernel of degree {degree} has no derivative of order {order}")
    if order == 2:
        return (*[0.0] * degree, float(_constant(degree)) * (-1) ** degree)
    below = _curvature(degree, order - 1)
    lower = [2 * j * c for j, c in enumerate(below) if j]
    if order % 2:
        return tuple(lower)
    return tuple((1 + 2 * j) * c + (lower[j] if j < len(lower) else 0.0) for j, c in enumerate(below))
