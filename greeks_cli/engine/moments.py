"""Sample moments that merge: the statistics of many estimates over many blocks.

Merging follows P. Pebay, Formulas for robust, one-pass parallel computation of covariances
and arbitrary-order statistical moments, Sandia report SAND2008-6212 (2008).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.device import HOST, Device

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Moments:
    """Count, means and sums of centred powers 2 to 4, one entry per estimate, in float64."""

    count: int
    mean: Vector
    m2: Vector
    m3: Vector
    m4: Vector

    @classmethod
    def of(cls, samples: Sequence[NDArray[np.floating]], device: Device = HOST) -> Self:
        """The moments of each row of samples on a device; every row has one sample per path."""
        sums = device.numbers([_centred_sums(row.astype(np.float64, copy=False)) for row in samples])
        return cls(len(samples[0]), *sums.T)

    def scaled(self, factors: Sequence[float | None]) -> Self:
        """The moments of the rows times a factor each; where that is None, of a row of zeros in between."""
        there = [factor is not None for factor in factors]
        powers = np.power.outer(np.array([factor for factor in factors if factor is not None]), np.arange(1, 5))
        found = np.zeros((len(factors), 4))
        found[there] = powers * np.stack([self.mean, self.m2, self.m3, self.m4], axis=1)
        return type(self)(self.count, *found.T)

    @np.errstate(all="ignore")  # infinities are reported with the estimate
    def __add__(self, other: Self) -> Self:
        n_a, n_b = self.count, other.count
        n = n_a + n_b
        gap = other.mean - self.mean
        share = gap / n
        mean = self.mean + n_b * share
        m2 = self.m2 + other.m2 + gap * share * n_a * n_b
        m3 = (
            self.m3 + other.m3 + gap * share**2 * n_a * n_b * (n_a - n_b) + 3 * share * (n_a * other.m2 - n_b * self.m2)
        )
        m4 = (
            self.m4
            + other.m4
            + gap * share**3 * n_a * n_b * (n_a**2 - n_a * n_b + n_b**2)
            + 6 * share**2 * (n_a**2 * other.m2 + n_b**2 * self.m2)
            + 4 * share * (n_a * other.m3 - n_b * self.m3)
        )
        return type(self)(n, mean, m2, m3, m4)

    @property
    def variance(self) -> Vector:
        """The unbiased sample variance."""
        return self.m2 / (self.count - 1)

    @property
    def stderr(self) -> Vector:
        """The standard error of the mean."""
        return np.sqrt(self.variance / self.count)


@dataclass(frozen=True, slots=True)
class Comoments:
    """How estimates (x) and their controls (y) vary together, one entry per estimate."""

    count: int
    mean_x: Vector
    mean_y: Vector
    yy: Vector
    xy: Vector

    @classmethod
    def of(cls, xs: Sequence[NDArray[np.floating]], ys: Sequence[NDArray[np.floating]], device: Device = HOST) -> Self:
        """The comoments of each row of samples on a device with its control's."""
        sums = [_joint_sums(x.astype(np.float64), y.astype(np.float64)) for x, y in zip(xs, ys, strict=True)]
        return cls(len(xs[0]), *device.numbers(sums).T)

    def scaled(self, x: Sequence[float], y: Sequence[float]) -> Self:
        """The comoments of estimates and controls times a factor each."""
        by_x, by_y = np.array(x), np.array(y)
        return type(self)(
            self.count, self.mean_x * by_x, self.mean_y * by_y, self.yy * by_y * by_y, self.xy * by_x * by_y
        )

    @np.errstate(all="ignore")  # infinities are reported with the estimate
    def __add__(self, other: Self) -> Self:
        n = self.count + other.count
        weight = self.count * other.count / n
        gap_x, gap_y = other.mean_x - self.mean_x, other.mean_y - self.mean_y
        return type(self)(
            n,
            self.mean_x + gap_x * other.count / n,
            self.mean_y + gap_y * other.count / n,
            self.yy + other.yy + gap_y * gap_y * weight,
            self.xy + other.xy + gap_x * gap_y * weight,
        )


@np.errstate(all="ignore")  # infinities are reported with the estimate
def _joint_sums(x: Vector, y: Vector) -> tuple[float, float, float, float]:
    mean_x, mean_y = x.mean(), y.mean()
    centred = y - mean_y
    return mean_x, mean_y, np.einsum("i,i->", centred, centred), np.einsum("i,i->", x - mean_x, centred)


@np.errstate(all="ignore")  # infinities are reported with the estimate
def _centred_sums(row: Vector) -> tuple[float, float, float, float]:
    mean = row.sum() / len(row)
    centred = row - mean
    squares = np.square(centred)
    m2 = squares.sum()
    centred *= squares
    np.square(squares, out=squares)
    return mean, m2, centred.sum(), squares.sum()
