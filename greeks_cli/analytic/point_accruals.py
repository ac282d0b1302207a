"""Integrals to the dates of a closed form, as graphs of leaves and inputs."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from greeks_cli.analytic.end_law import EndLaw, Lognormal, Places, Transformed
from greeks_cli.analytic.point import Date, ExDate, ExWeight, Place, Point, Weight
from greeks_cli.engine.autodiff.chainer_runtime import chainer
from greeks_cli.engine.autodiff.exp_linear import Dates
from greeks_cli.engine.autodiff.open_number import OpenNumber
from greeks_cli.engine.autodiff.ops import Leaves, Operand
from greeks_cli.engine.compiler.ir import Array, Source
from greeks_cli.engine.simulation.accruals import Accruals
from greeks_cli.engine.simulation.cash_dividends import underlying_of
from greeks_cli.terms.greek import TIME
from greeks_cli.terms.markets.models import Model

TRACED_POINTS = 3
"""The number of points of a trace."""


class Sources(Protocol):
    """A tracer, or a tracer of the inputs of one underlying among several."""

    def source(self, name: Source, sample: Any) -> Array:
        """A source as a traced array; ``sample`` has its shape and type."""


def open_input(point: Point, source: Source, tracer: Sources) -> OpenNumber:
    """An input of the closed form that no Greek moves."""
    return OpenNumber(tracer.source(source, np.full(TRACED_POINTS, point.input(source))))


class PointAccruals:
    """Integrals to the dates of a closed form, of leaves and, where dates are inputs, of inputs."""

    def __init__(self, point: Point, leaves: Leaves, tracer: Sources):
        self._point, self._leaves, self._tracer = point, leaves, tracer
        self._nodes = point.market.nodes
        self.is_flat = not self._nodes

    @cached_property
    def end_law(self) -> EndLaw:
        """The law of the underlying at expiry."""
        market = self._point.market
        if market.model is Model.GBM:
            return Lognormal(self._leaves, self())
        if market.vol_surface:
            from greeks_cli.analytic.quoted_law import Quoted  # splines

            return Quoted(market, self._point.contract.expiry, self._leaves)
        return Transformed(self._point.market.model, self._leaves, self(), self._places)

    def _places(self, strike: str) -> Places:
        """The places along the contour for a strike."""

        def traced(source: Place) -> Operand:
            column = np.reshape(self._point.input(source), (-1, 1))
            return self._tracer.source(source, np.repeat(column, TRACED_POINTS, axis=1))

        return Places(traced(Place(strike, False)), traced(Place(strike, True)))

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
        return self._leaves["start"] if "start" in self._leaves and date == 0 else self._input(Date(date))

    def _weight(self, node: str, date: int) -> Operand:
        return self._input(Weight(node, date % len(self._point.contract.dates)))

    def _input(self, source: Date | Weight) -> Operand:
        number = self._point.input(source)
        if not self._point.dates_are_inputs:
            return number
        return chainer.Variable(self._tracer.source(source, np.full(TRACED_POINTS, number)))


def lognormal_start(point: Point, leaves: Leaves, number: Callable[[ExDate | ExWeight], Operand]) -> Operand:
    """The spot, less the value of escrowed dividends until the contract's last date; ``number`` gives inputs."""
    n_dates = len(point.contract.dates)

    def to_ex_date(date: Dates) -> Accruals:
        assert isinstance(date, int)
        place = date - n_dates
        return Accruals(
            leaves,
            number(ExDate(place)),
            point.market.nodes,
            lambda node: number(ExWeight(node, place)),
        )

    ex_places = range(n_dates, n_dates + len(point.cash.names)) if point.cash else ()
    return underlying_of(range(n_dates), point.cash, ex_places).start(leaves, to_ex_date)
