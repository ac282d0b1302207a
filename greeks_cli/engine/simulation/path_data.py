"""Data of simulated paths: normals, Brownian motion, and the underlying in some markets."""

from collections.abc import Collection, Hashable
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from greeks_cli.engine.autodiff.exp_linear import Dates
from greeks_cli.engine.autodiff.mixed_partials import MultiIndex
from greeks_cli.engine.autodiff.normal import log_upper_tail
from greeks_cli.engine.compiler import elementary
from greeks_cli.engine.compiler.ir import Array
from greeks_cli.engine.simulation.gbm import knots
from greeks_cli.engine.simulation.grid import Grid
from greeks_cli.engine.simulation.importance import stretched
from greeks_cli.engine.simulation.laws import Law
from greeks_cli.engine.simulation.markets import Markets, MarketSchedule
from greeks_cli.engine.simulation.models import local_levels
from greeks_cli.engine.simulation.models.conditional import Latents, increments, levels
from greeks_cli.engine.simulation.models.jumps import counts
from greeks_cli.terms.greek import TIME
from greeks_cli.terms.markets.models import Model

if TYPE_CHECKING:
    from greeks_cli.engine.simulation.sources import Latent


class Motion:
    """Standard normals at some dates and their Brownian motion, in any market.

    ``normals`` has one row per date, and under a model those of ``grid``.
    """

    def __init__(self, dates: tuple[float, ...], normals: Array, grid: Grid | None = None):
        self.dates = dates
        self.normals = normals
        self.grid = grid or Grid(len(dates))
        self.wanted: set[Latent] = set()
        """The sums over time steps that programs on these paths read."""
        self.kept: dict[Hashable, dict[Any, Array]] = {}
        """Sums over time steps of the paths, in each market and by kind of steps."""

    def with_normals(self, normals: Array) -> "Motion":
        """Other paths at the same dates."""
        return Motion(self.dates, normals, self.grid)

    def moved(self, normals: Array) -> "Motion":
        """Paths of other normals of the price; sums over time steps of the variance, which these do not move, stay."""
        found = self.with_normals(normals)
        if self.grid.is_conditional:
            found.kept = self.kept
        return found

    @cached_property
    def stretched(self) -> "tuple[Motion, Array]":
        """Paths of which every other one ends twice as far out, and their weights for means over plain paths."""
        normals, weights, _ = stretched(self.normals, self.dates, self.grid.n_underlyings)
        return self.with_normals(normals), weights

    @property
    def halved(self) -> "Motion":
        """Paths of the same Brownian motion on half as many time steps."""
        found = Motion(self.dates, self.grid.halved_normals(self.normals), self.grid.halved)
        found.wanted = self.wanted
        return found

    def coarser(self, doublings: int) -> "Motion":
        """Paths of the same Brownian motion on time steps that are doubled some times."""
        return self.halved.coarser(doublings - 1) if doublings else self

    @property
    def n_paths(self) -> int:
        """The number of paths."""
        return self.normals.shape[1]

    @property
    def dtype(self) -> type[np.floating]:
        """The floating-point type of the paths."""
        return self.normals.dtype.type

    @property
    def deviations(self) -> Array:
        """The standard deviation of each increment, shape (n_dates,)."""
        return _deviations(self.dates).astype(self.dtype, copy=False)

    @cached_property
    def brownian(self) -> Array:
        """Brownian motion, shape (n_dates, n_paths)."""
        return self.summed(self.normals[: len(self.dates)] * self.on_device(self.deviations[:, None]))

    def summed(self, rows: Array) -> Array:
        """The sums of rows up to each, in the memory of the rows."""
        for before, here in pairwise(rows):
            here += before  # np.cumsum takes three times as long
        return rows

    def bridge(self, here: int, after: int) -> Array:
        """Brownian motion at one date given a later one, standardised, shape (n_paths,)."""
        t, u = self.dates[here], self.dates[after]
        between = self.brownian[here] - (t / u) * self.brownian[after]
        return between * float(1 / np.sqrt(t * (u - t) / u))

    def on_device(self, coefficients: Array) -> Array:
        """A few numbers in the memory of the normals; a single number needs no transfer."""
        return np.asarray(coefficients, like=self.normals) if coefficients.ndim else coefficients


@lru_cache(maxsize=64)
def _deviations(dates: tuple[float, ...]) -> Array:
    return np.sqrt(np.diff(dates, prepend=0.0))


class PathData:
    """Paths of one motion in some markets; the arrays of one market have no axis of markets."""

    def __init__(self, motion: Motion, markets: Markets):
        self.motion, self.markets = motion, markets
        self._growths: dict[int, Array] = {}

    @property
    def latents(self) -> Latents:
        """The variance and the jumps of the paths."""
        return self

    @property
    def is_lognormal(self) -> bool:
        """True if the underlying follows from its Brownian motion alone."""
        return self.markets.model is Model.GBM

    def per_market(self, numbers: Any) -> Any:
        """One number per market, to be multiplied by rows of paths."""
        numbers = np.asarray(numbers)
        if len(numbers) == 1:
            return numbers[0]
        return self.motion.on_device(numbers[:, None].astype(self.motion.dtype))

    def growth(self, date: int) -> Array:
        """The underlying at a date over the spot, shape (n_paths,), or (n_markets, n_paths)."""
        if date not in self._growths:
            self._growths[date] = self._exponential(date)
        return self._growths[date]

    @cached_property
    def growths(self) -> Array:
        """The underlying of one market over its spot, shape (n_dates, n_paths)."""
        return self._exponential(slice(None))

    def _exponential(self, dates: Dates) -> Array:
        motion, n_dates = self.motion, self.markets.n_dates
        if not self.is_lognormal:
            return elementary.exp(self.logarithms[dates])
        law = self.markets.law("path")
        rows = self.markets.coefficients(law, ()).astype(motion.dtype, copy=False)
        if isinstance(dates, slice):
            drift, along, *bridged = [motion.on_device(row[0, dates, None]) for row in rows]
        else:
            drift, along, *bridged = [self.per_market(row[:, dates]) for row in rows]
        if law.on_clock:
            walked = self.walk[dates] if isinstance(dates, slice) else self.weighted(law, (), 1, 0, dates + 1)
            growth = walked + drift
        elif n_dates == 1:
            growth = motion.normals[dates] * motion.on_device(along * motion.deviations[0])
            growth += drift
        else:
            growth = motion.brownian[dates] * along
            growth += drift
        if rows[2:].any():  # bridges enter only where time has moved
            for row, data in zip(bridged, self._at_knots(), strict=True):
                growth += row * data
        elementary.exp(growth, out=growth)
        return growth

    @cached_property
    def logarithms(self) -> Array:
        """The logarithm of the underlying of one market over its spot under a model, shape (n_dates, n_paths)."""
        values = {name: float(value[0]) for name, value in self.markets.values.items()}
        n_dates = self.markets.n_dates
        if not self.markets.model.is_conditional:
            schedule = self._schedule
            return local_levels.levels(values, schedule, n_dates, self).astype(self.motion.dtype, copy=False)
        found = increments(self.markets.model, values, self._schedule, n_dates, self)
        return levels(found, self.motion.normals[:n_dates]).astype(self.motion.dtype, copy=False)

    @cached_property
    def _schedule(self) -> MarketSchedule:
        return MarketSchedule(self.markets, self.motion.on_device)

    @cached_property
    def fixed_logarithms(self) -> Array:
        """The logarithm of the underlying over its spot on paths that are held fixed, shape (n_dates, n_paths)."""
        markets = self.markets
        if markets.model.is_conditional:
            return self.logarithms
        values = {name: float(value[0]) for name, value in markets.values.items()}
        found = local_levels.fixed_levels(values, self._schedule, markets.n_dates, self)
        return found.astype(self.motion.dtype, copy=False)

    @property
    def parameters(self) -> Collection[str]:
        """The parameters that the paths depend on."""
        return self.markets.values.keys()

    def latent(self, kind: str, name: str, index: MultiIndex) -> Array:
        """A partial derivative of a sum over the time steps between dates, shape (n_dates, n_paths)."""
        motion, markets = self.motion, self.markets
        kept = motion.kept.setdefault((kind, markets.key), {})
        if (name, index) not in kept:
            from greeks_cli.engine.simulation.models.recursions import recursion  # gbm has no steps

            values = {name: float(value[0]) for name, value in markets.values.items()}
            dates = tuple(markets.dates[0].tolist())
            alike = [other for other in motion.wanted if other.kind == kind]
            indices, names = frozenset({index, *(other.index for other in alike)}), {name, *(o.name for o in alike)}
            kept |= recursion(markets.stepped(kind, names), indices).run(motion.grid, dates, values, motion.normals)
        return kept[name, index]

    @property
    def of_variance(self) -> Collection[str]:
        """The parameters that a random variance depends on."""
        from greeks_cli.engine.simulation.models.heston import PARAMETERS

        return PARAMETERS

    @cached_property
    def jump_counts(self) -> Array:
        """The number of jumps of one market between dates, shape (n_dates, n_paths)."""
        values = {name: float(self.markets.values[name][0]) for name in ("jump_intensity", TIME)}
        years = np.diff(self.markets.dates[0], prepend=values[TIME])
        return counts(values["jump_intensity"] * years, self.motion.normals[self.motion.grid.jumps])

    @property
    def joined(self) -> Array:
        """1 at every date that lies within a bridge, shape (n_dates, n_paths)."""
        motion = self.motion
        column = motion.on_device(motion.grid.joined.astype(motion.dtype))
        return np.broadcast_to(column, (motion.grid.n_dates, motion.n_paths))

    @property
    def of_jumps(self) -> Array:
        """The standard normals of the sizes of jumps, shape (n_dates, n_paths)."""
        return self.motion.normals[self.motion.grid.jump_sizes]

    @cached_property
    def exponentials(self) -> Array:
        """Standard exponentials by which the extreme of each interval is drawn, shape (n_dates, n_paths)."""
        found: Array = -log_upper_tail(self.motion.normals[self.motion.grid.extremes])
        return found

    @cached_property
    def walk(self) -> Array:
        """The logarithm of the underlying of one market less its mean, on the clock of variance."""
        return self.running(self.markets.law("path"), (), 1)

    def bridge(self, here: int, after: int) -> Array:
        """The walk at one date given a later one, standardised, shape (n_paths,)."""
        t, u = self.markets.clock[0, [here, after]]
        return (self.walk[here] - float(t / u) * self.walk[after]) * float(1 / np.sqrt(t * (u - t) / u))

    def weighted(self, law: Law, index: MultiIndex, row: int, start: int, stop: int, power: int = 1) -> Array:
        """The weighted sum of powers of some increments' normals, shape (n_paths,) or (n_markets, n_paths)."""
        weights = self.markets.coefficients(law, index)[row]
        found: Any = 0.0
        for date in range(start, stop):
            normals = self.motion.normals[date]
            found = found + self.per_market(weights[:, date].astype(self.motion.dtype)) * normals**power
        return found

    def running(self, law: Law, index: MultiIndex, row: int) -> Array:
        """The weighted sums of the increments' normals of one market up to each date, shape (n_dates, n_paths)."""
        weights = self.markets.coefficients(law, index)[row, 0].astype(self.motion.dtype)
        return self.motion.summed(self.motion.normals[: self.markets.n_dates] * self.motion.on_device(weights[:, None]))

    def _at_knots(self) -> list[Array]:
        chain = knots(self.markets.n_dates)
        if self.markets.law("path").on_clock:
            return [self.walk[-1], *(self.bridge(here, after) for after, here in pairwise(chain))]
        return [self.motion.brownian[-1], *(self.motion.bridge(here, after) for after, here in pairwise(chain))]

    @property
    def scales(self) -> Array:
        """The standard deviations of the increments of the logarithm, shape (n_markets, n_dates)."""
        vol: Array = self.markets.values["vol"].astype(self.motion.dtype)
        return vol[:, None] * self.motion.deviations
