"""Geometric Brownian motion at a contract's dates, sampled exactly, as a graph of the leaves.

S(t) = spot exp((rate - dividend_yield - vol^2/2) t + vol W(t)). Arrays are time-major,
(n_dates, n_paths): a leaf of shape (n_paths,) broadcasts over time as it is.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import cached_property, lru_cache
from typing import Self

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.leaves import Leaves
from greeks_cli.engine.lognormal import Coefficients, Dates, Lognormal, evaluate
from greeks_cli.engine.numbers import Operand, concat, log, sqrt
from greeks_cli.terms.request import Request

_PARAMETERS = ("spot", "vol", "rate", "dividend_yield", "time")
_MOVING = "moving"
"""The name of the leaf that a mixed estimate differentiates pathwise, beside those of the density."""


class Path(ABC):
    """The underlying at the contract's dates, and normals that a payoff may want beside it."""

    extra: NDArray[np.floating]

    def __getitem__(self, index: int) -> Operand:
        """The underlying at one date, shape (n_paths,)."""
        return self._evaluate(index % self._n_dates)

    @property
    def spots(self) -> Operand:
        """The underlying at all dates, shape (n_dates, n_paths)."""
        return self._evaluate(slice(0, self._n_dates))

    def total(self, n_dates: int) -> Operand:
        """The sum of the underlying over the first dates, shape (n_paths,)."""
        return self._evaluate(slice(0, n_dates), summed=True)

    @property
    @abstractmethod
    def _n_dates(self) -> int: ...

    @abstractmethod
    def _evaluate(self, dates: Dates, summed: bool = False) -> Operand: ...


class _Motion:
    """Brownian motion at the dates, and the underlying that it drives in a market of given values."""

    def __init__(self, values: Mapping[str, float], dates: tuple[float, ...], normals: NDArray[np.floating]):
        self._dates = dates
        self._law = _path_law(dates, tuple(values.items()))
        self._spot = normals.dtype.type(values["spot"])
        scale = np.sqrt(np.diff(dates, prepend=0.0)).astype(normals.dtype)
        self.brownian = normals * scale[:, None]
        for before, here in zip(self.brownian, self.brownian[1:], strict=False):
            here += before  # np.cumsum takes three times as long
        self._at: dict[int, NDArray[np.floating]] = {}

    @cached_property
    def anchored(self) -> list[NDArray[np.floating]]:
        """What moves the anchors: W at the end, and the standardised bridges of the others."""
        anchors = _anchors(self._dates)
        data = [self.brownian[-1]]
        for here, after in zip(anchors[1:], anchors, strict=False):
            t, u = self._dates[here], self._dates[after]
            bridge = self.brownian[here] - (t / u) * self.brownian[after]
            data.append(bridge * float(1 / np.sqrt(t * (u - t) / u)))
        return data

    def spots(self, dates: Dates) -> NDArray[np.floating]:
        """The underlying at one date, shape (n_paths,), or at several."""
        if isinstance(dates, slice):
            return self._all[dates]
        if dates not in self._at:
            self._at[dates] = self._exponential(dates)
        return self._at[dates]

    @cached_property
    def _all(self) -> NDArray[np.floating]:
        return self._exponential(slice(0, len(self._dates)))

    def _exponential(self, dates: Dates) -> NDArray[np.floating]:
        coefficients = self._law.partial(())
        assert coefficients is not None  # vol is one of them
        rows = coefficients.astype(self.brownian.dtype)
        constant, along, *anchored = [row[dates] if isinstance(dates, int) else row[dates, None] for row in rows]
        spots = self.brownian[dates] * along
        spots += constant
        if any(map(np.any, anchored)):
            for row, data in zip(anchored, self.anchored, strict=True):
                spots += row * data
        np.exp(spots, out=spots)
        spots *= self._spot
        return spots


class Scenario:
    """The normals of some paths, and what any estimate needs of them, computed once.

    ``normals`` has one row per date, and then the extra ones. As calendar time passes, every
    future date comes nearer at once, and W keeps its law: its end is scaled; the date in the
    middle keeps its place in the Brownian bridge from 0 to the end, then the date in the middle
    of the first half, down to the first date. All other dates lie between two of these anchors,
    where a bridge only shifts with its ends. So time moves every date smoothly, and by little
    noise: scaling the first increment alone has the right law too, and many times the variance.
    """

    def __init__(self, values: Mapping[str, float], dates: tuple[float, ...], normals: NDArray[np.floating]):
        self.values = {name: values[name] for name in _PARAMETERS}
        self.dates = dates
        self._normals = normals[: len(dates)]
        self.extra = normals[len(dates) :]
        self._shifted: dict[str, Lognormal] = {}

    @classmethod
    def of(cls, request: Request, normals: NDArray[np.floating]) -> Self:
        """The request's own market and dates."""
        return cls(request.values, request.contract.dates, normals)

    @property
    def n_paths(self) -> int:
        return self._normals.shape[1]

    @property
    def dtype(self) -> type[np.floating]:
        return self._normals.dtype.type

    @cached_property
    def underlying(self) -> Lognormal:
        """The paths as they move with the parameters."""
        law = _path_law(self.dates, tuple(self.values.items()))
        data = [None, self._motion.brownian, *self._motion.anchored]
        return Lognormal(law, data, self._motion.spots, scale=("spot", self.values["spot"]))

    @cached_property
    def density(self) -> Lognormal:
        """The probability density of the paths over its present value; of later dates two sums matter."""
        vol = self.values["vol"]
        scale = vol * np.sqrt(np.diff(self.dates, prepend=0.0)).astype(self._normals.dtype)
        surprise = scale[0] * self._normals[0]
        data: list[NDArray[np.floating] | None] = [None, surprise, surprise * surprise]
        if len(self.dates) > 1:
            later = self._normals[1:]
            data += [np.einsum("t,tn->n", scale[1:], later), vol * vol * np.einsum("tn,tn->n", later, later)]
        one = np.broadcast_to(self._normals.dtype.type(1), self._normals.shape[1:])
        return Lognormal(_density_law(self.dates, tuple(self.values.items())), data, lambda dates: one)

    def shifted_by(self, first: str) -> Lognormal:
        """The paths as they move with one parameter, their normals recovered by all the others' density."""
        if first not in self._shifted:
            law = _shift_law(self.dates, tuple(self.values.items()), first)
            scale = (_MOVING, self.values["spot"]) if first == "spot" else None
            self._shifted[first] = Lognormal(law, [None, self._motion.brownian], self._motion.spots, scale)
        return self._shifted[first]

    @cached_property
    def _motion(self) -> _Motion:
        # An object of its own: were this one's methods given to Lognormal, each would hold the other until
        # the garbage collector comes by, and with them the arrays of many blocks.
        return _Motion(self.values, self.dates, self._normals)


class SimulatedPath(Path):
    """A path that moves with its leaves."""

    def __init__(self, leaves: Leaves, scenario: Scenario):
        self._leaves = {name: leaves[name] for name in _PARAMETERS}
        self._scenario = scenario
        self.extra = scenario.extra

    @property
    def _n_dates(self) -> int:
        return len(self._scenario.dates)

    def _evaluate(self, dates: Dates, summed: bool = False) -> Operand:
        return evaluate(self._scenario.underlying, self._leaves, dates, summed)


class FrozenPath(Path):
    """A path held fixed as data, with its density as a graph of the leaves.

    The path is where the parameters' values put it; only its probability moves with them.
    """

    def __init__(self, leaves: Leaves, scenario: Scenario):
        self._leaves = {name: leaves[name] for name in _PARAMETERS}
        self._scenario = scenario
        self.extra = scenario.extra

    @property
    def weight(self) -> Operand:
        """The path's density over its own value: 1, with the density's relative derivatives."""
        return evaluate(self._scenario.density, self._leaves, 0)

    @property
    def _n_dates(self) -> int:
        return len(self._scenario.dates)

    def _evaluate(self, dates: Dates, summed: bool = False) -> Operand:
        return evaluate(self._scenario.underlying, {}, dates, summed)


class ShiftedPath(FrozenPath):
    """A frozen path that moves with the leaf ``moving`` of the parameter ``first``.

    Its normals are those that the other leaves need to reach the path, which so stays where it is.
    """

    def __init__(self, leaves: Leaves, scenario: Scenario, first: str, moving: Operand):
        super().__init__(leaves, scenario)
        self._shifted = scenario.shifted_by(first) if first in _PARAMETERS else scenario.underlying
        self._here = {**self._leaves, _MOVING: moving} if first in _PARAMETERS else {}

    def _evaluate(self, dates: Dates, summed: bool = False) -> Operand:
        return evaluate(self._shifted, self._here, dates, summed)


def drift(leaves: Leaves) -> Operand:
    """The growth per year of the logarithm."""
    return leaves["rate"] - leaves["dividend_yield"] - 0.5 * leaves["vol"] * leaves["vol"]


Values = tuple[tuple[str, float], ...]


@lru_cache(maxsize=16)
def _path_law(dates: tuple[float, ...], values: Values) -> Coefficients:
    """log S(t) - log spot = drift (t - time) + vol W(t), and vol times how far time has shifted W(t).

    An anchor at t between its next at u and 0 lies at (t - time)/(u - time) of that one's place, plus
    its standardised bridge times sqrt((t - time)(u - t)/(u - time)); over a chain of anchors the ratios
    telescope, so that each bridge enters all later ones by one function of time.
    """
    anchors = _anchors(dates)
    at = np.array(dates)
    ends = at[anchors]
    nexts = np.array([ends[0], *ends[:-1]])
    place, slope = _hats(at, anchors)

    def law(leaves: Leaves) -> Operand:
        constant = drift(_rows(leaves, 0, 1)) * (at[None] - leaves["time"][0:1])
        along = _rows(leaves, 1, 2)["vol"] * np.ones_like(at)[None]
        rows = _rows(leaves, 2, 2 + len(anchors))
        left = ends[:, None] - rows["time"]
        left_of_next = nexts[:, None] - rows["time"]
        gap = (nexts - ends)[:, None]
        gap[0] = 1.0  # the end has no next; its W(T)/sqrt(T) is scaled by sqrt(T - time)
        own_next = np.array([[1.0], *[[0.0]] * (len(anchors) - 1)])
        root = sqrt(gap / (left * (left_of_next * (1 - own_next) + own_next)))
        unit = np.array([[1 / np.sqrt(at[-1])], *[[1.0]] * (len(anchors) - 1)])
        now = np.sqrt(gap / (ends[:, None] * (nexts[:, None] * (1 - own_next) + own_next)))
        shift = ((place - slope * rows["time"]) * root - place * now) * unit
        return concat([constant, along, rows["vol"] * shift])

    return Coefficients(law, dict(values), 2 + len(anchors), len(dates))


def _hats(at: NDArray[np.float64], anchors: list[int]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """P and Q, of shape (n_anchors, n_dates): bridge b moves W(t) by (P - time Q) times its function of time.

    Between anchors W(t) moves by linear interpolation, and bridge b moves anchor b and all before it.
    """
    increasing = at[anchors][::-1]
    places, slopes = [], []
    for b in range(len(anchors)):
        reached = np.array([j >= b for j in range(len(anchors))], dtype=float)[::-1]
        places.append(np.interp(at, increasing, reached * increasing))
        slopes.append(np.interp(at, increasing, reached))
    return np.array(places), np.array(slopes)


def _anchors(dates: tuple[float, ...]) -> list[int]:
    """Indices of dates, from the last by halves to the first."""
    anchors = [len(dates) - 1]
    while anchors[-1] > 0:
        anchors.append(anchors[-1] // 2)
    return anchors


@lru_cache(maxsize=16)
def _density_law(dates: tuple[float, ...], values: Values) -> Coefficients:
    """The log-density of the path; its data are 1, y, y^2, sum y_i and sum y_i^2 / dt_i of the later increments.

    Here y is an increment of the logarithm less its present mean.
    """
    now = dict(values)
    later, years = len(dates) - 1, dates[-1] - dates[0]
    growth_now, spot_now = drift(now), now["spot"]

    def mean(row: Leaves) -> Operand:
        growth = drift(row) * (dates[0] - row["time"]) - growth_now * (dates[0] - now["time"])
        return log(row["spot"] * (1 / spot_now)) + growth

    def precision(row: Leaves) -> Operand:
        return 1 / (row["vol"] * row["vol"] * (dates[0] - row["time"]))

    def constant(row: Leaves) -> Operand:
        first = log(precision(row)) - mean(row) * mean(row) * precision(row)
        variance, faster = row["vol"] * row["vol"], drift(row) - growth_now
        return 0.5 * (first - later * log(variance) - years * faster * faster / variance)

    functions: list[Callable[[Leaves], Operand]] = [
        constant,
        lambda row: mean(row) * precision(row),
        lambda row: -0.5 * precision(row),
    ]
    if later:
        functions.append(lambda row: (drift(row) - growth_now) / (row["vol"] * row["vol"]))
        functions.append(lambda row: -0.5 / (row["vol"] * row["vol"]))

    def law(leaves: Leaves) -> Operand:
        return concat([function(_rows(leaves, k, k + 1)) for k, function in enumerate(functions)])

    return Coefficients(law, now, len(functions), 1)


@lru_cache(maxsize=16)
def _shift_law(dates: tuple[float, ...], values: Values, first: str) -> Coefficients:
    """What moves a frozen path: the parameter ``first`` there and here, along the W that brings here to the path."""
    now = dict(values)
    at = np.array(dates)[None]
    growth_now = drift(now)

    def law(leaves: Leaves) -> Operand:
        here, below = _rows(leaves, 0, 1), _rows(leaves, 1, 2)
        still = np.zeros_like(at)
        if first == "spot":
            return concat([still - log(here["spot"] * (1 / now["spot"])), still])
        there = {**here, first: here[_MOVING]}
        elapsed = at - here["time"]
        constant = (drift(there) - drift(here)) * elapsed
        if first != "vol":
            return concat([constant, still])
        reached = growth_now * at - drift(here) * elapsed - log(here["spot"] * (1 / now["spot"]))
        constant = constant + (there["vol"] - here["vol"]) / here["vol"] * reached
        along = (below[_MOVING] - below["vol"]) / below["vol"] * now["vol"]
        return concat([constant, along + still])

    return Coefficients(law, {**now, _MOVING: now[first]}, 2, len(dates))


def _rows(leaves: Leaves, start: int, stop: int) -> Leaves:
    return {name: leaf[start:stop] for name, leaf in leaves.items()}
