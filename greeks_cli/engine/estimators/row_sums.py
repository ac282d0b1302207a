"""Rows of samples summed one by one: each, or its control, has just been made and need not be kept."""

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.backends.backend import Device

Vector = NDArray[np.float64]

_SLICES = 128
"""Slices of a block's samples at least, where there are as many samples: their sums show how sure the whole is."""


class _Sums:
    """A few numbers of each row, on a device until all are there.

    A row is of one sample per path, or one such row for each of several trades; every place has one.
    """

    def __init__(self, n_rows: int, device: Device):
        self._n_rows, self._device = n_rows, device
        self._table: NDArray[np.floating] | None = None
        self.count = 0
        """Samples of a row."""

    def _entry(self, place: int, row: NDArray[np.floating], length: int) -> NDArray[np.floating]:
        """Where so many numbers of a row belong."""
        *of_trades, self.count = row.shape
        if self._table is None:
            self._table = self._device.empty((self._n_rows, *of_trades, length), np.float64)
        return self._table[place]

    @property
    def table(self) -> Vector:
        """The numbers of every row, on the host."""
        assert self._table is not None
        return self._device.numbers(self._table)


class RowSums(_Sums):
    """The mean of each row, the sums of its centred squares over all whole slices, and over what is left."""

    length = 1
    """Samples of a slice."""

    def add(self, place: int, row: NDArray[np.floating]) -> None:
        """Takes in the row of a place."""
        *of_trades, count = row.shape
        self.length = max(1, count // _SLICES)
        n_whole = count // self.length
        in_slices = n_whole * self.length
        found = self._entry(place, row, n_whole + 2)
        row = _in_float64(row)
        mean = row.sum(axis=-1) / count
        centred = row - mean[..., None]
        found[..., 0] = mean
        found[..., 1:-1] = _squared_lengths(centred[..., :in_slices].reshape(*of_trades, n_whole, self.length))
        found[..., -1] = _squared_lengths(centred[..., in_slices:]) if in_slices < count else 0


class PairSums(_Sums):
    """The means of each row and of its control, the sums of the control's centred squares and of centred products."""

    def add(self, place: int, row: NDArray[np.floating], control: NDArray[np.floating]) -> None:
        """Takes in the row of a place, and its control's."""
        found = self._entry(place, row, 4)
        x, y = _in_float64(row), _in_float64(control)
        found[..., 0], found[..., 1] = x.mean(axis=-1), y.mean(axis=-1)
        centred = y - found[..., 1, None]
        found[..., 2] = np.einsum("...i,...i->...", centred, centred)
        found[..., 3] = np.einsum("...i,...i->...", x - found[..., 0, None], centred)


def _in_float64(row: NDArray[np.floating]) -> Vector:
    return row.astype(np.float64, order="C", copy=False)


def _squared_lengths(vectors: Vector) -> Vector:
    """Of the vectors along the last axis; a product of matrices reads them once and writes nothing as long."""
    squares: Vector = vectors[..., None, :] @ vectors[..., None]
    return squares[..., 0, 0]
