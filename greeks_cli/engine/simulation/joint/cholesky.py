"""The Cholesky factor of a correlation matrix, and its partial derivatives of every order.

Sums are taken one by one in a fixed order, so that the digits are those of any machine; LAPACK's are not.

L L' = R, and R is linear in each correlation. A derivative of order a has
dL L' + L dL' = M, where M is the derivative of R less the products of derivatives of lower order; so dL = L F, where F
is the lower triangle of X = inv(L) M inv(L') with half of its diagonal (S. Smith, Differentiation of the Cholesky
algorithm, Journal of Computational and Graphical Statistics 4, 1995).
"""

from collections.abc import Sequence
from functools import cache
from itertools import product
from math import sqrt

Rows = Sequence[Sequence[float]]
Index = tuple[tuple[int, int], ...]
"""Places of the correlations in which a factor is differentiated, with repetitions, sorted."""
_LEAST_PIVOT = 1e-14


@cache
def factor(matrix: tuple[tuple[float, ...], ...], index: Index = ()) -> Rows:
    """The factor of a positive semidefinite matrix, or its derivative where that exists: lower triangular."""
    if not index:
        return _factor(matrix)
    n, lower = len(matrix), factor(matrix)
    rest = [[0.0] * n for _ in range(n)]
    if len(index) == 1:
        ((i, j),) = index
        rest[i][j] = rest[j][i] = 1.0
    for chosen in product((True, False), repeat=len(index)):
        inside = tuple(place for place, is_inside in zip(index, chosen, strict=True) if is_inside)
        outside = tuple(place for place, is_inside in zip(index, chosen, strict=True) if not is_inside)
        if inside and outside:
            _subtract_product(rest, factor(matrix, inside), factor(matrix, outside))
    halved = _solved(lower, _transposed(_solved(lower, rest)))
    for i, row in enumerate(halved):
        row[i] *= 0.5
        row[i + 1 :] = [0.0] * (n - i - 1)
    return [[sum(lower[i][k] * halved[k][j] for k in range(j, i + 1)) for j in range(n)] for i in range(n)]


def _factor(matrix: Rows) -> Rows:
    n = len(matrix)
    found = [[0.0] * n for _ in range(n)]
    for i in range(n):
        for j in range(i + 1):
            left = matrix[i][j] - sum(found[i][k] * found[j][k] for k in range(j))
            if i == j:
                found[i][i] = sqrt(left) if left > _LEAST_PIVOT else 0.0
            elif found[j][j] > 0:
                found[i][j] = left / found[j][j]
    return found


def _subtract_product(matrix: list[list[float]], one: Rows, other: Rows) -> None:
    """Subtracts one x other' from a matrix, both lower triangular."""
    for i, row in enumerate(matrix):
        for j in range(len(row)):
            row[j] -= sum(one[i][k] * other[j][k] for k in range(min(i, j) + 1))


def _solved(lower: Rows, matrix: Rows) -> list[list[float]]:
    """inv(L) times a matrix."""
    found: list[list[float]] = []
    for i, row in enumerate(matrix):
        left = [number - sum(lower[i][k] * found[k][j] for k in range(i)) for j, number in enumerate(row)]
        found.append([number / lower[i][i] for number in left])
    return found


def _transposed(matrix: Rows) -> Rows:
    return [list(column) for column in zip(*matrix, strict=True)]
