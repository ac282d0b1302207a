"""Markets: values of parameters, dates, and the numbers of their laws."""

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.autodiff.exp_linear import Dates
from greeks_cli.engine.autodiff.mixed_partials import MultiIndex
from greeks_cli.engine.autodiff.ops import Operand
from greeks_cli.engine.compiler import elementary
from greeks_cli.engine.compiler.ir import Array
from greeks_cli.engine.simulation.cash_dividends import start_of
from greeks_cli.engine.simulation.gbm import parameters_of
from greeks_cli.engine.simulation.laws import Columns, Law, law_of
from greeks_cli.engine.simulation.schedule import at_dates
from greeks_cli.terms.greek import TIME
from greeks_cli.terms.markets.market import Market
from greeks_cli.terms.markets.models import Model, model_of
from greeks_cli.terms.nodes import label_of_node
from greeks_cli.terms.request import Request

if TYPE_CHECKING:
    from greeks_cli.engine.simulation.models.stepped import Stepped

_KEPT = 64
"""Derivatives of the laws of one market that are kept."""


class Markets(Columns):
    """The parameters of some markets, the dates in each, and the numbers of their laws."""

    terms: Sequence[Market] = ()
    """The markets themselves, where their model is more than numbers."""

    @property
    def parts(self) -> "tuple[Markets, ...]":
        """The markets of each underlying: of the one underlying."""
        return (self,)

    @cached_property
    def _numbers(self) -> dict[Law, dict[MultiIndex, NDArray[np.float64]]]:
        return {}

    @classmethod
    def of(cls, requests: Sequence[Request]) -> Self:
        """The market and dates of each request."""
        return cls.moved([({**r.sole_market.values, TIME: 0.0}, r) for r in requests])

    @classmethod
    def moved(cls, places: Sequence[tuple[Mapping[str, float], Request]]) -> Self:
        """The market and dates of each request, with other values of its parameters; the spot is the lognormal's."""
        nodes = places[0][1].sole_market.nodes
        values = {name: np.array([own[name] for own, _ in places]) for name in parameters_of(nodes)}
        values["spot"] = np.array([start_of(request, own) for own, request in places])
        dates = np.array([request.path_dates for _, request in places])
        rows = [request.sole_market.weights(request.path_dates) for _, request in places]
        weights = {node: np.array([row[node] for row in rows]) for node in rows[0]}
        found = cls(values, dates, nodes, weights)
        found.terms = [_with_quotes(request.sole_market, own) for own, request in places]
        return found

    @cached_property
    def model(self) -> Model:
        """The model of the markets."""
        return model_of(self.nodes)

    def stepped(self, kind: str, names: Collection[str]) -> "Stepped":
        """The time steps of the model of one market, of a kind, for sums of some names."""
        from greeks_cli.engine.simulation.models.recursions import stepped_of  # gbm has no steps

        return stepped_of(self.terms[0], kind, names)

    @cached_property
    def key(self) -> Hashable:
        """Key of the numbers of the markets."""
        return self.nodes, *(one.tobytes() for one in (self.dates, *self.values.values(), *self.weights.values()))

    def law(self, kind: str, first: str = "") -> Law:
        """A law of these markets."""
        return law_of(kind, self.n_dates, first, self.nodes)

    def coefficients(self, law: Law, index: MultiIndex) -> NDArray[np.float64]:
        """A derivative of the coefficients of a law, shape (n_data, n_markets, n_dates)."""
        index = tuple(sorted(index))
        if index not in self._numbers.get(law, {}):
            numbers = _of_one(law, _One(self.key, self), index) if self.count == 1 else law.numbers(self, index)
            self._numbers.setdefault(law, {}).update(numbers)
        return self._numbers[law][index]

    def some(self, which: slice | list[int]) -> "Markets":
        """Some of the markets."""
        if self.model is Model.GBM:
            self.coefficients(self.law("path"), ())  # for all markets at once, not for each choice
        weights = {node: array[which] for node, array in self.weights.items()}
        values = {name: value[which] for name, value in self.values.items()}
        chosen = Markets(values, self.dates[which], self.nodes, weights)
        places = range(self.count)[which] if isinstance(which, slice) else which
        chosen.terms = [self.terms[place] for place in places] if self.terms else ()
        for law, numbers in self._numbers.items():
            chosen._numbers[law] = {index: array[:, which] for index, array in numbers.items()}
        return chosen


@dataclass(frozen=True)
class _One:
    """One market as a key of the cache; two are equal where their ``key`` is."""

    key: Hashable
    columns: Columns = field(compare=False)


@elementary.kept(_KEPT)
def _of_one(law: Law, market: _One, index: MultiIndex) -> Mapping[MultiIndex, NDArray[np.float64]]:
    """The numbers of a law in one market, which later requests in the market have too."""
    return law.numbers(market.columns, index)


def _with_quotes(market: Market, values: Mapping[str, float]) -> Market:
    """The market with other quotes of its surface."""
    found = market.vol_surface
    if found is None:
        return market
    for name, vol in found.values.items():
        if values[name] != vol:
            found = found.with_value(label_of_node(name), values[name])
    return market if found is market.vol_surface else market.changed("vol_surface", found)


class MarketSchedule:
    """The dates of one market, and the weights of its nodes."""

    def __init__(self, markets: Markets, on_device: Callable[[Array], Array]):
        """``on_device`` moves numbers to the memory of paths."""
        self.nodes, self._markets, self._on_device = markets.nodes, markets, on_device

    def time(self, date: Dates) -> Operand:
        """The time of a date in years."""
        return self._moved(self._markets.dates[0], date)

    def weight(self, node: str, date: Dates) -> Operand:
        """The weight of a node in the integral from today to a date."""
        return self._moved(self._markets.weights[node][0], date)

    def _moved(self, numbers: NDArray[np.float64], date: Dates) -> Operand:
        found = at_dates(numbers, date)
        return self._on_device(found) if isinstance(found, np.ndarray) else found
