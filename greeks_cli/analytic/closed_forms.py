"""Greeks of the closed forms, by the same automatic differentiation as the simulated Greeks."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import combinations
from math import isfinite
from typing import NamedTuple

import numpy as np

from greeks_cli.analytic import barrier_options, double_barrier, path_options, vanilla_options
from greeks_cli.analytic.closed_form import SCHEDULE, closed_form
from greeks_cli.analytic.path_options import has_small_carry
from greeks_cli.engine.autodiff.chainer_runtime import chainer
from greeks_cli.engine.autodiff.exp_linear import Dates
from greeks_cli.engine.autodiff.mixed_partials import MultiIndex, by_grad
from greeks_cli.engine.autodiff.ops import Leaves, Operand, make_leaves
from greeks_cli.engine.compiler.ir import Program, Source
from greeks_cli.engine.compiler.tracer import Tracer
from greeks_cli.engine.payoffs.controls import Underlying
from greeks_cli.engine.simulation.accruals import Accruals
from greeks_cli.engine.simulation.cash_dividends import underlying_of
from greeks_cli.terms.carry import FUTURE
from greeks_cli.terms.contract import Contract
from greeks_cli.terms.dividends import CashDividends
from greeks_cli.terms.fields import numeric_fields
from greeks_cli.terms.greek import MAX_ORDER, TIME, Greek
from greeks_cli.terms.market import Market
from greeks_cli.terms.request import Request
from greeks_cli.terms.vanillas import European, ForwardStart

Exact = tuple[float | None, ...]
"""One value per Greek; None where there is no closed form, or it is not finite."""


_TRACED_POINTS = 3
_KEPT = 128
"""Traces of closed forms that are kept."""


def exact_greeks(request: Request) -> Exact:
    """Closed forms of the request's Greeks."""
    return exact_derivatives(request, request.contract, [greek.parameters for greek in request.greeks])


def exact_derivatives(request: Request, contract: Contract, wanted: Sequence[MultiIndex]) -> Exact:
    """Derivatives of a contract's closed form in the request's market."""
    return _at([_point(contract, request.market, request.values)], wanted)[0]


def exact_greeks_of_all(requests: Sequence[Request]) -> list[Exact]:
    """Closed forms of several requests; requests that differ only in numbers are evaluated as a batch."""
    points = [_point(request.contract, request.market, request.values) for request in requests]
    batches: dict[Hashable, list[int]] = {}
    for number, (request, point) in enumerate(zip(requests, points, strict=True)):
        batches.setdefault((point.structure, request.greeks), []).append(number)
    found: dict[int, Exact] = {}
    for numbers in batches.values():
        wanted = [greek.parameters for greek in requests[numbers[0]].greeks]
        found |= zip(numbers, _at([points[number] for number in numbers], wanted), strict=True)
    return [found[number] for number in range(len(requests))]


def exact_at_spots(request: Request, greeks: Sequence[Greek], spots: Sequence[float]) -> list[tuple[float, ...] | None]:
    """Closed forms of the Greeks at all spots, evaluated in batches, which is much faster than spot by spot.

    None for a Greek that lacks a closed form at one of the spots.
    """
    sides: dict[Hashable, list[float]] = {}
    points = {spot: _point(request.contract, request.market, {**request.values, "spot": spot}) for spot in spots}
    for spot, point in points.items():
        sides.setdefault(point.structure, []).append(spot)
    found: dict[float, Exact] = {}
    for group in sides.values():
        side = _at([points[spot] for spot in group], [greek.parameters for greek in greeks])
        found |= zip(group, side, strict=True)
    return [_whole([found[spot][i] for spot in spots]) for i in range(len(greeks))]


def _whole(line: Sequence[float | None]) -> tuple[float, ...] | None:
    found = tuple(number for number in line if number is not None)
    return found if len(found) == len(line) else None


@dataclass(frozen=True)
class _Point:
    """A contract, a market, and values of the parameters."""

    contract: Contract
    market: Market
    values: Mapping[str, float]

    @cached_property
    def structure(self) -> Hashable:
        """Equal for points at which the closed form is one function of its leaves.

        Closed forms choose among formulas by the order of the spot and the contract's levels, and by the carry.
        """
        contract, values = self.contract, self.values
        numbers = [getattr(contract, name) for name in numeric_fields(type(contract)) if name not in SCHEDULE]
        levels = [values["spot"], *(number for number in numbers if isinstance(number, int | float))]
        order = tuple((one > other, one == other) for one, other in combinations(levels, 2))
        flat = {**values, **self.market.flat(contract.expiry)._asdict(), "spot": values["spot"]}
        return (
            type(contract),
            contract.but_for({*contract.values, *SCHEDULE}),
            len(contract.dates) if self.dates_are_inputs else contract.dates,
            order,
            has_small_carry(contract, flat),
            contract.case(values["spot"]),
            contract.series(flat),
            self._of_curves,
        )

    @property
    def _of_curves(self) -> Hashable:
        """The nodes and dividends, and the times of which the weights of nodes are constants of the closed form."""
        market = self.market
        ex_dates = market.ex_dates(self.contract.dates) if self.cash else ()
        if not market.nodes or (self.dates_are_inputs and not ex_dates):
            return market.nodes, self.cash, ex_dates
        of_curves = tuple(curve.times for curve in market.curves.values())
        return market.nodes, self.cash, ex_dates, of_curves, market.dividends and market.dividends.times

    @property
    def is_known(self) -> bool:
        """False where curves or dividends in cash leave no closed form.

        Dividends that are all paid by the contract's first date move its start alone.
        """
        contract, market, cash = self.contract, self.market, self.cash
        if getattr(contract, "is_continuous", False):
            return cash is None and not set(dict(market.nodes)) - {FUTURE}
        if cash is None or isinstance(contract, Underlying):
            return True
        return not cash.jumps and not cash.moves_dates and not contract.fixes_today

    @cached_property
    def cash(self) -> CashDividends | None:
        """The dividends in cash until the contract's last date."""
        return self.market.cash_dividends(self.contract.dates)

    @property
    def dates_are_inputs(self) -> bool:
        """True if the dates of the contract are inputs of its closed form, and no part of the structure."""
        return "fixing_times" not in self.contract.schedule

    def input(self, source: Source) -> float:
        """The number of an input of the closed form: a parameter, a time of the schedule, a date or a node's weight."""
        if isinstance(source, _Date):
            return self.contract.dates[source.date]
        if isinstance(source, _Weight):
            return float(self.market.weights(self.contract.dates)[source.node][source.date])
        name = str(source)
        return self.values[name] if name in self.values else float(getattr(self.contract, name))


class _Date(NamedTuple):
    """The time of a date, by its index."""

    date: int


class _Weight(NamedTuple):
    """The weight of a node in the integral to a date, by its index."""

    node: str
    date: int


def _point(contract: Contract, market: Market, values: Mapping[str, float]) -> _Point:
    """The point of a contract, or of a European that pays the same."""
    if isinstance(contract, ForwardStart) and contract.strike is not None:
        european = European(type=contract.type, strike=contract.strike, expiry=contract.expiry)
        return _Point(european, market, {**values, "strike": contract.strike})
    return _Point(contract, market, values)


class _Accruals:
    """Integrals to the dates of a closed form, of leaves and, where dates are inputs, of inputs."""

    def __init__(self, point: _Point, leaves: Leaves, tracer: Tracer):
        self._point, self._leaves, self._tracer = point, leaves, tracer
        self._nodes = point.market.nodes
        self.is_flat = not self._nodes

    def __call__(self, date: int = -1, since: int | None = None) -> Accruals:
        """Integrals to a date, from the present or from another date."""
        if since is None:
            return Accruals(self._leaves, self._time(date), self._nodes, lambda node: self._weight(node, date))
        return Accruals(
            {**self._leaves, TIME: 0.0},
            self._time(date) - self._time(since),
            self._nodes,
            lambda node: self._weight(node, date) - self._weight(node, since),
        )

    def weighted(self, coefficients: Sequence[float]) -> Accruals:
        """The weighted sum of the integrals from the present to the first dates."""

        def weight(node: str) -> Operand:
            return sum(c * self._weight(node, date) for date, c in enumerate(coefficients))

        years = sum(c * self._time(date) for date, c in enumerate(coefficients))
        return Accruals(self._leaves, years, self._nodes, weight, sum(coefficients))

    def _time(self, date: int) -> Operand:
        date %= len(self._point.contract.dates)
        if date == len(self._point.contract.dates) - 1:
            return self._leaves["expiry"]
        return self._leaves["start"] if "start" in self._leaves and date == 0 else self._input(_Date(date))

    def _weight(self, node: str, date: int) -> Operand:
        return self._input(_Weight(node, date % len(self._point.contract.dates)))

    def _input(self, source: _Date | _Weight) -> Operand:
        number = self._point.input(source)
        if not self._point.dates_are_inputs:
            return number
        return chainer.Variable(self._tracer.source(source, np.full(_TRACED_POINTS, number)))

    def lognormal_start(self) -> Operand:
        """The spot, less the value of escrowed dividends until the contract's last date."""
        market, n_dates = self._point.market, len(self._point.contract.dates)
        ex_dates = market.ex_dates(self._point.contract.dates)

        def to_ex_date(date: Dates) -> Accruals:
            assert isinstance(date, int)
            k, weights = date - n_dates, market.weights(ex_dates)
            return Accruals(self._leaves, ex_dates[k], self._nodes, lambda node: float(weights[node][k]))

        return underlying_of(n_dates, self._point.cash).start(self._leaves, to_ex_date)


@dataclass(frozen=True)
class _Subject:
    """A closed form and the derivatives wanted of it, equal where their traces are."""

    structure: Hashable
    wanted: tuple[MultiIndex, ...]
    point: _Point = field(compare=False)


@lru_cache(_KEPT)
def _traced(subject: _Subject) -> Program[MultiIndex] | None:
    """The derivatives of a closed form; None where there is none. The sample values only choose the formula."""
    point, tracer = subject.point, Tracer(_TRACED_POINTS)
    if not point.is_known:
        return None
    names = [*point.values, *(name for name in SCHEDULE if hasattr(point.contract, name))]
    values = {name: tracer.source(name, np.full(_TRACED_POINTS, point.input(name))) for name in names}
    leaves = make_leaves(values, {name for index in subject.wanted for name in index}, _TRACED_POINTS, np.float64)
    accruals = _Accruals(point, leaves, tracer)
    known = {**leaves, "spot": accruals.lognormal_start()}
    if point.market.future is not None:
        known["dividend_yield"] = leaves["rate"]
    value = closed_form(point.contract, known, accruals)
    return None if value is None else tracer.program(by_grad(value, leaves, subject.wanted))


def _at(points: Sequence[_Point], wanted: Sequence[MultiIndex]) -> list[Exact]:
    """Derivatives at a batch of points of one structure."""
    if not wanted:
        return [()] * len(points)
    with np.errstate(all="ignore"):  # values beyond the range of floats become None below
        program = _traced(_Subject(points[0].structure, tuple(dict.fromkeys(wanted)), points[0]))
        if program is None:
            return [(None,) * len(wanted)] * len(points)
        # A sum over the rows of a single column would add in another order.
        together = points if len(points) > 1 else [*points, *points]
        found = dict(program.run(lambda source: np.array([p.input(source) for p in together]), len(together)))
    derivatives = {index: np.broadcast_to(array, len(together))[: len(points)] for index, array in found.items()}
    highest = [1 if point.contract.bends_at(point.values["spot"]) else MAX_ORDER for point in points]
    rows = zip(*(derivatives[index].tolist() for index in wanted), strict=True)
    return [
        tuple(
            number if isfinite(number) and len(index) <= order else None
            for index, number in zip(wanted, row, strict=True)
        )
        for row, order in zip(rows, highest, strict=True)
    ]


__all__ = [
    "barrier_options",
    "double_barrier",
    "exact_derivatives",
    "exact_greeks",
    "exact_greeks_of_all",
    "path_options",
    "vanilla_options",
]
