"""Sample moments that merge: the statistics of many estimates over many blocks.

Merging follows T. Chan, G. Golub and R. LeVeque, Algorithms for computing the sample variance: analysis and
recommendations, The American Statistician 37 (1983).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.device import HOST, Device

Vector = NDArray[np.float64]

_SLICES = 128
"""Slices of a block's samples at least, where there are as many samples: their sums show how sure the whole is."""


@dataclass(frozen=True, slots=True)
class Moments:
    """Count, means, sums of centred squares and the variances of these sums, in float64.

    They have one entry per estimate, or one per estimate and trade.
    """

    count: int
    mean: Vector
    m2: Vector
    m2_variance: Vector

    @classmethod
    @np.errstate(all="ignore")  # infinities are reported with the estimate
    def of(cls, samples: Sequence[NDArray[np.floating]], device: Device = HOST) -> Self:
        """The moments of each row of samples on a device, or of each estimate's rows; one sample per path.

        What a row adds to ``m2`` is summed in slices, which are independent, so their squared deviations from
        what is expected of them add up to its variance: the fourth moment, without its passes over the samples.
        """
        *of_trades, count = samples[0].shape
        length = max(1, count // _SLICES)
        n_whole = count // length
        table = device.empty((len(samples), *of_trades, n_whole + 2), np.float64)
        for found, row in zip(table, samples, strict=True):
            _sum_in_slices(row.astype(np.float64, order="C", copy=False), length, found)
        sums = device.numbers(table)
        mean, squares, rest = sums[..., 0], sums[..., 1:-1], sums[..., -1]
        m2 = squares.sum(axis=-1) + rest
        deviations = squares - (m2 * (length / count))[..., None]
        deviation_of_rest = rest - m2 * (1 - n_whole * length / count)
        return cls(count, mean, m2, np.square(deviations).sum(axis=-1) + np.square(deviation_of_rest))

    def scaled(self, factors: Vector) -> Self:
        """The moments of the samples times a factor each."""
        squares = np.square(factors)
        return type(self)(self.count, self.mean * factors, self.m2 * squares, self.m2_variance * np.square(squares))

    def spread(self, places: Sequence[int], length: int) -> Self:
        """The same at some places among so many estimates, the others of which are 0 on all paths."""
        found = np.zeros((3, length, *self.mean.shape[1:]))
        found[:, places] = self.mean, self.m2, self.m2_variance
        return type(self)(self.count, *found)

    def of_trade(self, trade: int) -> Self:
        """One entry per estimate, of one of several trades."""
        return type(self)(self.count, self.mean[:, trade], self.m2[:, trade], self.m2_variance[:, trade])

    @np.errstate(all="ignore")  # infinities are reported with the estimate
    def __add__(self, other: Self) -> Self:
        count = self.count + other.count
        gap = other.mean - self.mean
        mean = self.mean + gap * (other.count / count)
        between = gap * gap * (self.count * other.count / count)
        m2 = self.m2 + other.m2 + between
        # The gap is one more part of the sum, which a single sample's is expected to be.
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
    def doubt(self) -> Vector:
        """The relative error of each standard error; zero for a row that does not vary."""
        with np.errstate(all="ignore"):
            relative = np.sqrt(self.m2_variance) / self.m2 / 2
        return np.where(np.isnan(relative), 0.0, relative)


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
        """The comoments of each row of samples on a device, or of each estimate's rows, with its control's."""
        *of_trades, count = xs[0].shape
        table = device.empty((len(xs), *of_trades, 4), np.float64)
        for found, x, y in zip(table, xs, ys, strict=True):
            own, other = (rows.astype(np.float64, order="C", copy=False) for rows in (x, y))
            _sum_jointly(own, other, found)
        return cls(count, *np.moveaxis(device.numbers(table), -1, 0))

    def scaled(self, x: Vector, y: Vector) -> Self:
        """The comoments of estimates and controls times a factor each."""
        return type(self)(self.count, self.mean_x * x, self.mean_y * y, self.yy * y * y, self.xy * x * y)

    def of_trade(self, trade: int) -> Self:
        """One entry per estimate, of one of several trades."""
        sums = (self.mean_x, self.mean_y, self.yy, self.xy)
        return type(self)(self.count, *(each[:, trade] for each in sums))

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


def _sum_in_slices(row: Vector, length: int, found: Vector) -> None:
    """The mean, the sums of centred squares of all whole slices, and that of what is left."""
    *of_trades, count = row.shape
    mean = row.sum(axis=-1) / count
    centred = row - mean[..., None]
    n_whole = count // length
    found[..., 0] = mean
    found[..., 1:-1] = _squared_lengths(centred[..., : n_whole * length].reshape(*of_trades, n_whole, length))
    found[..., -1] = _squared_lengths(centred[..., n_whole * length :])


def _squared_lengths(vectors: Vector) -> Vector:
    """Of the vectors along the last axis; a product of matrices reads them once and writes nothing as long."""
    squares: Vector = vectors[..., None, :] @ vectors[..., None]
    return squares[..., 0, 0]


@np.errstate(all="ignore")  # infinities are reported with the estimate
def _sum_jointly(x: Vector, y: Vector, found: Vector) -> None:
    """Both means, the sum of centred squares of y, and that of its centred products with x."""
    found[..., 0], found[..., 1] = x.mean(axis=-1), y.mean(axis=-1)
    centred = y - found[..., 1, None]
    found[..., 2] = np.einsum("...i,...i->...", centred, centred)
    found[..., 3] = np.einsum("...i,...i->...", x - found[..., 0, None], centred)
