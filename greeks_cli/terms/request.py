"""Requests, validated once: a Request that exists is valid."""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from greeks_cli.terms.absent import is_node, without_node, without_parameter
from greeks_cli.terms.accuracy import Accuracy
from greeks_cli.terms.contract import Contract
from greeks_cli.terms.contracts import CONTRACTS
from greeks_cli.terms.date_fields import is_rule
from greeks_cli.terms.dating import Dated, Dates, Dating, curves_in_years, in_years
from greeks_cli.terms.dividends import CashDividends
from greeks_cli.terms.errors import InvalidInput, Problem, did_you_mean
from greeks_cli.terms.flat_market import FlatMarket
from greeks_cli.terms.greek import MARKET_PARAMETERS, MODEL_PARAMETERS, TIME, Greek, bucketed, parse_greeks
from greeks_cli.terms.market import Market
from greeks_cli.terms.models import Model
from greeks_cli.terms.nodes import curve_of
from greeks_cli.terms.position import Position
from greeks_cli.terms.simulation import Autodiff, Estimator, Simulation, Smoothing
from greeks_cli.terms.validation import kind_of, validated

DEFAULT_GREEKS = parse_greeks("delta,gamma,vega,theta,rho")
"""Greeks of a request that names none. Impossible ones are left out, and ``left_out`` gives the reasons."""

_ON_DATES = "monitor on dates, such as --monitoring daily or --monitoring-times 0.25,0.5"

SECTIONS = ("contract", "market", "simulation", "accuracy", "dates")
"""Sections of a request, as configuration files name them."""

_NOTABLE_CHANCE, _LARGEST_CHANCE = 1e-5, 1e-3
"""The probability of no price that is told, and that beyond which second orders are refused."""


@dataclass(frozen=True)
class Request:
    """A contract, a market, a simulation, the Greeks wanted (the price first), and their accuracy.

    Raises InvalidInput when a Greek does not exist for the contract or the simulation.
    """

    contract: Contract
    market: Market
    simulation: Simulation = field(default_factory=Simulation)
    greeks: tuple[Greek, ...] = DEFAULT_GREEKS
    accuracy: Accuracy = field(default_factory=Accuracy)
    dates: Dates = field(default_factory=Dates, compare=False)
    """The dates of the contract, where it has any."""
    remarks: tuple[str, ...] = field(default=(), compare=False)
    """Remarks on the dates."""
    quote: Mapping[str, float] = field(default_factory=dict, compare=False)
    """Prices that the vol or the dividend yield of the market follows from."""
    left_out: tuple[Problem, ...] = field(default=(), init=False, compare=False)

    def __post_init__(self) -> None:
        aimed_at = tuple(target.greek for target in self.accuracy.tol)
        values = self.values
        objections = ((greek, self._objection(greek, values)) for greek in (*self.greeks, *aimed_at))
        problems = {greek: Problem(("greeks",), why, greek.name) for greek, why in objections if why}
        wanted = self.greeks
        if problems and wanted is DEFAULT_GREEKS:
            object.__setattr__(self, "left_out", tuple(problems[greek] for greek in wanted if greek in problems))
            wanted = tuple(greek for greek in wanted if greek not in problems)
        object.__setattr__(self, "greeks", tuple(dict.fromkeys((*wanted, *aimed_at))))
        wrong = [*self._problems_of_market(), *(problems[greek] for greek in self.greeks if greek in problems)]
        if wrong:
            raise InvalidInput(wrong)

    @cached_property
    def values(self) -> Mapping[str, float]:
        """The value of every parameter that a Greek may differentiate."""
        return {**self.market.values, **self.contract.values, TIME: 0.0}

    @cached_property
    def payoff_values(self) -> Mapping[str, float]:
        """The numbers that a payoff reads: the values of parameters, and those that follow from what was observed."""
        return {**self.values, **self.contract.observed}

    @cached_property
    def flat_market(self) -> FlatMarket:
        """The market of constant parameters with the same discount factor, forward and variance at the expiry."""
        return self.market.flat(self.contract.expiry)

    @cached_property
    def cash_dividends(self) -> CashDividends | None:
        """The dividends in cash until the contract's last date; None where there are none."""
        return self.market.cash_dividends(self.contract.dates)

    @cached_property
    def path_dates(self) -> tuple[float, ...]:
        """The dates of the simulation: the contract's, and the ex-dates at which the price jumps."""
        if not self.cash_dividends or not self.cash_dividends.jumps:
            return self.contract.dates
        dates = self.contract.dates
        return tuple(sorted({*dates, *self.market.ex_dates(dates)}))

    @cached_property
    def schedule_dates(self) -> tuple[float, ...]:
        """The dates of the simulation, then the ex-dates of escrowed dividends."""
        if not self.cash_dividends or self.cash_dividends.jumps:
            return self.path_dates
        dates = self.contract.dates
        return (*dates, *self.market.ex_dates(dates))

    @cached_property
    def idle_parameters(self) -> frozenset[str]:
        """The nodes and dividends that lie so late that no date of the contract knows them."""
        weights = self.market.weights(self.schedule_dates)
        idle = {node for node, of_dates in weights.items() if not of_dates.any()}
        if self.market.dividends:
            known = self.cash_dividends.names if self.cash_dividends else ()
            idle |= {name for name in self.market.dividends.cash if name not in known}
        if self.market.vol_surface:
            idle |= self.market.vol_surface.idle(self.schedule_dates[-1])
        return frozenset(idle)

    @cached_property
    def _chance_of_no_price(self) -> float:
        return self.market.chance_of_no_price(self.contract.expiry)

    @cached_property
    def levels(self) -> Mapping[str, float]:
        """The values of parameters, those of the flat market in place of curves."""
        return {**self.values, **self.flat_market._asdict()}

    @cached_property
    def by_place(self) -> "Request":
        """The request with the nodes of its market named by their places, unless a Greek names one of them.

        Requests whose nodes lie at other times then have one structure.
        """
        named = any(curve_of(name) != name for greek in self.greeks for name in greek.parameters)
        market = self.market if named else self.market.by_place
        return self if market is self.market else self.changed(market=market)

    @cached_property
    def structure(self) -> Hashable:
        """Equal for requests whose derivatives are the same functions of numbers, by any one method."""
        contract = self.contract
        cases = contract.structure(self.market.spot), contract.series(self.levels)
        return type(contract), cases, self.market.nodes, self.cash_dividends

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

    def _problems_of_market(self) -> Iterator[Problem]:
        worth, expiry = self.market.worth_of_dividends(self.contract.expiry), self.contract.expiry
        if worth >= self.market.spot:
            message = f"are worth {worth:g} until expiry {expiry:g}, and the spot is {self.market.spot:g}; lower them"
            yield Problem(("market", "dividends"), message, str(self.market.dividends))
        if not getattr(self.contract, "is_continuous", False):
            return
        if self.market.model is not Model.GBM:
            message = f"continuous monitoring wants model gbm, not {self.market.model}; {_ON_DATES}"
            yield Problem(("contract", "monitoring"), message)
            return
        if self.cash_dividends:
            message = f"continuous monitoring wants no dividends in cash before expiry; {_ON_DATES}"
            yield Problem(("contract", "monitoring"), message)
        if not self.market.nodes:
            return
        node = next(self.market.nodes_before(self.contract.expiry), None)
        depends = self.contract.series(self.levels) is not None
        if node or depends:
            reason = f"{node} changes them" if node else f"this one has {', '.join(dict(self.market.nodes))}"
            message = f"continuous monitoring wants constant parameters up to expiry, and {reason}; {_ON_DATES}"
            yield Problem(("contract", "monitoring"), message)

    def _objection(self, greek: Greek, values: Mapping[str, float]) -> str | None:
        """The reason why a Greek does not exist, or cannot be estimated; None for the others."""
        unknown = [name for name in greek.parameters if name not in values]
        if unknown and is_node(unknown[0]):
            return without_node(self.market, unknown[0])
        if unknown and (remedy := without_parameter(self.market, unknown[0])):
            return remedy
        if unknown:
            remedy = did_you_mean(unknown[0], values)
            of_a_model = unknown[0] in ("vol", *MODEL_PARAMETERS)
            whose = f"model {self.market.model}" if of_a_model else f"the {self.contract.kind} contract"
            return f"{whose} has no parameter '{unknown[0]}'; {remedy}"
        if greek.order < 2 and not self.contract.jumps:
            return None
        if greek.order > 1 and self._chance_of_no_price > _LARGEST_CHANCE:
            return (
                f"dividends take all of the price with a probability of {self._chance_of_no_price:.1g}, and what the "
                "kink there adds is not estimated; use dividend_model escrowed"
            )
        moving = sum(name == "spot" or name in self.contract.values for name in greek.parameters)
        if moving > 1 and self.contract.bends_at(self.market.spot):
            return (
                f"it does not exist at spot {self.market.spot:g}, where the first derivative jumps; "
                "move the spot, the strike or the running extreme a little"
            )
        unsmoothed = self.simulation.smoothing is Smoothing.NONE
        if (
            greek.order > (0 if self.contract.jumps else 1)
            and unsmoothed
            and (
                self.simulation.estimator in (Estimator.AUTO, Estimator.PATHWISE, Estimator.CONDITIONAL)
                or (self.simulation.estimator is Estimator.MIXED and self.contract.jumps)
            )
        ):
            return (
                "refused with smoothing none, because the second derivative of max(x, 0), like the first of a jump, "
                "is 0 on every path and the estimate would be 0 or lack its main term; use smoothing softplus"
            )
        if greek.order > 2 and self.simulation.autodiff is Autodiff.BACKWARD:
            return "autodiff backward reaches second order only; use autodiff grad"
        return None


def build_request(
    contract: Mapping[str, Any],
    market: Mapping[str, Any],
    simulation: Mapping[str, Any],
    greeks: object = DEFAULT_GREEKS,
    accuracy: Mapping[str, Any] | None = None,
    dates: Mapping[str, Any] | None = None,
) -> Request:
    """A Request from plain mappings. Raises InvalidInput with every problem at once."""
    problems: list[Problem] = []
    model, terms = _contract_model(contract, problems)
    dating = validated(Dating, "dates", dates or {}, problems)
    dated = in_years(terms, dating) if dating else Dated(dict(terms))
    if model and is_rule(terms.get("fixings")) and "fixing_times" not in model.model_fields:
        message = f"the {kind_of(model)} contract has equally spaced fixings; give their number"
        dated.problems = [Problem(("contract", "fixings"), message, terms["fixings"])]
    terms = dated.fields
    problems += dated.problems
    curved = curves_in_years(market, dating or Dating())
    if dating:
        problems += curved.problems
    if dated.problems or dating is None:  # a second error about the same field would confuse
        model = None
    parts = (
        validated(model, "contract", terms, problems) if model else None,
        None if curved.problems else validated(Market, "market", curved.fields, problems),
        validated(Simulation, "simulation", simulation, problems),
        validated(Accuracy, "accuracy", accuracy or {}, problems),
    )
    wanted: tuple[Greek, ...] = ()
    try:
        wanted = DEFAULT_GREEKS if greeks is DEFAULT_GREEKS else _parsed(greeks, parts[0], parts[1])
    except ValueError as error:
        problems.append(Problem(("greeks",), str(error)))
    contract_, market_, simulation_, accuracy_ = parts
    if contract_ and contract_.has_expired and contract_.needs_path:
        stated = " and ".join(contract_.observations)
        message = f"has passed, and the payoff depends on the path of the underlying; give {stated}, or leave it out"
        problems.append(Problem(("contract", "expiry"), message, dated.dates.get("expiry")))
    if problems:
        raise InvalidInput(problems)
    assert contract_ is not None
    assert market_ is not None
    assert simulation_ is not None
    assert accuracy_ is not None
    assert dating is not None
    dates_ = Dates(dated.dates, dating, bool(curved.dates))
    remarks = tuple(dict.fromkeys((*dated.remarks, *curved.remarks, *_remarks(market_, contract_))))
    request = Request(contract_, market_, simulation_, wanted, accuracy_, dates_, remarks)
    return request.with_buckets() if simulation_.buckets else request


def _parsed(greeks: object, contract: Contract | None, market: Market | None) -> tuple[Greek, ...]:
    """The Greeks wanted; ``all`` are those of the contract and the model."""
    own = tuple(contract.values) if contract else ()
    if market is None:
        return parse_greeks(greeks, own)
    known = tuple(name for name in MARKET_PARAMETERS if name in market.values)
    return parse_greeks(greeks, (*own, *(name for name in MODEL_PARAMETERS if name in market.values)), known)


def _remarks(market: Market, contract: Contract) -> Iterator[str]:
    chance = market.chance_of_no_price(contract.expiry)
    if _NOTABLE_CHANCE < chance < 1 and market.worth_of_dividends(contract.expiry) < market.spot:
        yield (
            f"dividends in cash take all of the price with a probability of {chance:.1g}; "
            "Greeks leave out the kink there"
        )


def build_position(position: Mapping[str, Any]) -> Position:
    """A Position from a plain mapping. Raises InvalidInput with every problem at once."""
    problems: list[Problem] = []
    found = validated(Position, "position", position, problems)
    if found is None:
        raise InvalidInput(problems)
    return found


def _contract_model(
    terms: Mapping[str, Any], problems: list[Problem]
) -> tuple[type[Contract] | None, Mapping[str, Any]]:
    kind = str(terms.get("kind", "european"))
    if kind not in CONTRACTS:
        problems.append(Problem(("contract", "kind"), f"unknown contract; {did_you_mean(kind, CONTRACTS)}", kind))
        return None, terms
    return CONTRACTS[kind], {**terms, "kind": kind}
