"""Sums of rows of samples, taken row by row, so that no row need be kept."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.backends.backend import Device, SlicedSums, slice_length

Vector = NDArray[np.float64]


class _Sums:
    """Table of a few sums for each row, on the device until all rows are summed.

    A row has one sample per path, shape (n_samples,), or (n_trades, n_samples) for several trades.
    """

    def __init__(self, n_rows: int, device: Device):
        self._n_rows, self._device = n_rows, device
        self._table: NDArray[np.floating] | None = None
        self.count = 0
        """Samples of a row."""

    def _entry(self, place: int, row: NDArray[np.floating], length: int) -> NDArray[np.floating]:
        """The entry of a row in the table, ``length`` numbers per trade."""
        *of_trades, count = row.shape
        return self._entry_of(place, of_trades, count, length)

    def _entry_of(self, place: int, of_trades: Sequence[int], count: int, length: int) -> NDArray[np.floating]:
        """The entry of a row of ``count`` samples for each of some trades."""
        self.count = count
        if self._table is None:
            self._table = self._device.empty((self._n_rows, *of_trades, length), np.float64)
        return self._table[place]

    @property
    def table(self) -> Vector:
        """The numbers of every row, on the host."""
        assert self._table is not None
        return self._device.numbers(self._table)


class RowSums(_Sums):
    """The mean of each row, and the sums of its centred squares over each whole slice and over the remainder."""

    length = 1
    """Samples of a slice."""

    def add(self, place: int, row: NDArray[np.floating] | SlicedSums) -> None:
        """Sums the row of a place, or takes its sums."""
        if isinstance(row, SlicedSums):
            self._take(place, row)
        elif (sums := self._device.sums(row)) is not None:
            self._take(place, sums)
        else:
            self._sum(place, row)

    def _sum(self, place: int, row: NDArray[np.floating]) -> None:
        """Sums a row by NumPy's functions."""
        *of_trades, count = row.shape
        self.length = slice_length(count)
        n_whole = count // self.length
        in_slices = n_whole * self.length
        found = self._entry(place, row, n_whole + 2)
        row = _in_float64(row)
        mean = row.sum(axis=-1) / count
        centred = row - mean[..., None]
        found[..., 0] = mean
        found[..., 1:-1] = _squared_lengths(centred[..., :in_slices].reshape(*of_trades, n_whole, self.length))
        found[..., -1] = _squared_lengths(centred[..., in_slices:]) if in_slices < count else 0

    def _take(self, place: int, sums: SlicedSums) -> None:
        """Moves the sums of a row from a centre near the samples to their mean."""
        self.length = sums.length
        n_whole = sums.count // sums.length
        found = self._entry_of(place, sums.centres.shape, sums.count, n_whole + 2)
        deviations = np.ascontiguousarray(sums.deviations)  # so that sums are those of a single trade
        gap = deviations.sum(axis=-1) / sums.count
        lengths = np.full(sums.squares.shape[-1], sums.length)
        lengths[n_whole:] = sums.count - n_whole * sums.length
        shift = gap[..., None]
        squares = np.maximum(sums.squares - 2 * shift * deviations + shift * shift * lengths, 0.0)
        found[..., 0] = sums.centres + gap
        found[..., 1:-1] = squares[..., :n_whole]
        found[..., -1] = squares[..., n_whole:].sum(axis=-1)


class PairSums(_Sums):
    """The means of each row and of its control, the sums of the control's centred squares and of centred products."""

    def add(self, place: int, row: NDArray[np.floating], control: NDArray[np.floating]) -> None:
        """Sums the row of a place, with the row of its control."""
        found = self._entry(place, row, 4)
        x, y = _in_float64(row), _in_float64(control)
        found[..., 0], found[..., 1] = x.mean(axis=-1), y.mean(axis=-1)
        centred = y - found[..., 1, None]
        found[..., 2] = np.einsum("...i,...i->...", centred, centred)
        found[..., 3] = np.einsum("...i,...i->...", x - found[..., 0, None], centred)


def _in_float64(row: NDArray[np.floating]) -> Vector:
    return row.astype(np.float64, order="C", copy=False)


def _squared_lengths(vectors: Vector) -> Vector:
    """Squared lengths of the vectors along the last axis; a matrix product would round by the kind of processor."""
    squares: Vector = np.einsum("...i,...i->...", vectors, vectors)
    return squares
