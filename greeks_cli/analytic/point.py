"""Points: a contract, a market and values, at which a closed form is evaluated."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from math import exp, log, prod, sqrt
from typing import NamedTuple

from greeks_cli.analytic.characteristic import log_characteristic, slope_at_infinity
from greeks_cli.analytic.closed_form import SCHEDULE
from greeks_cli.analytic.contour import Complex, Contour, chosen_contour
from greeks_cli.engine.autodiff.mixed_partials import MultiIndex
from greeks_cli.engine.compiler.ir import Source
from greeks_cli.engine.compiler.key import Key
from greeks_cli.engine.payoffs.controls import Underlying
from greeks_cli.engine.simulation.accruals import Accruals
from greeks_cli.terms.contracts.contract import Contract
from greeks_cli.terms.contracts.fixings import Periodic
from greeks_cli.terms.contracts.vanillas import (
    Butterfly,
    CallSpread,
    Digital,
    European,
    ForwardStart,
    PutSpread,
    Straddle,
    Strangle,
)
from greeks_cli.terms.fields import numeric_fields
from greeks_cli.terms.greek import MAX_ORDER, TIME
from greeks_cli.terms.markets.carry import FUTURE, QUANTO
from greeks_cli.terms.markets.dividends import CashDividends
from greeks_cli.terms.markets.market import Market
from greeks_cli.terms.markets.models import Model

ON_THE_END = frozenset({European, Digital, Straddle, Strangle, CallSpread, PutSpread, Butterfly, Underlying})
"""Contracts on the underlying at expiry alone."""
_OF_PRICE, _OF_GREEK, _OF_SCALE = 1e-12, 1e-7, 1e-10
"""Differences of two rules that are allowed: of the price over the spot, of a Greek over the Greek and its scale."""


@dataclass(frozen=True)
class Point:
    """A contract, a market, and values of the parameters."""

    contract: Contract
    market: Market
    values: Mapping[str, float]

    @cached_property
    def structure(self) -> Hashable:
        """Equal for points at which the closed form is one function of its leaves.

        Closed forms choose among formulas by the order of the spot and the contract's levels, and by the carry; Fourier
        integrals by the number of places alone.
        """
        contract, values = self.contract, self.values
        numbers = [getattr(contract, name) for name in numeric_fields(type(contract)) if name not in SCHEDULE]
        levels = [values["spot"], *(number for number in numbers if isinstance(number, int | float))]
        pairs = combinations(levels, 2) if self.market.model is Model.GBM else ()
        order = tuple((one > other, one == other) for one, other in pairs)
        flat = {**values, **self.market.flat(contract.expiry)._asdict(), "spot": values["spot"]}
        return (
            type(contract),
            contract.but_for({*contract.values, *SCHEDULE, *contract.recorded}),
            contract.past_structure,
            len(contract.dates) if self.dates_are_inputs else contract.dates,
            order,
            contract.has_small_carry(flat),
            contract.case(values["spot"]),
            contract.series(flat),
            self.of_curves,
            self.market.model,
            self._of_quotes,
            tuple(contour.n_nodes for contour in self.contours.values() if contour),
        )

    @property
    def of_curves(self) -> Hashable:
        """The nodes and dividends, and the times of which the weights of nodes are constants of the closed form."""
        market = self.market
        if not market.nodes or self.dates_are_inputs:
            return market.nodes, self.cash
        of_curves = tuple(curve.times for curve in market.curves.values())
        return market.nodes, self.cash, of_curves, market.dividends and market.dividends.times

    @property
    def _of_quotes(self) -> Hashable:
        """Constants of the closed form under a surface of vols; None without one."""
        if not self.market.vol_surface or isinstance(self.contract, Underlying):
            return None
        return self.market, self.contract.expiry, self.values["spot"]

    def knows(self, index: MultiIndex) -> bool:
        """True if the closed form, where there is one, has the derivative.

        Under local volatility, what moves the forward or the time moves the smile: the strike and the quotes do not.
        """
        if not self.market.vol_surface or isinstance(self.contract, Underlying):
            return True
        own = {"vol", *self.market.vol_surface.values, *self.contract.parameters}
        # Splines have four continuous derivatives, of which a digital takes one.
        return own.issuperset(index) and len(index) <= MAX_ORDER - self.contract.jumps

    @property
    def is_known(self) -> bool:
        """False where early exercise, curves, dividends in cash or the model leave no closed form.

        Dividends that are all paid by the contract's first date move its start alone.
        """
        contract, market, cash = self.contract, self.market, self.cash
        if contract.is_early:
            return False
        if market.vol_surface and not isinstance(contract, Underlying):
            from greeks_cli.analytic.quoted_law import has_law_of_quotes  # splines

            is_of_market = self.values["spot"] == market.spot
            return type(contract) in ON_THE_END and is_of_market and has_law_of_quotes(market, contract.expiry)
        if market.model is not Model.GBM and not (type(contract) in ON_THE_END and all(self.contours.values())):
            return False
        if getattr(contract, "is_continuous", False):
            return cash is None and self.has_constant_carry
        if cash is None or isinstance(contract, Underlying):
            return True
        return not cash.jumps and not cash.moves_dates and not contract.fixes_today

    @property
    def has_constant_carry(self) -> bool:
        """True if no parameter of the market changes with time: there may be borrow, a future or a quanto."""
        nodes = dict(self.market.nodes)
        return not nodes.get("borrow") and not nodes.keys() - {FUTURE, QUANTO, "borrow"}

    @property
    def is_integral(self) -> bool:
        """True for a Fourier integral, of which there are two rules."""
        return bool(self.contours)

    @property
    def highest_order(self) -> int:
        """The highest order of a derivative that exists."""
        return 1 if self.contract.bends_at(self.values["spot"]) else MAX_ORDER

    @cached_property
    def cash(self) -> CashDividends | None:
        """The dividends in cash until the contract's last date."""
        return self.market.cash_dividends(self.contract.dates)

    @cached_property
    def contours(self) -> Mapping[str, Contour | None]:
        """The contour of the Fourier integral for each strike; None for a strike whose integral is not exact enough."""
        market, expiry = self.market, self.contract.expiry
        if market.model in (Model.GBM, Model.LOCAL_VOL) or type(self.contract) not in ON_THE_END:
            return {}
        values, weights = self.values, market.weights((expiry,))
        to_expiry = Accruals(values, expiry, market.nodes, lambda node: float(weights[node][0]))
        variance = 0.0 if market.model.has_variance else to_expiry.variance
        start = values["spot"] - (market.worth_of_dividends(expiry) if self.cash and not self.cash.jumps else 0.0)
        forward = start * exp(to_expiry.carry)
        slope = slope_at_infinity(market.model, values, expiry)

        def log_of(z: Complex) -> Complex:
            return log_characteristic(market.model, z, values, expiry, variance)

        return {
            strike: chosen_contour(log_of, log(values[strike] / forward), self._deviation, slope)
            for strike in self.contract.parameters
        }

    def tolerance(self, index: MultiIndex) -> tuple[float, float]:
        """The relative and the absolute difference of two rules of a Fourier integral that is allowed in a derivative.

        The absolute one is of a derivative in parameters that are measured in their present values, and in prices that
        are measured in standard deviations.
        """
        spot = self.values["spot"]
        if not index:
            return 0.0, _OF_PRICE * spot
        deviation = min(1.0, self._deviation) or 1.0
        scales = {name: abs(value) or 1.0 for name, value in self.values.items()} | {TIME: self.contract.expiry}
        scales |= dict.fromkeys(("spot", *self.contract.parameters), spot * deviation)
        return _OF_GREEK, _OF_SCALE * spot * deviation / prod(scales[name] for name in index)

    @cached_property
    def _deviation(self) -> float:
        """The standard deviation of the logarithm of the underlying at expiry."""
        return self.market.flat(self.contract.expiry).vol * sqrt(self.contract.expiry)

    @property
    def dates_are_inputs(self) -> bool:
        """True if the dates of the contract are inputs of its closed form, and no part of the structure."""
        return "fixing_times" not in self.contract.schedule

    def input(self, source: Source, shift: float = 0.0) -> float | Complex:
        """The number of an input of the closed form: a parameter, a time of the schedule, a date or a node's weight.

        Places along a contour are an array; ``shift`` chooses one of two rules.
        """
        if isinstance(source, Place):
            contour = self.contours[source.strike]
            assert contour is not None  # else the closed form is not known
            return contour.nodes(shift)[source.is_share]
        if isinstance(source, Date):
            return self.contract.dates[source.date]
        if isinstance(source, Weight):
            return float(self.market.weights(self.contract.dates)[source.node][source.date])
        if isinstance(source, ExDate):
            return self._ex_dates[source.place]
        if isinstance(source, ExWeight):
            return float(self.market.weights(self._ex_dates)[source.node][source.place])
        if isinstance(source, PastFixing):
            return self._past_fixings[source.place]
        name = str(source)
        return self._numbers[name] if name in self._numbers else float(getattr(self.contract, name))

    @cached_property
    def _numbers(self) -> Mapping[str, float]:
        return {**self.contract.observed, **self.values}

    @cached_property
    def _ex_dates(self) -> tuple[float, ...]:
        """The ex-dates of dividends in cash until the contract's last date."""
        return self.market.ex_dates(self.contract.dates)

    @property
    def _past_fixings(self) -> tuple[float, ...]:
        assert isinstance(self.contract, Periodic)  # the fixings of others enter by their sum
        return self.contract.past_fixings


class Date(NamedTuple):
    """The time of a date, by its index."""

    date: int


class ExDate(Key):
    """The ex-date of a dividend in cash, by its place."""

    place: int


class ExWeight(Key):
    """The weight of a node in the integral to the ex-date of a dividend in cash, by its place."""

    node: str
    place: int


class PastFixing(Key):
    """The price of a past fixing, the first of which has place 0."""

    place: int


class Weight(NamedTuple):
    """The weight of a node in the integral to a date, by its index."""

    node: str
    date: int


class Place(NamedTuple):
    """The places along the contour for a strike, or their shares."""

    strike: str
    is_share: bool


def point_of(contract: Contract, market: Market, values: Mapping[str, float]) -> Point:
    """The point of a contract, or of a European that pays the same."""
    if isinstance(contract, ForwardStart) and contract.strike is not None:
        european = European(type=contract.type, strike=contract.strike, expiry=contract.expiry)
        return Point(european, market, {**values, "strike": contract.strike})
    return Point(contract, market, values)
