"""The underlying at a contract's dates as a graph of the leaves, for each way to move it.

Arrays are time-major, (n_dates, n_paths): a leaf of shape (n_paths,) broadcasts over time as it is.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from greeks_cli.engine.autodiff.exp_linear import Dates
from greeks_cli.engine.autodiff.ops import Leaves, Operand, as_constant, exp, log
from greeks_cli.engine.autodiff.path_nodes import evaluate
from greeks_cli.engine.autodiff.rows import chosen_rows
from greeks_cli.engine.simulation.accruals import Accruals
from greeks_cli.engine.simulation.bridges import Bridges, Levels, bridges_of
from greeks_cli.engine.simulation.cash_dividends import Jumps, Underlying, underlying_of_request
from greeks_cli.engine.simulation.gbm import MOVING
from greeks_cli.engine.simulation.models.conditional import Increments, Latents, increments, integrates
from greeks_cli.engine.simulation.path_data import PathData
from greeks_cli.engine.simulation.scenario import Scenario
from greeks_cli.engine.simulation.schedule import KnownSchedule, Schedule
from greeks_cli.terms.greek import TIME
from greeks_cli.terms.markets.models import Model
from greeks_cli.terms.request import Request


class Path(ABC):
    """The underlying at the dates of a contract, of which the last is the expiry."""

    def __init__(self, leaves: Leaves, schedule: Schedule, underlying: Underlying):
        """``leaves`` are those by which dividends in cash are paid."""
        self.n_dates = underlying.n_dates
        self._schedule, self._underlying, self._paid = schedule, underlying, leaves

    @property
    def expiry(self) -> Operand:
        """Years to expiry, a number."""
        return self.time(-1)

    def time(self, date: int) -> Operand:
        """Years to a date, a number."""
        return self._schedule.time(self._underlying.place(date))

    def accruals(self, leaves: Leaves, date: Dates = -1, since: int | None = None) -> Accruals:
        """Integrals of the market's parameters to a date, or to several, from the present or from another date."""
        place = self._underlying.place
        if since is not None:
            assert isinstance(date, int)
            return _between(leaves, self._schedule, place(since), place(date))
        if isinstance(date, int):
            return _accruals(leaves, self._schedule, place(date))
        return self._accruals_to(leaves, range(date.start, date.stop))

    def _accruals_to(self, leaves: Leaves, dates: Sequence[int]) -> Accruals:
        """Integrals from the present to some dates, each of shape (n_dates, 1) or (n_dates, n_paths)."""
        whole, rows = self._rows_of(dates)
        return Accruals(
            leaves,
            chosen_rows(self._schedule.time(whole), rows),
            self._schedule.nodes,
            lambda node: chosen_rows(self._schedule.weight(node, whole), rows),
        )

    def times(self, dates: Sequence[int]) -> Operand:
        """Years to some dates, shape (n_dates, 1)."""
        whole, rows = self._rows_of(dates)
        return chosen_rows(self._schedule.time(whole), rows)

    def _rows_of(self, dates: Sequence[int]) -> tuple[slice, list[int]]:
        """The rows of the schedule from the first of some dates to the last, and the places of the dates there."""
        places = [self._underlying.place(date) for date in dates]
        return slice(places[0], places[-1] + 1), [place - places[0] for place in places]

    def growth(self, leaves: Leaves, dates: Sequence[int]) -> Operand:
        """The worth at expiry of 1 that is paid at each of some dates, shape (n_dates, 1) or (n_dates, n_paths)."""
        return exp(self.accruals(leaves).rate - self._accruals_to(leaves, dates).rate)

    def discount(self, leaves: Leaves, date: int = -1) -> Operand:
        """The discount factor of a date, in the type of the paths."""
        return as_constant(self.accruals(leaves, date).discount)

    @property
    def is_proportional(self) -> bool:
        """True if the underlying at all dates is proportional to the first, whose logarithm is normal."""
        return self._underlying.is_proportional

    @property
    def lognormal_end(self) -> Operand:
        """The lognormal at expiry, shape (n_paths,)."""
        return self._lognormal(self._underlying.place(-1))

    @property
    def lognormals(self) -> Operand:
        """The lognormal at all dates, shape (n_dates, n_paths)."""
        whole, rows = self._rows_of(range(self.n_dates))
        return chosen_rows(self._lognormal(whole), rows)

    @property
    def jumps_by_cash(self) -> bool:
        """True if the price falls by dividends in cash."""
        return isinstance(self._underlying, Jumps)

    def start(self, leaves: Leaves) -> Operand:
        """The start of the lognormal."""
        return self._underlying.start(leaves, lambda dates: _accruals(leaves, self._schedule, dates))

    def __getitem__(self, index: int) -> Operand:
        """The underlying at one date, shape (n_paths,)."""
        return self._evaluate(index % self.n_dates)

    @property
    def spots(self) -> Operand:
        """The underlying at all dates, shape (n_dates, n_paths)."""
        return self._evaluate(slice(0, self.n_dates))

    def first(self, n_dates: int) -> Operand:
        """The underlying at the first dates, shape (n_dates, n_paths)."""
        return self._evaluate(slice(0, n_dates))

    def between(self, start: int, stop: int) -> Operand:
        """The underlying at the dates from one on and before another, shape (stop - start, n_paths)."""
        return self._evaluate(slice(start, stop))

    def multiples(self, dates: Dates, summed: bool = False) -> Operand:
        """The underlying at dates, as it moves but for a factor per path that is the same at all dates."""
        return self._evaluate(dates, summed)

    def total(self, n_dates: int) -> Operand:
        """The sum of the underlying over the first dates, shape (n_paths,)."""
        return self._evaluate(slice(0, n_dates), summed=True)

    @property
    def model(self) -> Model:
        """The model of the underlying."""
        return Model.GBM

    @property
    def latents(self) -> Latents:
        """The variance and the jumps, given which increments are normal."""
        raise TypeError(f"increments are not conditional under {self.model}")

    def increments(self, leaves: Leaves) -> Increments:
        """The increments of the logarithm given variance and jumps, where no date is that of a dividend alone."""
        return increments(self.model, leaves, self._schedule, self.n_dates, self.latents)

    @property
    def weight(self) -> Operand:
        """The density of what is held fixed over its present value: 1, with the relative derivatives of the density."""
        return 1.0

    @property
    def is_integrable(self) -> bool:
        """True if the mean of a payoff given variance and jumps is to be taken, where it is known."""
        return False

    def bridges(self, leaves: Leaves) -> Bridges | None:
        """The bridges between the dates of a path that is watched at all times under a model; None for other paths."""
        return None

    def first_increment(self, leaves: Leaves) -> tuple[Operand, Operand]:
        """The forward to the first date over the spot, and the deviation of the logarithm, given what follows."""
        first = self.accruals(leaves, 0)
        return exp(first.carry), first.deviation

    def _evaluate(self, dates: Dates, summed: bool = False) -> Operand:
        return self._underlying.spots(self._lognormal, self._paid, self._accruals_paid, dates, summed)

    def _accruals_paid(self, dates: Dates) -> Accruals:
        return _accruals(self._paid, self._schedule, dates)

    @abstractmethod
    def _lognormal(self, dates: Dates, summed: bool = False) -> Operand:
        """The lognormal at dates of the simulation."""


def _accruals(leaves: Leaves, schedule: Schedule, dates: Dates) -> Accruals:
    return Accruals(leaves, schedule.time(dates), schedule.nodes, lambda node: schedule.weight(node, dates))


def _between(leaves: Leaves, schedule: Schedule, since: int, date: int) -> Accruals:
    return Accruals(
        {**leaves, TIME: 0.0},
        schedule.time(date) - schedule.time(since),
        schedule.nodes,
        lambda node: schedule.weight(node, date) - schedule.weight(node, since),
    )


class PlainPath(Path):
    """A path of plain arrays in one market, without derivatives."""

    def __init__(self, data: PathData, request: Request, values: Leaves):
        super().__init__(values, KnownSchedule(request), underlying_of_request(request))
        self._data, self._start = data, data.motion.dtype(data.markets.values["spot"][0])
        self._model, self._integrates = request.sole_market.model, integrates(request)

    @property
    def model(self) -> Model:
        return self._model

    @property
    def latents(self) -> Latents:
        return self._data.latents

    @property
    def is_proportional(self) -> bool:
        return super().is_proportional and self._model.is_conditional

    @property
    def is_integrable(self) -> bool:
        return self._integrates

    def first_increment(self, leaves: Leaves) -> tuple[Operand, Operand]:
        if self._model is Model.GBM:
            return super().first_increment(leaves)
        return increments(self._model, leaves, self._schedule, len(self._data.motion.dates), self._data).first

    def bridges(self, leaves: Leaves) -> Bridges | None:
        data, own = self._data, self._data.motion.grid.bridges
        if not own:
            return None
        first = log(self._start)
        return bridges_of(self._model, leaves, self._schedule, Levels(first, data.logarithms + first), data, own)

    def _lognormal(self, dates: Dates, summed: bool = False) -> Operand:
        growth = self._data.growth(dates) if isinstance(dates, int) else self._data.growths[dates]
        spots = self._start * growth
        return spots.sum(axis=0) if summed else spots


class MovingPath(Path):
    """A path that moves with its leaves."""

    def __init__(self, leaves: Leaves, scenario: Scenario, schedule: Schedule, paid: Leaves | None = None):
        """``paid`` are the leaves by which dividends in cash are paid, where others move the path."""
        super().__init__(paid or leaves, schedule, scenario.dividends)
        self._scenario = scenario
        self._leaves = {name: leaves[name] for name in scenario.parameters}
        self._leaves["spot"] = self.start(leaves)

    def multiples(self, dates: Dates, summed: bool = False) -> Operand:
        if not self.is_proportional:
            return super().multiples(dates, summed)
        own = {name: leaf for name, leaf in self._leaves.items() if name not in ("spot", TIME)}
        return evaluate(self._scenario.underlying, own, dates, summed)

    def _lognormal(self, dates: Dates, summed: bool = False) -> Operand:
        return evaluate(self._scenario.underlying, self._leaves, dates, summed)


class FrozenPath(MovingPath):
    """A path held fixed as data, with its density as a graph of the leaves.

    The path lies where the values of the parameters put it; only its probability moves with them.
    """

    @property
    def weight(self) -> Operand:
        return evaluate(self._scenario.density, self._leaves, self._scenario.density_date)

    def _lognormal(self, dates: Dates, summed: bool = False) -> Operand:
        return evaluate(self._scenario.underlying, {}, dates, summed)


class ShiftedPath(FrozenPath):
    """A frozen path that moves with the leaf ``moving`` of the parameter ``first``.

    The normals are recovered from the fixed path by the other leaves, so that these do not move the path.
    """

    def __init__(self, leaves: Leaves, scenario: Scenario, schedule: Schedule, first: str, moving: Operand):
        super().__init__(leaves, scenario, schedule, {**leaves, first: moving})
        # A parameter of the contract moves the payoff and not the path.
        moves = first in scenario.parameters
        self._shifted = scenario.shifted_by(first) if moves else scenario.underlying
        at_path = self.start({**leaves, first: moving}) if first == "spot" else moving
        self._shift_leaves = {**self._leaves, MOVING: at_path} if moves else {}

    def _lognormal(self, dates: Dates, summed: bool = False) -> Operand:
        return evaluate(self._shifted, self._shift_leaves, dates, summed)
