"""Contours of Fourier integrals, chosen in NumPy; derivatives of an integral do not depend on them.

An integral over the strip -1 < Im z < 0 goes along the hyperbola z = -i/2 + sinh(t + i angle)/2, on which
dz / (z (z + i)) = 2 dt / cosh(t + i angle). Equal steps of t converge exponentially, at a speed that the distance from
the nearest singularity in the plane of t decides. Tilting helps where the integrand oscillates (L. Andersen and
M. Lake, Robust high-precision option pricing by Fourier transforms, Wilmott, 2019).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.compiler import elementary

Complex = NDArray[np.complex128]

_LADDER = (48, 96, 192, 384, 768, 1536, 3072)
"""Numbers of nodes that are tried in turn."""
_ANGLES = (1.0, 0.5, 0.15, 0.0)
"""Tilts that are tried, over the one along which the integrand falls fastest."""
_LARGEST_ANGLE = 0.6
_SCAN = np.linspace(0.0, 44.0, 111)
_GONE = 42.0
"""The logarithm of the largest value over one that no longer counts."""
_OF_PRICE, _OF_GREEKS = 1e-12, 1e-10
"""Largest differences of two rules: of the price over the forward, of Greeks over the integral of absolute values."""
_POWERS = (2, 4, 8)
"""Powers of z that stand for Greeks; a fourth derivative in a vol brings the eighth."""
_ROUNDING = 1e-16


@dataclass(frozen=True, slots=True)
class Contour:
    """A hyperbola and the equal steps along its right half, of which the left one is the mirror image."""

    angle: float
    step: float
    n_nodes: int

    def nodes(self, shift: float) -> tuple[Complex, Complex]:
        """Places z and their shares dz; ``shift`` is 0, or 0.5 for the places between those of 0."""
        t = (np.arange(self.n_nodes) + shift) * self.step
        shares = np.where(t > 0, self.step, 0.5 * self.step)
        return _place(t, self.angle), shares * 0.5 * np.cosh(t + 1j * self.angle)


def chosen_contour(
    log_characteristic: Callable[[Complex], Complex], moneyness: float, deviation: float, slope: complex
) -> Contour | None:
    """The contour of fewest nodes on which two rules agree, or None where that is not reached.

    ``moneyness`` is the logarithm of strike over forward, ``deviation`` the standard deviation of the logarithm, and
    ``slope`` the limit of its characteristic function's logarithm over z. The rules are those of shift 0 and 0.5,
    whose mean is the rule of half the step.
    """
    with np.errstate(all="ignore"):  # candidates that overflow are left out
        tilt = np.clip(-np.angle(1j * moneyness - slope), -_LARGEST_ANGLE, _LARGEST_ANGLE)
        found = [_scanned(log_characteristic, moneyness, deviation, float(tilt) * share) for share in _ANGLES]
        ends = {angle: end for angle, end in found if end is not None}
        for n_nodes in _LADDER:
            for angle, end in ends.items():
                contour = Contour(angle, end / n_nodes, n_nodes)
                if _converges(contour, log_characteristic, moneyness, deviation):
                    return contour
    return None


def _place(t: NDArray[np.floating], angle: float) -> Complex:
    return -0.5j + 0.5 * np.sinh(t + 1j * angle)


def _scanned(
    log_characteristic: Callable[[Complex], Complex], moneyness: float, deviation: float, angle: float
) -> tuple[float, float | None]:
    """The angle, and the place beyond which nothing counts; None where there is none."""
    z = _place(_SCAN, angle)
    size = (log_characteristic(z) - 1j * moneyness * z).real - elementary.log(np.abs(np.cosh(_SCAN + 1j * angle)))
    size = size + 0.5 * max(_POWERS) * elementary.log1p(np.abs(z * deviation) ** 2)
    if np.isnan(size[0]):
        return angle, None
    size = np.where(np.isnan(size), np.inf, size)
    counts = np.flatnonzero(size > np.maximum.accumulate(size) - _GONE)
    last = int(counts[-1])
    return angle, float(_SCAN[last + 1]) if last + 1 < len(_SCAN) else None


def _converges(
    contour: Contour, log_characteristic: Callable[[Complex], Complex], moneyness: float, deviation: float
) -> bool:
    """True if two rules give the same price and the same Greeks."""
    strike, rules = float(elementary.exp(moneyness)), []  # over the forward
    for shift in (0.0, 0.5):
        z, shares = contour.nodes(shift)
        terms = strike * elementary.exp(log_characteristic(z) - 1j * moneyness * z) / (z * (z + 1j)) * shares
        rules.append(terms * np.stack([(z * deviation) ** power for power in (0, *_POWERS)]))
    difference = np.abs((rules[0] - rules[1]).real.sum(axis=1))
    size = np.abs(rules[0]).sum(axis=1)
    is_exact = difference[0] <= _OF_PRICE and size[0] * _ROUNDING <= _OF_PRICE
    return bool(is_exact and (difference[1:] <= _OF_GREEKS * size[1:]).all())
