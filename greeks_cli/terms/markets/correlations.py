"""Correlation matrices: the test of being positive semidefinite, and the nearest matrix that is."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float64]

_TOLERANCE = 1e-12
_ROUNDS = 10_000


def least_eigenvalue(matrix: "Matrix") -> float:
    """The least eigenvalue of a symmetric matrix."""
    import numpy as np  # commands without numbers start faster

    return float(np.linalg.eigvalsh(matrix)[0])


def is_semidefinite(matrix: "Matrix") -> bool:
    """True if no eigenvalue is negative, but for rounding."""
    return least_eigenvalue(matrix) > -_TOLERANCE * len(matrix)


def is_singular(matrix: "Matrix") -> bool:
    """True if an eigenvalue is 0, so that some underlyings follow from the others: there is no joint density."""
    return least_eigenvalue(matrix) < 1e-9


def room(matrix: "Matrix", i: int, j: int) -> float:
    """The change of one correlation, either way, within which the matrix stays positive definite.

    With P the inverse of R, R + t E has an eigenvalue of 0 where 1/t is -P_ij plus or minus sqrt(P_ii P_jj).
    """
    import numpy as np

    inverse = np.linalg.inv(matrix)
    return float(1 / (abs(inverse[i, j]) + np.sqrt(inverse[i, i] * inverse[j, j])))


def nearest(matrix: "Matrix") -> "Matrix":
    """The nearest correlation matrix, by the sum of squared differences.

    Projections in turn onto matrices without negative eigenvalues and onto those of unit diagonal, with Dykstra's
    correction (N. Higham, Computing the nearest correlation matrix, IMA Journal of Numerical Analysis 22, 2002).
    """
    import numpy as np

    found, correction = matrix.copy(), np.zeros_like(matrix)
    for _ in range(_ROUNDS):
        corrected = found - correction
        values, vectors = np.linalg.eigh(corrected)
        positive = (vectors * np.maximum(values, 0)) @ vectors.T
        correction = positive - corrected
        before, found = found, positive.copy()
        np.fill_diagonal(found, 1.0)
        if np.abs(found - before).max() < _TOLERANCE:
            break
    return found
