"""Piecewise polynomials, and the quintic splines that interpolate quotes.

Numbers are those of NumPy's arithmetic alone: its powers, and LAPACK's solutions, have other bits on other processors.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial, reduce
from itertools import accumulate
from math import comb, factorial
from typing import Any

import numpy as np
from numpy.typing import NDArray

DEGREE = 6
_BEND_SHARE = 0.25
"""The length of a bend beyond the outermost knots, over the distance of these knots."""

Floats = NDArray[np.float64]
LookUp = Callable[[Any, Any], Any]
"""The entries of a table at an index along its last axis."""
_LOOKED_UP: LookUp = partial(np.take, axis=-1)


@dataclass(frozen=True, eq=False)
class Pieces:
    """Polynomials of degree 6 in ``x - origin``, one for each piece of the line between the ``breaks``.

    ``origins`` has shape (n_pieces,), ``breaks`` one fewer. ``coefficients`` has shape (7, n_pieces), or
    (7, n_functions, n_pieces) for several functions; coefficients of the lowest power come first.
    """

    breaks: Floats
    origins: Floats
    coefficients: Floats

    def at(self, x: Any, order: int = 0, looked_up: LookUp = _LOOKED_UP) -> Any:
        """The derivative of an order at ``x``: of the shape of ``x``, with the functions, if several, in front.

        A break belongs to the piece on its left. With another ``looked_up``, ``x`` may be a traced array.
        """
        # Comparing with all breaks takes a tenth of the time of np.searchsorted, whose branches no processor foresees.
        piece: Any = np.sum(x > self.breaks[:, None].astype(x.dtype), axis=0, dtype=np.int16)
        piece = piece if x.ndim else piece[0]
        u = x - looked_up(self.origins.astype(x.dtype), piece)
        rows = looked_up(self.coefficients.astype(x.dtype), piece)
        if order > DEGREE:
            return 0 * rows[0]
        chain = [rows[power] for power in range(DEGREE, -1, -1)]
        for _ in range(order):  # W. Horner's division by x - u leaves a quotient whose value is the next derivative
            chain = list(accumulate(chain, lambda found, coefficient: found * u + coefficient))[:-1]
        return factorial(order) * reduce(lambda found, coefficient: found * u + coefficient, chain)

    def on(self, breaks: Floats) -> "Pieces":
        """Functions equal to these, on pieces that are divided further, at all of the given breaks."""
        inner = 0.5 * (breaks[:-1] + breaks[1:])
        piece = np.searchsorted(self.breaks, [breaks[0] - 1, *inner, breaks[-1] + 1])
        origins = np.array([breaks[0], *breaks])
        u, old = origins - self.origins[piece], self.coefficients[..., piece]
        moved = [
            sum(comb(high, low) * old[high] * _power(u, high - low) for high in range(low, DEGREE + 1))
            for low in range(DEGREE + 1)
        ]
        return Pieces(breaks, origins, np.array(moved))

    def only(self, functions: Sequence[int]) -> "Pieces":
        """Some of several functions."""
        return Pieces(self.breaks, self.origins, self.coefficients[:, functions])

    def times(self, weights: Floats) -> "Pieces":
        """The sum of several functions times their weights."""
        return Pieces(self.breaks, self.origins, np.einsum("pfj,f->pj", self.coefficients, weights))


def cardinal_splines(knots: Floats, bends: Sequence[bool]) -> Pieces:
    """The splines that are 1 at one knot and 0 at all others: an interpolant is their sum times its values.

    They are quintic with four continuous derivatives. At the first and the last knot the second and third derivatives
    are 0, and beyond them the spline goes on linearly; where ``bends`` is true for an end, its slope goes to 0 within a
    quarter of the distance of these knots, as 1 - 10 v^3 + 15 v^4 - 6 v^5 on the way v from 0 to 1.
    """
    h = np.diff(knots)
    slopes, curvatures = _derivatives_at_knots(h)
    inner = _hermite(h, np.eye(len(knots)), slopes, curvatures)
    length = _BEND_SHARE * (knots[-1] - knots[0])
    first = _beyond(0, slopes, -length if bends[0] else 0.0)
    last = _beyond(len(knots) - 1, slopes, length if bends[1] else 0.0)
    table = np.concatenate([first[::-1], inner, last])  # (n_pieces, 7, n_knots)
    breaks = np.array([knots[0] - length, *knots, knots[-1] + length])
    origins = np.array([knots[0], knots[0], *knots[:-1], knots[-1], knots[-1]])
    return Pieces(breaks, origins, np.ascontiguousarray(table.transpose(1, 2, 0)))


def _hermite(h: Floats, values: Floats, slopes: Floats, curvatures: Floats) -> Floats:
    """Coefficients of the quintic of each interval by value, slope and second derivative at its ends.

    The arguments are linear in the values at the knots, one row per knot; the result has shape (n, 7, n_knots).
    """
    h = h[:, None]
    y, s, m = values, h * slopes[:-1], 0.5 * h * h * curvatures[:-1]
    s_end, m_end = h * slopes[1:], 0.5 * h * h * curvatures[1:]
    rise = y[1:] - y[:-1]
    of_unit = [
        y[:-1],
        s,
        m,
        10 * rise - 6 * s - 4 * s_end - 3 * m + m_end,
        -15 * rise + 8 * s + 7 * s_end + 3 * m - 2 * m_end,
        6 * rise - 3 * s - 3 * s_end - m + m_end,
        np.zeros_like(s),
    ]
    return np.stack([one / _power(h, degree) for degree, one in enumerate(of_unit)], axis=1)


def _derivatives_at_knots(h: Floats) -> tuple[Floats, Floats]:
    """Slopes and second derivatives at the knots, as matrices that act on the values.

    The unknowns are these 2 n numbers. At inner knots the third and fourth derivatives are continuous.
    """
    n = len(h) + 1
    unknown, nothing = np.eye(2 * n), np.zeros((n, 2 * n))
    by_values = _hermite(h, np.eye(n), np.zeros((n, n)), np.zeros((n, n)))
    by_unknowns = _hermite(h, nothing, unknown[:n], unknown[n:])

    def equations(c: Floats) -> Floats:
        u = h[:, None]
        third_at_end = c[:, 3] + 4 * c[:, 4] * u + 10 * c[:, 5] * u * u
        fourth_at_end = c[:, 4] + 5 * c[:, 5] * u
        size = np.minimum(h[:-1], h[1:])[:, None]
        third = (third_at_end[:-1] - c[1:, 3]) * _power(size, 3)
        fourth = (fourth_at_end[:-1] - c[1:, 4]) * _power(size, 4)
        return np.concatenate([third, fourth, c[:1, 3] * h[0] ** 3, third_at_end[-1:] * h[-1] ** 3])

    matrix = np.concatenate([equations(by_unknowns), unknown[[n, 2 * n - 1]]])
    right = np.concatenate([-equations(by_values), np.zeros((2, n))])
    found = _solution(matrix, right)
    return found[:n], found[n:]


def _power(x: Floats, exponent: int) -> Floats:
    return reduce(np.multiply, [x] * exponent, np.ones_like(x))


def _solution(matrix: Floats, right: Floats) -> Floats:
    """The solution of linear equations by the elimination of C. F. Gauss and W. Jordan, with the largest pivots."""
    n = len(matrix)
    rows = np.concatenate([matrix, right], axis=1)
    for k in range(n):
        pivot = k + int(np.abs(rows[k:, k]).argmax())
        rows[[k, pivot]] = rows[[pivot, k]]
        rows[k] /= rows[k, k]
        others = np.arange(n) != k
        rows[others] -= rows[others, k, None] * rows[k]
    return rows[:, n:]


def _beyond(knot: int, slopes: Floats, bend: float) -> Floats:
    """Coefficients of the bend beyond an outermost knot, of a signed length, and of the line beyond the bend.

    Without a bend both are the same line. The slope falls to 0 while the value moves by half of slope times bend.
    """
    slope = slopes[knot]
    near, far = np.zeros((2, DEGREE + 1, len(slope)))
    near[0, knot] = far[0, knot] = 1
    near[1] = slope
    if bend:
        near[4:] = [-2.5 * slope / bend**3, 3 * slope / bend**4, -slope / bend**5]
        far[0] += 0.5 * bend * slope
    else:
        far[1] = slope
    return np.stack([near, far])
