"""Mills ratio of the standard normal law, to rounding: the probability of a tail over the density at its start."""

from math import pi, sqrt

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.compiler import elementary

Array = NDArray[np.float64]

_ROOT = sqrt(2 * pi)
_PLACE, _SHIFT = 5.0, 0.8
_COEFFICIENTS = (
    -9.87623205747065e-10,
    -6.443183106007025e-10,
    1.142433136720104e-08,
    8.384640770912812e-09,
    -8.059455627297757e-08,
    -6.07347779586108e-08,
    5.117618306274823e-07,
    2.8224208438402484e-07,
    -3.3993486349691775e-06,
    1.61878480118679e-07,
    2.3346354340422885e-05,
    -2.8136765228155367e-05,
    -0.0001348562095756088,
    0.00048733774618552826,
    -4.7785787757791437e-05,
    -0.004311356742293892,
    0.01754080698611479,
    -0.0425341969162248,
    0.07324303483655334,
    -0.09016871660465973,
    0.065621342044048,
    0.019593325733480715,
    -0.15756858540527083,
    1.1182870073488314,
)
"""Powers of y = (z - 5) / (z + 5), the highest first, of (z + 0.8) M(z).

The Chebyshev interpolant at the 31 nodes of -1 <= y <= 1, computed with 40 digits and cut off at degree 23.
"""


def mills_ratio(z: Array) -> Array:
    """M(z) = N(-z) / n(z) = exp(z^2 / 2) erfc(z / sqrt(2)) sqrt(pi / 2), for every z.

    One polynomial serves all z >= 0; below, M(z) = 1 / n(z) - M(-z).
    """
    ratio = _of_positive(np.abs(z))
    below = z < 0
    if below.any():
        ratio[below] = _ROOT * elementary.exp(0.5 * z[below] ** 2) - ratio[below]
    return ratio


def _of_positive(z: Array) -> Array:
    place = (z - _PLACE) / (z + _PLACE)
    found = np.full_like(z, _COEFFICIENTS[0])
    for coefficient in _COEFFICIENTS[1:]:
        found *= place
        found += coefficient
    found /= z + _SHIFT
    return found
