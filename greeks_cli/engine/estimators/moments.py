"""Sample moments that merge: the statistics of many estimates over many blocks.

Merging follows T. Chan, G. Golub and R. LeVeque, Algorithms for computing the sample variance: analysis and
recommendations, The American Statistician 37 (1983).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.backends.backend import HOST, Device
from greeks_cli.engine.estimators.row_sums import PairSums, RowSums, Vector


@dataclass(frozen=True, slots=True)
class Moments:
    """Count, means, sums of centred squares and the variances of these sums, in float64.

    Each array has one entry per estimate, or one per estimate and trade.
    """

    count: int
    mean: Vector
    m2: Vector
    m2_variance: Vector

    @classmethod
    @np.errstate(all="ignore")  # infinities are reported with the estimate
    def of(cls, samples: Sequence[NDArray[np.floating]], device: Device = HOST) -> Self:
        """The moments of each row of samples on a device, or of each estimate's rows; one sample per path."""
        sums = RowSums(len(samples), device)
        for place, row in enumerate(samples):
            sums.add(place, row)
        return cls.of_sums(sums)

    @classmethod
    @np.errstate(all="ignore")  # infinities are reported with the estimate
    def of_sums(cls, sums: RowSums) -> Self:
        """The moments of summed rows.

        ``m2`` is summed in slices, which are independent. The squared deviations of the slices from their expectations
        add up to the variance of ``m2``: the fourth moment, without its passes over the samples.
        """
        count, table = sums.count, sums.table
        share = sums.length / count
        mean, squares, rest = table[..., 0], table[..., 1:-1], table[..., -1]
        m2 = squares.sum(axis=-1) + rest
        deviations = squares - (m2 * share)[..., None]
        deviation_of_rest = rest - m2 * (1 - squares.shape[-1] * share)
        return cls(count, mean, m2, np.square(deviations).sum(axis=-1) + np.square(deviation_of_rest))

    def scaled(self, factors: Vector) -> Self:
        """The moments of the samples times a factor each."""
        squares = np.square(factors)
        return type(self)(self.count, self.mean * factors, self.m2 * squares, self.m2_variance * np.square(squares))

    def spread(self, places: Sequence[int], length: int) -> Self:
        """The moments of ``length`` estimates: these at the given places, and 0 on all paths at the others."""
        found = np.zeros((3, length, *self.mean.shape[1:]))
        found[:, places] = self.mean, self.m2, self.m2_variance
        return type(self)(self.count, *found)

    @np.errstate(all="ignore")  # infinities are reported with the estimate
    def __add__(self, other: Self) -> Self:
        count = self.count + other.count
        gap = other.mean - self.mean
        mean = self.mean + gap * (other.count / count)
        between = gap * gap * (self.count * other.count / count)
        m2 = self.m2 + other.m2 + between
        # ``between`` is one more independent part of m2; its expectation is that of one sample, m2 / count.
        variance = self.m2_variance + other.m2_variance + np.square(between - m2 / count)
        return type(self)(count, mean, m2, variance)

    @property
    def variance(self) -> Vector:
        """The unbiased sample variance."""
        return self.m2 / (self.count - 1)

    @property
    def stderr(self) -> Vector:
        """The standard error of the mean."""
        return np.sqrt(self.variance / self.count)

    @property
    def stderr_uncertainty(self) -> Vector:
        """The relative error of each standard error; zero for a row that does not vary."""
        with np.errstate(all="ignore"):
            stderr_uncertainty = np.sqrt(self.m2_variance) / self.m2 / 2
        return np.where(np.isnan(stderr_uncertainty), 0.0, stderr_uncertainty)


@dataclass(frozen=True, slots=True)
class Comoments:
    """Comoments of estimates (x) and their controls (y): means and centred sums, one entry per estimate."""

    count: int
    mean_x: Vector
    mean_y: Vector
    yy: Vector
    xy: Vector

    @classmethod
    def of_sums(cls, sums: PairSums) -> Self:
        """The comoments of rows that were summed with the rows of their controls."""
        return cls(sums.count, *np.moveaxis(sums.table, -1, 0))

    def scaled(self, x: Vector, y: Vector) -> Self:
        """The comoments of estimates and controls times a factor each."""
        return type(self)(self.count, self.mean_x * x, self.mean_y * y, self.yy * y * y, self.xy * x * y)

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
