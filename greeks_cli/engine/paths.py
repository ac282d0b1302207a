"""Geometric Brownian motion at a contract's dates, sampled exactly, as a graph of the leaves.

S(t) = spot exp((rate - dividend_yield - vol^2/2) t + vol W(t)). Arrays are time-major,
(n_dates, n_paths): a leaf of shape (n_paths,) broadcasts over time as it is.
"""

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.leaves import Leaves
from greeks_cli.engine.numbers import Operand, exp, is_recorded, log, sqrt


class Path(ABC):
    """The underlying at the contract's dates; ``path[-1]`` has shape (n_paths,)."""

    @abstractmethod
    def __getitem__(self, index: int) -> Operand:
        """The underlying at one date, shape (n_paths,)."""


def drift(leaves: Leaves) -> Operand:
    """The growth per year of the logarithm."""
    return leaves["rate"] - leaves["dividend_yield"] - 0.5 * leaves["vol"] * leaves["vol"]


class SimulatedPath(Path):
    """A path that moves with its leaves, from ``normals`` of shape (n_dates, n_paths)."""

    def __init__(self, leaves: Leaves, dates: tuple[float, ...], normals: NDArray[np.floating]):
        self._leaves = leaves
        self._dates = dates
        scale = np.sqrt(np.diff(dates, prepend=0.0)).astype(normals.dtype)
        self._brownian = np.cumsum(normals * scale[:, None], axis=0)

    def __getitem__(self, index: int) -> Operand:
        elapsed = self._dates[index] - self._leaves["time"]
        growth = drift(self._leaves) * elapsed + self._leaves["vol"] * self._brownian_at(index)
        return self._leaves["spot"] * exp(growth)

    def _brownian_at(self, index: int) -> Operand:
        """W at a date that calendar time brings nearer: the whole motion rescales with the date."""
        time, date = self._leaves["time"], self._dates[index]
        if not is_recorded(time) and time == 0:
            return self._brownian[index]
        return sqrt(1 - time * (1 / date)) * self._brownian[index]


class FrozenPath(Path):
    """A path held fixed as data, with its log-density as a graph of the leaves.

    The path is where the parameters' values put it; only its probability moves with them.
    """

    def __init__(self, values: Leaves, dates: tuple[float, ...], normals: NDArray[np.floating]):
        simulated = SimulatedPath(values, dates, normals)
        self._dates = np.array(dates)
        self._spots = np.stack([simulated[i] for i in range(len(dates))])

    def __getitem__(self, index: int) -> NDArray[np.floating]:
        return self._spots[index]

    def brownian(self, leaves: Leaves, index: int) -> Operand:
        """The W(t) that brings the leaves' market to this path at a date."""
        elapsed = float(self._dates[index]) - leaves["time"]
        return (np.log(self._spots[index]) - log(leaves["spot"]) - drift(leaves) * elapsed) / leaves["vol"]

    def weight(self, leaves: Leaves) -> Operand:
        """The path's density over its own value: 1, with the density's relative derivatives."""
        log_density = self._log_density(leaves)
        return exp(log_density - log_density.array) if is_recorded(log_density) else 1.0

    def _log_density(self, leaves: Leaves) -> Operand:
        """Up to a constant; of the later increments only three sums matter."""
        growth, variance = drift(leaves), leaves["vol"] * leaves["vol"]
        first = float(self._dates[0]) - leaves["time"]
        surprise = np.log(self._spots[0]) - log(leaves["spot"]) - growth * first
        density = -0.5 * (surprise * surprise / (variance * first) + log(variance * first))
        if len(self._dates) == 1:
            return density
        increments, lengths = np.diff(np.log(self._spots), axis=0), np.diff(self._dates)
        squares = (increments**2 / lengths[:, None].astype(increments.dtype)).sum(axis=0)
        total, years = increments.sum(axis=0), float(lengths.sum())
        later = squares - 2 * growth * total + growth * growth * years
        return density - 0.5 * later / variance - 0.5 * len(lengths) * log(variance)


class ShiftedPath(Path):
    """A frozen path that moves with one parameter of ``moving``, its normals recovered by ``leaves``.

    Equal to the frozen path, since the two sets of leaves have equal values.
    """

    def __init__(self, frozen: FrozenPath, dates: tuple[float, ...], leaves: Leaves, moving: Leaves):
        self._frozen = frozen
        self._dates = dates
        self._leaves = leaves
        self._moving = moving

    def __getitem__(self, index: int) -> Operand:
        here, there = self._leaves, self._moving
        growth: Operand = 0.0
        if here["spot"] is not there["spot"]:
            return self._frozen[index] * (there["spot"] / here["spot"])
        if here["vol"] is not there["vol"]:
            growth = (there["vol"] - here["vol"]) * self._frozen.brownian(here, index)
        elapsed = self._dates[index] - here["time"]
        return self._frozen[index] * exp(growth + (drift(there) - drift(here)) * elapsed)
