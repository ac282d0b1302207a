"""Open numbers of trades: the inputs of a trace that are no arrays of paths."""

from abc import abstractmethod
from collections.abc import Callable, Hashable, Iterator, Sequence
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.autodiff.mixed_partials import MultiIndex
from greeks_cli.engine.autodiff.softplus import MAX_ORDER
from greeks_cli.engine.compiler.batching import per_trade
from greeks_cli.engine.compiler.ir import Program, Source
from greeks_cli.engine.compiler.key import Key
from greeks_cli.engine.estimators.methods import Method
from greeks_cli.engine.exercise.policy import policy_of
from greeks_cli.engine.exercise.variants import USUAL, Variant
from greeks_cli.engine.simulation.any_market import AnyMarkets, AnyPathData, markets_of
from greeks_cli.engine.simulation.cash_dividends import start_of
from greeks_cli.engine.simulation.sources import Coefficient, PathSource
from greeks_cli.terms.contracts.contract import Contract
from greeks_cli.terms.request import Request
from greeks_cli.terms.simulation import Dtype, Simulation

Widths = NDArray[np.float64]
"""Widths of kernels by request, kink and order."""


_NUMBERS_OF_BATCH = 1 << 16


class _OfTrades(Key):
    """A number of each trade, or an array that is none of paths."""

    @abstractmethod
    def of(self, numbers: "Numbers") -> NDArray[np.float64]:
        """The number of each trade, shape (n_trades, ...)."""


class Number(_OfTrades):
    """A number of each trade that is folded when a program is simplified."""


class LateNumber(_OfTrades):
    """A number of each trade that is open in the simplified program too."""


class Value(Number):
    """A number of the market or the contract."""

    name: str
    rounded: bool = False
    """True if the number is rounded to the type of the paths, as a leaf is."""

    def of(self, numbers: "Numbers") -> NDArray[np.float64]:
        values = np.array([r.payoff_values[self.name] for r in numbers.requests], dtype=float)
        return values.astype(numbers.dtype) if self.rounded else values


class Start(Number):
    """The start of an underlying's lognormal: the spot, less the value of escrowed dividends."""

    part: int
    rounded: bool = False

    def of(self, numbers: "Numbers") -> NDArray[np.float64]:
        starts = np.array([start_of(r, r.values) for r in numbers.parts(self.part)], dtype=float)
        return starts.astype(numbers.dtype) if self.rounded else starts


class Parameter(LateNumber):
    """A number of the contract."""

    name: str

    def of(self, numbers: "Numbers") -> NDArray[np.float64]:
        return np.array([r.contract.values[self.name] for r in numbers.requests], dtype=float).astype(numbers.dtype)


class Width(Key):
    """The width of a kernel for a kink and an order, open in the simplified program too."""

    kink: int
    order: int


class Time(Number):
    """The time of a date by its index."""

    date: int
    part: int = 0
    """The number of the underlying, which may have ex-dates of its own."""

    def of(self, numbers: "Numbers") -> NDArray[np.float64]:
        return np.array([r.schedule_dates[self.date] for r in numbers.parts(self.part)])


class TimeColumn(Number):
    """The times of the first dates, shape (n_dates, 1)."""

    n_dates: int
    part: int = 0

    def of(self, numbers: "Numbers") -> NDArray[np.float64]:
        times = [r.schedule_dates[: self.n_dates] for r in numbers.parts(self.part)]
        return np.array(times, numbers.dtype)[:, :, None]


class NodeWeight(Number):
    """The weight of a curve's node in the integral to a date."""

    node: str
    date: int
    part: int = 0

    def of(self, numbers: "Numbers") -> NDArray[np.float64]:
        return numbers.weights(self.node, self.part)[:, self.date]


class NodeWeightColumn(Number):
    """The weights of a curve's node to the first dates, shape (n_dates, 1)."""

    node: str
    n_dates: int
    part: int = 0

    def of(self, numbers: "Numbers") -> NDArray[np.float64]:
        return numbers.weights(self.node, self.part)[:, : self.n_dates, None].astype(numbers.dtype)


class OfPolicy(LateNumber):
    """Numbers of an exercise policy by date, or one for all dates."""

    name: str
    variant: Variant = USUAL

    def of(self, numbers: "Numbers") -> NDArray[np.float64]:
        return np.array([policy_of(r, self.variant)[self.name] for r in numbers.requests], numbers.dtype)


class Numbers:
    """The open numbers of trades of one structure."""

    def __init__(self, requests: Sequence[Request], markets: AnyMarkets | None = None):
        """``markets`` are the market of each request, where they are made already."""
        self.requests = [request.by_place for request in requests]
        if markets is not None:
            self.markets = markets
        self.dtype = type_of(requests[0])
        self._values: dict[Source, Any] = {}
        self.programs: dict[Hashable, Program[MultiIndex]] = {}
        """Programs with these numbers folded, where the numbers differ between the trades."""

    @cached_property
    def markets(self) -> AnyMarkets:
        """The market of each trade, or the one market of all."""
        return markets_of(self.requests[:1] if self._is_one_market else self.requests)

    @property
    def _is_one_market(self) -> bool:
        one = self.requests[0]
        return all(r.market == one.market and r.path_dates == one.path_dates for r in self.requests)

    def some(self, rows: Sequence[int]) -> "Numbers":
        """The numbers of some of the trades."""
        if len(rows) == len(self.requests):
            return self
        found = Numbers([self.requests[row] for row in rows])
        places = [0] if self.markets.count == 1 else [*rows]
        found.markets = self.markets.some(places[:1] if found._is_one_market else places)
        return found

    def parts(self, part: int) -> list[Request]:
        """The request of an underlying, of each trade."""
        return [request.parts[part] for request in self.requests]

    def weights(self, node: str, part: int) -> NDArray[np.float64]:
        """The weights of a node at the dates of each trade, shape (n_trades, n_dates)."""
        return np.array([r.sole_market.weights(r.schedule_dates)[node] for r in self.parts(part)])

    @cached_property
    def folded_key(self) -> Hashable:
        """Key of the folded numbers; None where they differ between the trades."""
        keys = {(r.market, r.schedule_dates, _folded(r.contract)) for r in self.requests}
        return next(iter(keys)) if len(keys) == 1 else None

    def folded(self, source: Source) -> Any:
        """Binds the numbers that are folded when a program is simplified."""
        return self._once(source) if isinstance(source, (Number, Coefficient)) else source

    def late(self, widths: Widths, variant: Variant = USUAL) -> Callable[[Source], Any]:
        """Binds the parameters and widths that a simplified program leaves open, and a variant of exercise policies."""

        def bind(source: Source) -> Any:
            if isinstance(source, Width):
                return per_trade(widths[:, source.kink, source.order].astype(self.dtype))
            if isinstance(source, OfPolicy):
                return self._once(source.replaced(variant=variant))
            return self._once(source) if isinstance(source, LateNumber) else source

        return bind

    def _once(self, source: Any) -> Any:
        if source not in self._values:
            is_of_law = isinstance(source, Coefficient)
            made = source.of(self.markets.parts[source.part], self.dtype) if is_of_law else source.of(self)
            self._values[source] = per_trade(made)
        return self._values[source]


class InMarket(Protocol):
    """A pilot or a plan: a request, and its open numbers."""

    @property
    def request(self) -> Request: ...

    @property
    def numbers(self) -> Numbers: ...


def numbers_of(items: Sequence[InMarket]) -> Numbers:
    """The numbers of some pilots or plans. Laws of several are computed for all at once, those of one are kept."""
    return items[0].numbers if len(items) == 1 else Numbers([one.request for one in items])


def _folded(contract: Contract) -> Hashable:
    folded = contract.open_values if contract.folds_parameters else {}
    return tuple(folded.items()), tuple(contract.observed.items())


def fetched(data: AnyPathData, numbers: Numbers, widths: Widths) -> Callable[[Source], Any]:
    """Fetches the sources of a program as it was traced, for the paths of one trade."""
    late = numbers.late(widths)

    def fetch(source: Source) -> Any:
        if isinstance(source, PathSource):
            return source.of(data)
        number = late(numbers.folded(source))
        return numbers.dtype(number) if isinstance(number, float) else number.astype(numbers.dtype)

    return fetch


def but_for_seed(simulation: Simulation) -> Simulation:
    """The settings on which the choice of estimators depends, for comparison."""
    return simulation.model_copy(update={"seed": 0})


def simplified_as_one(trades: Sequence[int], requests: Sequence[Request]) -> Iterator[Sequence[int]]:
    """Trades of one structure, divided by the nodes whose derivatives are 0: their programs differ.

    A coefficient may have a number for each trade and date, so that parts have a largest size.
    """
    parts: dict[Hashable, list[int]] = {}
    for trade in trades:
        request = requests[trade]
        wanted = {name for greek in request.greeks for name in greek.parameters}
        parts.setdefault(request.idle_parameters & wanted, []).append(trade)
    most = max(1, _NUMBERS_OF_BATCH // len(requests[trades[0]].path_dates))
    return (part[start : start + most] for part in parts.values() for start in range(0, len(part), most))


def widths_of(methods: Sequence[Method]) -> Widths:
    """The widths of methods that differ in these alone."""
    rows = [[kernel.widths for kernel in method.all_kernels] for method in methods]
    return np.array(rows, dtype=float).reshape(len(methods), -1, MAX_ORDER)


def type_of(request: Request) -> type[np.floating]:
    """The floating-point type of the paths."""
    return np.float64 if request.simulation.dtype is Dtype.FLOAT64 else np.float32


def is_rounded_by_batch(request: Request) -> bool:
    """True if single precision rounds the numbers of a request otherwise in a batch than alone."""
    contract = request.contract
    chooses = contract.rounds_by_batch or contract.series(request.levels) is not None
    return type_of(request) is np.float32 and chooses
