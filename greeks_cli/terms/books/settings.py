"""Settings that trades share: later settings over earlier ones, and the mistakes that concern every trade."""

from collections.abc import Mapping
from typing import Any

from greeks_cli.terms.accuracy import Accuracy
from greeks_cli.terms.dates.dating import Dating, curves_in_years
from greeks_cli.terms.errors import InvalidInput, Problem
from greeks_cli.terms.greek import parse_greeks
from greeks_cli.terms.markets.market import Market
from greeks_cli.terms.markets.models import foreign_of, with_samples
from greeks_cli.terms.markets.several import UNDERLYING, Several
from greeks_cli.terms.quote import GIVES, Quote
from greeks_cli.terms.simulation import Simulation
from greeks_cli.terms.validation import validated

DISPLACED_BY = {
    "width": ("beta",),
    "beta": ("width",),
    "smoothing": ("width", "beta"),
    "future": ("spot", "dividend_yield", "borrow", "dividends"),
    "spot": ("future",),
    **{name: (parameter,) for name, parameter in GIVES.items()},
    **{parameter: (name,) for name, parameter in GIVES.items()},
}
"""Settings that a later setting replaces, because the two exclude each other."""


def displaced_by(name: str, value: object, earlier: Mapping[str, Any]) -> set[str]:
    """The earlier settings that a later one replaces; a model replaces the parameters of other models."""
    if name == "model":
        return {one.name for one in foreign_of({**earlier, "model": value})}
    return {*DISPLACED_BY.get(name, ())}


def overridden(earlier: Mapping[str, Any], later: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of a section, overridden by later ones, which also remove the settings that they exclude."""
    if not later:
        return dict(earlier)
    displaced = {other for name, value in later.items() for other in displaced_by(name, value, earlier)} - later.keys()
    return {**{name: value for name, value in earlier.items() if name not in displaced}, **later}


def problems_of_several(market: Mapping[str, Any]) -> list[Problem]:
    """Mistakes in the tables of several underlyings and in their correlations, whatever the contract."""
    problems: list[Problem] = []
    given = {name: market[name] for name in Several.model_fields if market.get(name) is not None}
    several = validated(Several, "market", given, problems)
    for name, table in several.underlying.items() if several else ():
        for problem in _problems_of_table(table):
            message = f"{name}: {problem.path[-1]}: {problem.message}"
            problems.append(Problem(("market", UNDERLYING, name), message, problem.value))
    return problems


def _problems_of_table(table: Mapping[str, Any]) -> list[Problem]:
    try:
        check_shared({"market": table}, "delta")
    except InvalidInput as error:
        return list(error.problems)
    return []


def check_shared(sections: Mapping[str, Mapping[str, Any]], greeks: object) -> None:
    """Raise InvalidInput for settings that are wrong whatever the contract."""
    problems: list[Problem] = []
    market = {name: value for name, value in sections.get("market", {}).items() if name not in Several.model_fields}
    problems += problems_of_several(sections.get("market", {}))
    dating = validated(Dating, "dates", sections.get("dates", {}), problems)
    curved = curves_in_years({name: value for name, value in market.items() if name not in GIVES}, dating or Dating())
    if dating and dating.valuation_date:  # else each trade has its own, or a mistake
        problems += curved.problems
    unchecked = {problem.path[-1] for problem in curved.problems}
    unchecked |= {one.name for one in foreign_of(curved.fields)}  # a trade may have a model of its own
    checked = curved.fields.keys() - unchecked
    plain = {name: value for name, value in curved.fields.items() if name in checked}
    validated(Market, "market", with_samples(plain), problems)
    validated(Quote, "market", {name: value for name, value in market.items() if name in GIVES}, problems)
    validated(Simulation, "simulation", sections.get("simulation", {}), problems)
    validated(Accuracy, "accuracy", sections.get("accuracy", {}), problems)
    try:
        parse_greeks(greeks)
    except ValueError as error:
        problems.append(Problem(("greeks",), str(error)))
    # A rule about several fields can be checked only with the fields of each trade.
    if problems := [problem for problem in problems if len(problem.path) > 1 or problem.path == ("greeks",)]:
        raise InvalidInput(problems)
