"""Correlations of several prices given their variances, where these are random.

Prices have the correlations C where the Brownian motions of their variances have them too, and where what is left of
the prices' Brownian motions has R_ij = C_ij (1 - rho_i rho_j) / sqrt((1 - rho_i^2) (1 - rho_j^2)); rho is the
correlation of a price and its variance, 0 where the variance is constant. R may not be positive semidefinite.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from greeks_cli.terms.markets.correlations import least_eigenvalue

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float64]

_LEAST = 1e-9
"""The least eigenvalue of a matrix that has a joint density, but for rounding."""


def given_variance(matrix: "Matrix", spot_vol: Sequence[float]) -> "Matrix":
    """The matrix R for correlations C and the correlation of each price and its variance."""
    import numpy as np  # commands without numbers start faster

    found = matrix * stretch(spot_vol)
    np.fill_diagonal(found, 1.0)
    return found


def stretch(spot_vol: Sequence[float]) -> "Matrix":
    """The factor of each correlation in R, at least 1."""
    import numpy as np

    rho = np.array(spot_vol)
    rest = np.sqrt(1 - rho * rho)
    found: Matrix = (1 - np.outer(rho, rho)) / np.outer(rest, rest)
    return found


def room_of_spot_vol(matrix: "Matrix", spot_vol: Sequence[float], place: int) -> float:
    """A change of one correlation of price and variance, either way, within which R stays positive definite."""
    found = 1 - abs(spot_vol[place])
    while not all(_is_definite(matrix, spot_vol, place, change) for change in (found, -found)):
        found /= 2
    return found


def _is_definite(matrix: "Matrix", spot_vol: Sequence[float], place: int, change: float) -> bool:
    moved = [rho + change * (k == place) for k, rho in enumerate(spot_vol)]
    return max(map(abs, moved)) < 1 and least_eigenvalue(given_variance(matrix, moved)) > _LEAST
