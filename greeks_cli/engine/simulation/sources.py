"""Sources of a program: arrays of a block's paths, and coefficients of a trade.

Each source is an object that names its array or number; ``of`` makes the array or number.
"""

from abc import abstractmethod
from math import sqrt
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.autodiff.mixed_partials import MultiIndex
from greeks_cli.engine.compiler.ir import Array
from greeks_cli.engine.compiler.key import Key
from greeks_cli.engine.simulation.laws import Law
from greeks_cli.engine.simulation.markets import Markets
from greeks_cli.engine.simulation.path_data import PathData


class PathSource(Key):  # ABC would take more time to recognise a source than to read it
    """A source that is an array of a block's paths."""

    of_market: ClassVar[bool] = False
    """True if the array depends on the market."""
    is_row: ClassVar[bool] = True
    """True if the array is a row of paths, so that arrays of several markets stack as rows."""

    @abstractmethod
    def of(self, data: Any) -> Array:
        """The array for some paths, a PathData, or one of several underlyings."""


class BrownianMotion(PathSource):
    """Brownian motion at all dates, shape (n_dates, n_paths)."""

    def of(self, data: PathData) -> Array:
        return data.motion.brownian


class Bridge(PathSource):
    """Brownian motion at one date given a later one, standardised, shape (n_paths,)."""

    here: int
    after: int

    def of(self, data: PathData) -> Array:
        return data.motion.bridge(self.here, self.after)


class IndependentTo(PathSource):
    """The standard normal of the whole of an underlying's independent increments until a date, shape (n_paths,)."""

    part: int
    date: int

    def of(self, data: PathData) -> Array:
        motion, first = data.motion, self.part * len(data.motion.dates)
        if not self.date:
            return motion.normals[first]
        shares = motion.deviations[: self.date + 1] / motion.dtype(sqrt(motion.dates[self.date]))
        return np.einsum("t,tn->n", motion.on_device(shares), motion.normals[first : first + self.date + 1])


class Growth(PathSource):
    """The underlying at a date over the spot, shape (n_paths,)."""

    date: int
    of_market: ClassVar[bool] = True

    def of(self, data: PathData) -> Array:
        return data.growth(self.date)


class Growths(PathSource):
    """The underlying at some dates over the spot, shape (n_dates, n_paths)."""

    start: int
    stop: int
    of_market: ClassVar[bool] = True
    is_row: ClassVar[bool] = False

    def of(self, data: PathData) -> Array:
        return data.growths[self.start : self.stop]


class Normals(PathSource):
    """The standard normals of an increment, shape (n_paths,)."""

    date: int

    def of(self, data: PathData) -> Array:
        return data.motion.normals[self.date]


class AllNormals(PathSource):
    """The standard normals of the first increments, shape (n_dates, n_paths)."""

    n_dates: int

    def of(self, data: PathData) -> Array:
        return data.motion.normals[: self.n_dates]


class WeightedNormals(PathSource):
    """The normals of some increments, weighted by coefficients of a law and summed, shape (n_paths,)."""

    law: Law
    index: MultiIndex  # type: ignore[assignment]  # a field, not the method of tuples
    row: int
    start: int
    stop: int
    power: int = 1
    of_market: ClassVar[bool] = True

    def of(self, data: PathData) -> Array:
        return data.weighted(self.law, self.index, self.row, self.start, self.stop, self.power)


class RunningNormals(PathSource):
    """The normals, weighted by coefficients of a law and summed up to each of some dates, shape (n_dates, n_paths)."""

    law: Law
    index: MultiIndex  # type: ignore[assignment]  # a field, not the method of tuples
    row: int
    start: int
    stop: int
    of_market: ClassVar[bool] = True
    is_row: ClassVar[bool] = False

    def of(self, data: PathData) -> Array:
        return data.running(self.law, self.index, self.row)[self.start : self.stop]


class WalkBridge(PathSource):
    """The logarithm of the underlying less its mean at one date given a later one, standardised, shape (n_paths,)."""

    here: int
    after: int
    of_market: ClassVar[bool] = True
    is_row: ClassVar[bool] = False

    def of(self, data: PathData) -> Array:
        return data.bridge(self.here, self.after)


class FirstIncrement(PathSource):
    """The first increment of the logarithm less its mean, shape (n_paths,)."""

    of_market: ClassVar[bool] = True

    def of(self, data: PathData) -> Array:
        return data.per_market(data.scales[:, 0]) * data.motion.normals[0]


class LaterIncrements(PathSource):
    """The sum of the later increments of the logarithm less their means, shape (n_paths,)."""

    of_market: ClassVar[bool] = True
    is_row: ClassVar[bool] = False

    def of(self, data: PathData) -> Array:
        motion = data.motion
        return np.einsum("t,tn->n", motion.on_device(data.scales[0, 1:]), motion.normals[1 : len(motion.dates)])


class LaterSquares(PathSource):
    """The sum of the squares of the later increments less their means, each over its years, shape (n_paths,)."""

    of_market: ClassVar[bool] = True
    is_row: ClassVar[bool] = False

    def of(self, data: PathData) -> Array:
        later = data.motion.normals[1 : len(data.motion.dates)]
        return float(data.markets.values["vol"][0]) ** 2 * np.einsum("tn,tn->n", later, later)


class Latent(PathSource):
    """A partial derivative of a sum over the time steps between dates, shape (n_dates, n_paths)."""

    kind: str
    """The kind of steps: "path", "density", or "shift" with the name of the parameter that shifts paths."""
    name: str
    index: MultiIndex  # type: ignore[assignment]  # a field, not the method of tuples
    of_market: ClassVar[bool] = True
    is_row: ClassVar[bool] = False

    def of(self, data: PathData) -> Array:
        return data.latent(self.kind, self.name, self.index)


class JumpCounts(PathSource):
    """The number of jumps between dates, shape (n_dates, n_paths)."""

    of_market: ClassVar[bool] = True
    is_row: ClassVar[bool] = False

    def of(self, data: PathData) -> Array:
        return data.jump_counts


class JoinedDates(PathSource):
    """1 at every date that lies within a bridge, shape (n_dates, n_paths)."""

    is_row: ClassVar[bool] = False

    def of(self, data: PathData) -> Array:
        return data.joined


class NormalsOfJumps(PathSource):
    """The standard normals of the sizes of jumps, shape (n_dates, n_paths)."""

    is_row: ClassVar[bool] = False

    def of(self, data: PathData) -> Array:
        return data.of_jumps


class Exponentials(PathSource):
    """Standard exponentials by which the extreme of each interval is drawn, shape (n_dates, n_paths)."""

    is_row: ClassVar[bool] = False

    def of(self, data: PathData) -> Array:
        return data.exponentials


class Logarithms(PathSource):
    """The logarithm of the underlying over its spot at the dates, on fixed paths, shape (n_dates, n_paths)."""

    of_market: ClassVar[bool] = True
    is_row: ClassVar[bool] = False

    def of(self, data: PathData) -> Array:
        return data.fixed_logarithms


class Coefficient(Key):
    """A number of a trade: the derivative of a coefficient of a law at a date, or at some dates as an array."""

    law: Law
    index: MultiIndex  # type: ignore[assignment]  # a field, not the method of tuples
    row: int
    start: int
    stop: int
    form: str
    """number, rounded number, column or vector."""
    part: int = 0
    """The number of the underlying."""

    def of(self, markets: Markets, dtype: type[np.floating]) -> NDArray[np.float64]:
        """The number of each market, shape (n_markets,), (n_markets, n_dates, 1) or (n_markets, n_dates)."""
        found = markets.coefficients(self.law, self.index)[self.row]
        match self.form:
            case "number":
                return found[:, self.start]
            case "rounded number":
                return found[:, self.start].astype(dtype)
            case "column":
                return found[:, self.start : self.stop, None].astype(dtype)
        return found[:, self.start : self.stop].astype(dtype)
