"""Geometric Brownian motion at a contract's dates, sampled exactly, as a graph of the leaves.

S(t) = spot exp((rate - dividend_yield - vol^2/2) t + vol W(t)). Arrays are time-major,
(n_dates, n_paths): a leaf of shape (n_paths,) broadcasts over time as it is.
"""

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.leaves import Leaves
from greeks_cli.engine.numbers import Operand, exp, is_recorded, sqrt


class Path:
    """The underlying at the contract's dates.

    ``path[-1]`` has shape (n_paths,). ``normals`` has shape (n_dates, n_paths).
    """

    def __init__(self, leaves: Leaves, dates: tuple[float, ...], normals: NDArray[np.floating]):
        self._leaves = leaves
        self._dates = dates
        scale = np.sqrt(np.diff(dates, prepend=0.0)).astype(normals.dtype)
        self._brownian = np.cumsum(normals * scale[:, None], axis=0)

    def __getitem__(self, index: int) -> Operand:
        elapsed = self._dates[index] - self._leaves["time"]
        return self._spot(elapsed, self._brownian_at(index))

    def _spot(self, elapsed: Operand, brownian: Operand) -> Operand:
        vol = self._leaves["vol"]
        drift = self._leaves["rate"] - self._leaves["dividend_yield"] - 0.5 * vol * vol
        return self._leaves["spot"] * exp(drift * elapsed + vol * brownian)

    def _brownian_at(self, index: int) -> Operand:
        """W at a date that calendar time brings nearer: the whole motion rescales with the date."""
        time, date = self._leaves["time"], self._dates[index]
        if not is_recorded(time):
            return self._brownian[index]
        return sqrt(1 - time * (1 / date)) * self._brownian[index]
