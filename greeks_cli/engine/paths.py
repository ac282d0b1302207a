"""Geometric Brownian motion at a contract's dates, sampled exactly, as a graph of the leaves.

S(t) = spot exp((rate - dividend_yield - vol^2/2) t + vol W(t)). Arrays are time-major,
(n_dates, n_paths): a leaf of shape (n_paths,) broadcasts over time as it is.
"""

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.leaves import Leaves
from greeks_cli.engine.numbers import Operand, concat, exp, is_recorded, log, sqrt


class Path(ABC):
    """The underlying at the contract's dates, and normals that a payoff may want beside it."""

    extra: NDArray[np.floating]

    @abstractmethod
    def __getitem__(self, index: int) -> Operand:
        """The underlying at one date, shape (n_paths,)."""

    @property
    @abstractmethod
    def spots(self) -> Operand:
        """The underlying at all dates, shape (n_dates, n_paths)."""


def drift(leaves: Leaves) -> Operand:
    """The growth per year of the logarithm."""
    return leaves["rate"] - leaves["dividend_yield"] - 0.5 * leaves["vol"] * leaves["vol"]


class SimulatedPath(Path):
    """A path that moves with its leaves.

    ``normals`` has one row per date, and then the extra ones. As calendar time passes, every
    future date comes nearer at once: ``_Brownian`` says how the motion follows.
    """

    def __init__(self, leaves: Leaves, dates: tuple[float, ...], normals: NDArray[np.floating]):
        self._leaves = leaves
        self._dates = np.array(dates, dtype=normals.dtype)
        self._motion = _Brownian(dates, normals[: len(dates)])
        self.extra = normals[len(dates) :]

    def __getitem__(self, index: int) -> Operand:
        elapsed = float(self._dates[index]) - self._leaves["time"]
        return self._spot(elapsed, self._motion.at(index, self._leaves["time"]))

    @property
    def spots(self) -> Operand:
        elapsed = self._dates[:, None] - self._leaves["time"]
        return self._spot(elapsed, self._motion.everywhere(self._leaves["time"]))

    def _spot(self, elapsed: Operand, brownian: Operand) -> Operand:
        return self._leaves["spot"] * exp(drift(self._leaves) * elapsed + self._leaves["vol"] * brownian)


class _Brownian:
    """W at the dates, and W at the dates less a time that passes.

    W keeps its law while the dates move: its end is scaled; the date in the middle keeps its
    place in the Brownian bridge from 0 to the end, then the date in the middle of the first half,
    down to the first date. All other dates lie between two of these anchors, where a bridge
    only shifts with its ends. So time moves every date smoothly, and by little noise: scaling
    the first increment alone has the right law too, and many times the variance.
    """

    def __init__(self, dates: tuple[float, ...], normals: NDArray[np.floating]):
        self._dates = dates
        scale = np.sqrt(np.diff(dates, prepend=0.0)).astype(normals.dtype)
        self._values = np.cumsum(normals * scale[:, None], axis=0)

    def at(self, index: int, time: Operand) -> Operand:
        if not _passes(time):
            return self._values[index]
        if index in (-1, len(self._dates) - 1):
            return sqrt(1 - time * (1 / self._dates[-1])) * self._values[-1]
        return self.everywhere(time)[index]

    def everywhere(self, time: Operand) -> Operand:
        if not _passes(time):
            return self._values
        anchors = self._anchors()
        shifts = self._shifts(anchors, time)
        pieces = [self._values[:1] + shifts[-1]]
        for left, right in zip(anchors[::-1], anchors[-2::-1], strict=False):
            start, end = self._dates[left], self._dates[right]
            inside = np.array(self._dates[left + 1 : right + 1], dtype=self._values.dtype)
            share = ((inside - start) / (end - start))[:, None]
            at_left, at_right = shifts[anchors.index(left)], shifts[anchors.index(right)]
            pieces.append(self._values[left + 1 : right + 1] + at_left * (1 - share) + at_right * share)
        return concat(pieces)

    def _anchors(self) -> list[int]:
        """Indices of dates, from the last by halves to the first."""
        anchors = [len(self._dates) - 1]
        while anchors[-1] > 0:
            anchors.append(anchors[-1] // 2)
        return anchors

    def _shifts(self, anchors: list[int], time: Operand) -> list[Operand]:
        """How far W at each anchor moves."""
        last = self._dates[-1]
        moved = [sqrt(1 - time * (1 / last)) * self._values[-1]]
        for here, after in zip(anchors[1:], anchors, strict=False):
            t, u = self._dates[here], self._dates[after]
            bridge = (self._values[here] - (t / u) * self._values[after]) * (1 / np.sqrt(t * (u - t) / u))
            left = u - time
            moved.append((t - time) / left * moved[-1] + sqrt((t - time) * (u - t) / left) * bridge)
        return [value - self._values[anchor] for value, anchor in zip(moved, anchors, strict=True)]


def _passes(time: Operand) -> bool:
    return is_recorded(time) or time != 0


class FrozenPath(Path):
    """A path held fixed as data, with its log-density as a graph of the leaves.

    The path is where the parameters' values put it; only its probability moves with them.
    """

    def __init__(self, values: Leaves, dates: tuple[float, ...], normals: NDArray[np.floating]):
        simulated = SimulatedPath(values, dates, normals)
        self._dates = np.array(dates)
        self._spots = simulated.spots
        self.extra = simulated.extra

    def __getitem__(self, index: int) -> NDArray[np.floating]:
        return self._spots[index]

    @property
    def spots(self) -> NDArray[np.floating]:
        return self._spots

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
        self._dates = np.array(dates, dtype=frozen.spots.dtype)
        self._leaves = leaves
        self._moving = moving
        self.extra = frozen.extra

    def __getitem__(self, index: int) -> Operand:
        return self._shifted(self._frozen[index], float(self._dates[index]))

    @property
    def spots(self) -> Operand:
        return self._shifted(self._frozen.spots, self._dates[:, None])

    def _shifted(self, spots: NDArray[np.floating], dates: Operand) -> Operand:
        here, there = self._leaves, self._moving
        if here["spot"] is not there["spot"]:
            return spots * (there["spot"] / here["spot"])
        elapsed = dates - here["time"]
        growth = (drift(there) - drift(here)) * elapsed
        if here["vol"] is not there["vol"]:
            # The W(t) that brings the leaves' market to this path.
            brownian = (np.log(spots) - log(here["spot"]) - drift(here) * elapsed) / here["vol"]
            growth = growth + (there["vol"] - here["vol"]) * brownian
        return spots * exp(growth)
