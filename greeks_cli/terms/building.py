"""Requests from plain mappings, each checked part by part: every mistake is told at once."""

from collections.abc import Iterator, Mapping
from typing import Any

from greeks_cli.terms.accuracy import Accuracy
from greeks_cli.terms.contracts.catalogue import CONTRACTS, DEFAULT_CONTRACT, ON_SEVERAL
from greeks_cli.terms.contracts.contract import Contract
from greeks_cli.terms.contracts.exercise import around_dividends, objection_to
from greeks_cli.terms.dates.date_fields import RULES, is_rule
from greeks_cli.terms.dates.dated_markets import market_in_years
from greeks_cli.terms.dates.dating import Dated, Dates, Dating, in_years
from greeks_cli.terms.errors import InvalidInput, Problem, did_you_mean
from greeks_cli.terms.greek import (
    MARKET_PARAMETERS,
    MODEL_PARAMETERS,
    QUANTO_PARAMETERS,
    SEPARATOR,
    Greek,
    parse_greeks,
)
from greeks_cli.terms.joint_greeks import joint_greeks, joint_targets
from greeks_cli.terms.markets.joint_building import is_joint, joint_market
from greeks_cli.terms.markets.joint_market import JointMarket
from greeks_cli.terms.markets.market import Market
from greeks_cli.terms.markets.several import UNDERLYING, tables_of
from greeks_cli.terms.objections import NOTABLE_CHANCE
from greeks_cli.terms.request import DEFAULT_GREEKS, Request
from greeks_cli.terms.simulation import Simulation
from greeks_cli.terms.underlyings import names_of
from greeks_cli.terms.validation import kind_of, validated


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
    dated = _dated(model, terms, dating)
    problems += dated.problems
    names = _names(dated.fields, market)
    curved = market_in_years(market, dating or Dating())
    if dating:
        problems += curved.problems
    if dated.problems or dating is None or names is None:  # a second error about the same field would confuse
        model = None
    of_market: list[Problem] = []
    market_ = None if curved.problems else _market(curved.fields, names or (), model, of_market)
    contract_ = _contract(model, dated.fields, names, market_, problems) if model else None
    problems += of_market
    simulation_ = validated(Simulation, "simulation", simulation, problems)
    accuracy_ = validated(Accuracy, "accuracy", accuracy or {}, problems)
    wanted = _wanted(greeks, contract_, market_, problems)
    if contract_ and contract_.has_expired and contract_.needs_path:
        problems.append(_expired(contract_, bool(names), dated.dates.get("expiry")))
    if problems:
        raise InvalidInput(problems)
    assert contract_ is not None
    assert market_ is not None
    assert simulation_ is not None
    assert accuracy_ is not None
    assert dating is not None
    if isinstance(market_, JointMarket):
        accuracy_ = accuracy_.model_copy(update={"tol": joint_targets(accuracy_.tol, market_)})
    dates_ = Dates(dated.dates, dating, bool(curved.dates))
    remarks = tuple(dict.fromkeys((*dated.remarks, *curved.remarks, *_remarks(market_, contract_))))
    request = Request(contract_, market_, simulation_, wanted, accuracy_, dates_, remarks)
    return request.with_buckets() if simulation_.buckets else request


def _dated(model: type[Contract] | None, terms: Mapping[str, Any], dating: Dating | None) -> Dated:
    """The fields of a contract in years, and the problems of its dates."""
    if dating is None or model is None:
        return Dated(dict(terms)) if dating is None else in_years(terms, dating)
    unknown = {name: terms[name] for name in RULES if name in terms and name not in model.model_fields}
    found = in_years({name: value for name, value in terms.items() if name not in unknown}, dating)
    found.fields |= unknown  # for the validation of the contract to refuse by the name that was given
    if "fixings" not in unknown and "fixing_times" not in model.model_fields and is_rule(terms.get("fixings")):
        message = f"the {kind_of(model)} contract has equally spaced fixings; give their number"
        found.problems = [Problem(("contract", "fixings"), message, terms["fixings"])]
    return found


def _contract(
    model: type[Contract],
    terms: Mapping[str, Any],
    names: tuple[str, ...] | None,
    market: Market | JointMarket | None,
    problems: list[Problem],
) -> Contract | None:
    """The contract, with the fields that follow from its market; None where it is wrong."""
    if names and "underlyings" in model.model_fields:
        terms = {**terms, "underlyings": names}
    if market:
        terms = around_dividends(model.completed(terms, _spots(market)), market)
    return validated(model, "contract", terms, problems)


def _spots(market: Market | JointMarket) -> Mapping[str, float]:
    """Today's spots by the names of the underlyings; S is the only one."""
    return {"S": market.spot} if isinstance(market, Market) else {n: m.spot for n, m in market.underlying.items()}


def _wanted(
    greeks: object, contract: Contract | None, market: Market | JointMarket | None, problems: list[Problem]
) -> tuple[Greek, ...]:
    """The Greeks of a request; a mistake goes to ``problems``."""
    try:
        return DEFAULT_GREEKS if greeks is DEFAULT_GREEKS else _parsed(greeks, contract, market)
    except ValueError as error:
        problems.append(Problem(("greeks",), str(error)))
        return ()


def _expired(contract: Contract, has_several: bool, expiry: object) -> Problem:
    """The problem of a contract that has expired, and whose payment its path tells."""
    stated = " and ".join(contract.observations)
    message = f"has passed, and the payoff depends on the path of the underlying; give {stated}, or leave it out"
    if has_several:
        message = "has passed, and contracts on several underlyings are priced before it; leave the trade out"
    return Problem(("contract", "expiry"), message, expiry)


def _names(terms: Mapping[str, Any], market: Mapping[str, Any]) -> tuple[str, ...] | None:
    """The names of a contract's underlyings, by default all of the market; None where the market reports a mistake."""
    try:
        given = names_of(terms.get("underlyings"))
    except ValueError:  # the contract reports it
        return ()
    try:
        tables = tables_of(market.get(UNDERLYING))
        return given or names_of(list(tables) if isinstance(tables, Mapping) else ())
    except ValueError:
        return given or None


def _market(
    fields: Mapping[str, Any], names: tuple[str, ...], model: type[Contract] | None, problems: list[Problem]
) -> Market | JointMarket | None:
    if is_joint(fields):
        if model and "underlyings" not in model.model_fields:
            message = f"the {kind_of(model)} contract is on one underlying, and the market is that of several"
            problems.append(Problem(("contract", "kind"), f"{message}; choose from {', '.join(ON_SEVERAL)}, formula"))
        return joint_market(fields, names, problems)
    return validated(Market, "market", fields, problems)


def _parsed(greeks: object, contract: Contract | None, market: Market | JointMarket | None) -> tuple[Greek, ...]:
    """The Greeks wanted; ``all`` are those of the contract and the model that early exercise leaves to estimate."""
    found = _named(greeks, contract, market)
    words = [word.strip() for word in SEPARATOR.split(greeks)] if isinstance(greeks, str) else greeks
    if contract is None or not contract.is_early or not isinstance(words, list | tuple):
        return found
    asked = _named([word for word in words if word != "all"], contract, market)
    models = market.models if market else ()
    return tuple(one for one in found if one in asked or not objection_to(contract, one.parameters, models))


def _named(greeks: object, contract: Contract | None, market: Market | JointMarket | None) -> tuple[Greek, ...]:
    """The Greeks by their names; ``all`` are those of the contract and the model."""
    own = tuple(contract.values) if contract else ()
    if market is None:
        return parse_greeks(greeks, own)
    if isinstance(market, JointMarket):
        return joint_greeks(greeks, own, market)
    known = tuple(name for name in MARKET_PARAMETERS if name in market.values)
    further = (name for name in (*MODEL_PARAMETERS, *QUANTO_PARAMETERS) if name in market.values)
    return parse_greeks(greeks, (*own, *further), known)


def _remarks(market: Market | JointMarket, contract: Contract) -> Iterator[str]:
    if isinstance(market, JointMarket):
        return
    chance = market.chance_of_no_price(contract.expiry)
    if NOTABLE_CHANCE < chance < 1 and market.worth_of_dividends(contract.expiry) < market.spot:
        yield (
            f"dividends in cash take all of the price with a probability of {chance:.1g}; "
            "Greeks leave out the kink there"
        )


def _contract_model(
    terms: Mapping[str, Any], problems: list[Problem]
) -> tuple[type[Contract] | None, Mapping[str, Any]]:
    kind = str(terms.get("kind", DEFAULT_CONTRACT))
    if kind not in CONTRACTS:
        problems.append(Problem(("contract", "kind"), f"unknown contract; {did_you_mean(kind, CONTRACTS)}", kind))
        return None, terms
    return CONTRACTS[kind], {**terms, "kind": kind}
