"""Regression of estimates on their control variates: x - beta (y - E y), and the residual that is left.

The residual is a difference of sums of n terms. A sum is rounded by sqrt(n) units of rounding (N. Higham and T. Mary,
A new approach to probabilistic rounding error analysis, SIAM J. Sci. Comput. 41, 2019), the samples are rounded before
they are summed. A residual below these cannot be told from 0: then the sample says nothing of the error.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.estimators.moments import Comoments, Moments
from greeks_cli.engine.estimators.row_sums import Vector

SHARE_OF_ROUNDING = 1e-9
"""The deviation of a control over its size that is rounding."""
_SUMS = 4
"""Rounded sums that a residual is made of: the squares of x, those of y, and twice the products."""
_ROUNDINGS = 4
"""Units of rounding of a sample, that of some elementary functions."""


@dataclass(frozen=True, slots=True)
class Regression:
    """Estimates regressed on controls, one entry per Greek and plan."""

    values: Vector
    stderrs: Vector
    slopes: Vector
    expected: Vector
    """The known values of the controls."""
    is_rounding: NDArray[np.bool_]
    """True where the residual is rounding; the standard error is then that of the rounding."""

    @classmethod
    def of(cls, moments: Moments, sums: Comoments, expected: Vector, sizes: Vector, dtype: type[np.floating]) -> Self:
        """Regresses the estimates; ``sizes`` are those of the controls, ``dtype`` is the type of the samples.

        A control that is constant, such as the rho of the discounted underlying, varies by rounding, and that may go
        with the samples. Nor does a control of unknown mean, NaN, control anything.
        """
        count, is_known = moments.count, np.isfinite(expected)
        expected = np.where(is_known, expected, 0)
        eps = float(np.finfo(dtype).eps)
        share = max(SHARE_OF_ROUNDING, _ROUNDINGS * eps)
        varies = is_known & (np.sqrt(sums.yy / count) > share * np.maximum(np.abs(expected), sizes))
        slopes = np.where(varies, sums.xy / np.where(varies, sums.yy, 1), 0)
        values = moments.mean - slopes * (sums.mean_y - expected)
        residual = np.maximum(moments.m2 - slopes * sums.xy, 0)
        squares = moments.m2 + count * moments.mean**2 + slopes**2 * (sums.yy + count * sums.mean_y**2)
        of_samples = np.square(_ROUNDINGS * eps) * squares
        of_sums = _SUMS * np.sqrt(count) * float(np.finfo(np.float64).eps) / 2 * moments.m2
        rounding = np.where(slopes != 0, of_samples + of_sums, 0)
        stderrs = np.sqrt(np.maximum(residual, rounding) / (count - 1 - varies) / count)
        return cls(values, stderrs, slopes, expected, (slopes != 0) & (residual <= rounding))

    def of_plan(self, number: int) -> "Controlled":
        """The regression of one plan."""
        return Controlled(self.slopes[:, number], self.expected[:, number])


@dataclass(frozen=True, slots=True)
class Controlled:
    """Slopes and known values of the controls of one plan, one entry per Greek."""

    slopes: Vector
    expected: Vector

    def of(self, rows: NDArray[np.floating], controls: NDArray[np.floating]) -> NDArray[np.floating]:
        """The controlled values of samples, a row per Greek."""
        moves = controls - self.expected[:, None]
        controlled: NDArray[np.floating] = rows - np.where(self.slopes[:, None] == 0, 0, self.slopes[:, None] * moves)
        return controlled
