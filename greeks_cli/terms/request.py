"""Requests, validated once: a Request that exists is valid."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import nan

from greeks_cli.terms.accuracy import Accuracy
from greeks_cli.terms.bridges import bridge_ends, n_bridges
from greeks_cli.terms.contracts.contract import Contract
from greeks_cli.terms.dates.dating import Dates
from greeks_cli.terms.errors import InvalidInput, Problem
from greeks_cli.terms.greek import DEFAULT_NAMES, PRICE, TIME, Greek, bucketed, parse_greeks
from greeks_cli.terms.joint_greeks import default_greeks
from greeks_cli.terms.markets.curve import Curve
from greeks_cli.terms.markets.dividends import CashDividends
from greeks_cli.terms.markets.flat_market import FlatMarket
from greeks_cli.terms.markets.forward_vols import years_until
from greeks_cli.terms.markets.joint_market import JointMarket
from greeks_cli.terms.markets.market import Market
from greeks_cli.terms.markets.models import Model
from greeks_cli.terms.objections import objection, problems_of_market
from greeks_cli.terms.simulation import Simulation
from greeks_cli.terms.underlyings import is_node, named

DEFAULT_GREEKS = parse_greeks(DEFAULT_NAMES)
"""Greeks of a request that names none. Impossible ones are left out, and ``left_out`` gives the reasons."""

SECTIONS = ("contract", "market", "simulation", "accuracy", "dates")
"""Sections of a request, as configuration files name them."""


@dataclass(frozen=True)
class Request:
    """A contract, a market, a simulation, the Greeks wanted (the price first), and their accuracy.

    Raises InvalidInput when a Greek does not exist for the contract or the simulation.
    """

    contract: Contract
    market: Market | JointMarket
    simulation: Simulation = field(default_factory=Simulation)
    greeks: tuple[Greek, ...] = DEFAULT_GREEKS
    accuracy: Accuracy = field(default_factory=Accuracy)
    dates: Dates = field(default_factory=Dates, compare=False)
    """The dates of the contract, where it has any."""
    remarks: tuple[str, ...] = field(default=(), compare=False)
    """Remarks on the dates."""
    quote: Mapping[str, float] = field(default_factory=dict, compare=False)
    """Prices that the vol or the dividend yield of the market follows from."""
    further_dates: tuple[float, ...] = ()
    """Dates of the simulation at which the contract does not look: there the vol of another underlying changes."""
    left_out: tuple[Problem, ...] = field(default=(), init=False, compare=False)

    def __post_init__(self) -> None:
        aimed_at = tuple(target.greek for target in self.accuracy.tol)
        values = self.values
        is_default = self.greeks is DEFAULT_GREEKS
        if is_default and isinstance(self.market, JointMarket):
            object.__setattr__(self, "greeks", default_greeks(self.market))
        objections = ((greek, objection(self, greek, values)) for greek in (*self.greeks, *aimed_at))
        problems = {greek: Problem(("greeks",), why, greek.name) for greek, why in objections if why}
        wanted = self.greeks
        if problems and is_default:
            object.__setattr__(self, "left_out", tuple(problems[greek] for greek in wanted if greek in problems))
            wanted = tuple(greek for greek in wanted if greek not in problems)
        object.__setattr__(self, "greeks", tuple(dict.fromkeys((*wanted, *aimed_at))))
        wrong = [*problems_of_market(self), *(problems[greek] for greek in self.greeks if greek in problems)]
        if wrong:
            raise InvalidInput(wrong)

    @cached_property
    def values(self) -> Mapping[str, float]:
        """The value of every parameter that a Greek may differentiate."""
        return {**self.market.values, **self.contract.values, TIME: 0.0}

    @property
    def is_joint(self) -> bool:
        """True if the contract has several underlyings."""
        return isinstance(self.market, JointMarket)

    @property
    def sole_market(self) -> Market:
        """The market of a contract on one underlying."""
        assert isinstance(self.market, Market)
        return self.market

    @property
    def joint_market(self) -> JointMarket:
        """The market of a contract on several underlyings."""
        assert isinstance(self.market, JointMarket)
        return self.market

    @cached_property
    def parts(self) -> tuple["Request", ...]:
        """The request of each underlying: its market, with the contract's dates and the simulation."""
        if isinstance(self.market, Market):
            return (self,)
        others = {"greeks": (PRICE,), "accuracy": Accuracy(), "left_out": (), "further_dates": self._changes}
        return tuple(self.changed(market=own, **others) for own in self.market.markets)

    @cached_property
    def _changes(self) -> tuple[float, ...]:
        """The dates before the last of the contract at which one of several underlyings changes, and others go on.

        At them a vol changes, or a price jumps by a dividend. Between them each pair of underlyings has the correlation
        of its Brownian motions.
        """
        dates, markets = self.contract.dates, self.joint_market.markets
        times = {time for own in markets if isinstance(own.vol, Curve) for time in own.vol.times if time < dates[-1]}
        cash = [(own, own.cash_dividends(dates)) for own in markets]
        times |= {time for own, paid in cash if paid and paid.jumps for time in own.ex_dates(dates)}
        return tuple(sorted(times - {*dates}))

    @cached_property
    def payoff_values(self) -> Mapping[str, float]:
        """The numbers that a payoff reads: the values of parameters, and those that follow from what was observed."""
        return {**self.values, **self.contract.observed}

    @cached_property
    def flat_market(self) -> FlatMarket:
        """The market of constant parameters with the same discount factor, forward and variance at the expiry."""
        return self.sole_market.flat(self.contract.expiry)

    @cached_property
    def cash_dividends(self) -> CashDividends | None:
        """The dividends in cash until the last date of a contract on one underlying; None where there are none."""
        return None if self.is_joint else self.sole_market.cash_dividends(self.contract.dates)

    @property
    def chance_of_no_price(self) -> float:
        """The probability that dividends take all of a price until expiry, of several the largest."""
        markets = self.joint_market.markets if self.is_joint else (self.sole_market,)
        return max(own.chance_of_no_price(self.contract.expiry) for own in markets)

    @cached_property
    def path_dates(self) -> tuple[float, ...]:
        """The dates of the simulation: the contract's, and those at which only an underlying changes."""
        return tuple(sorted({*self.contract.dates, *self._dates_without_contract}))

    @property
    def places(self) -> tuple[int, ...]:
        """The places of the contract's dates among those of the simulation."""
        return tuple(map(self.path_dates.index, self.contract.dates))

    @property
    def _dates_without_contract(self) -> tuple[float, ...]:
        """The dates of the simulation at which the contract need not look."""
        if self.is_joint:
            return self._changes
        return (*(self.further_dates or self._bridge_ends), *self._jumps)

    @cached_property
    def _bridge_ends(self) -> tuple[float, ...]:
        """The times at which bridges of a path meet that is watched at all times under a model of smiles."""
        span = self.bridged_span
        if span is None:
            return ()
        years = span[1] - span[0]
        jumps = (self.sole_market.jump_intensity or 0.0) * years
        return bridge_ends(*span, n_bridges(years, jumps, self.simulation.steps))

    @property
    def bridged_span(self) -> tuple[float, float] | None:
        """The times in years between which a path is watched along bridges; None if none is."""
        if self.is_joint or self.contract.has_expired:
            return None
        return self.contract.bridged_span if self.sole_market.model is not Model.GBM else None

    @cached_property
    def bridges(self) -> range:
        """The numbers of the intervals between dates of the simulation that are watched along bridges."""
        if self.bridged_span is None:
            return range(0)
        start, end = self.bridged_span
        return range(self.path_dates.index(start) + 1 if start else 0, self.path_dates.index(end) + 1)

    @property
    def _jumps(self) -> tuple[float, ...]:
        """The ex-dates at which the price of one underlying jumps."""
        cash = self.cash_dividends
        return self.sole_market.ex_dates(self.contract.dates) if cash and cash.jumps else ()

    @cached_property
    def schedule_dates(self) -> tuple[float, ...]:
        """The dates of the simulation, then the ex-dates of escrowed dividends."""
        if not self.cash_dividends or self.cash_dividends.jumps:
            return self.path_dates
        return (*self.path_dates, *self.sole_market.ex_dates(self.contract.dates))

    @property
    def ex_places(self) -> tuple[int, ...]:
        """The places of ex-dates of dividends in cash among the dates of the schedule."""
        if not self.cash_dividends:
            return ()
        first, ex_dates = len(self.path_dates), self.sole_market.ex_dates(self.contract.dates)
        if self.cash_dividends.jumps:
            return tuple(map(self.path_dates.index, ex_dates))
        return tuple(range(first, first + len(ex_dates)))

    @cached_property
    def idle_parameters(self) -> frozenset[str]:
        """The nodes and dividends that lie so late that no date of the contract knows them."""
        if isinstance(self.market, JointMarket):
            parts = zip(self.market.names, self.parts, strict=True)
            return frozenset(named(node, name) for name, part in parts for node in part.idle_parameters)
        market = self.market
        weights = market.weights(self.schedule_dates)
        idle = {
            node
            for node, of_dates in weights.items()
            if not (of_dates.any() or weights.get(years_until(node), of_dates).any())
        }
        if market.dividends:
            known = self.cash_dividends.names if self.cash_dividends else ()
            idle |= {name for name in market.dividends.cash if name not in known}
        if market.vol_surface:
            idle |= market.vol_surface.idle(self.schedule_dates[-1])
        return frozenset(idle)

    @property
    def spot(self) -> float:
        """The spot of the underlying that the contract compares with numbers; NaN for several without one."""
        return self._watched.spot if self._watched else nan

    @property
    def _watched(self) -> Market | None:
        """The market of the underlying whose spot the contract compares with numbers; None for several without one."""
        if isinstance(self.market, Market):
            return self.market
        place = getattr(self.contract, "watched_place", None)
        return None if place is None else self.market.markets[place]

    @cached_property
    def levels(self) -> Mapping[str, float]:
        """The values of parameters, those of the flat market in place of curves."""
        watched = self._watched
        return {**self.values, **watched.flat(self.contract.expiry)._asdict()} if watched else self.values

    @cached_property
    def by_place(self) -> "Request":
        """The request with the nodes of its market named by their places, unless a Greek names one of them.

        Requests whose nodes lie at other times then have one structure.
        """
        names_node = any(is_node(name) for greek in self.greeks for name in greek.parameters)
        market = self.market if names_node else self.market.by_place
        return self if market is self.market else self.changed(market=market)

    @cached_property
    def structure(self) -> Hashable:
        """Equal for requests whose derivatives are the same functions of numbers, by any one method."""
        contract = self.contract
        cases = contract.structure(self.spot), contract.series(self.levels)
        cash = tuple((part.cash_dividends, part.ex_places) for part in self.parts if part.cash_dividends)
        return type(contract), cases, self.market.structure, self.places, cash

    def with_seed(self, seed: int) -> "Request":
        """The request with another seed."""
        return self.changed(simulation=self.simulation.model_copy(update={"seed": seed}))

    def with_buckets(self) -> "Request":
        """The request with the Greeks at all nodes of the curves in which its Greeks are derivatives."""
        return self.changed(greeks=bucketed(self.greeks, self.market.nodes))

    def changed(self, **parts: object) -> "Request":
        """The request with other parts, which are not checked again; what follows from the parts is forgotten."""
        found = object.__new__(Request)
        found.__dict__.update({name: getattr(self, name) for name in self.__dataclass_fields__} | parts)
        return found
