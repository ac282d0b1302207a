"""Requests from keywords and typed terms, validated as those of the command line are."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from os import PathLike
from pathlib import Path
from types import UnionType
from typing import Any

from pydantic import BaseModel

from greeks_cli.book.fields import SHARED
from greeks_cli.book.keys import is_guessed, sorted_out
from greeks_cli.inputs.source import Source
from greeks_cli.terms.contracts.catalogue import CONTRACTS
from greeks_cli.terms.contracts.contract import Contract
from greeks_cli.terms.errors import InvalidInput, Problem, did_you_mean
from greeks_cli.terms.joint_axis import joint_fields
from greeks_cli.terms.markets.joint_market import JointMarket
from greeks_cli.terms.markets.market import Market
from greeks_cli.terms.markets.several import UNDERLYING
from greeks_cli.terms.request import Request
from greeks_cli.terms.units import Units

_MOST_THREADS = 1024
Terms = BaseModel | str | Mapping[str, Any] | None
"""A typed term, the kind of a contract, or fields."""


def keyword(path: tuple[str, ...]) -> str:
    """The keyword that sets a field of the request."""
    return "contract" if path == ("contract", "kind") else path[-1]


@dataclass
class Asked:
    """Source of a call's request, and the mistakes among its keywords."""

    source: Source
    problems: list[Problem]
    guessed: frozenset[str]
    """Fields that misspelt keywords seem to mean, whose values are checked as well."""

    @contextmanager
    def collected(self) -> Iterator[None]:
        """Raises InvalidInput with the mistakes among the keywords, and those of a source that fails."""
        problems = list(self.problems)
        try:
            yield
        except InvalidInput as error:
            found = [problem for problem in error.problems if not is_guessed(problem, self.guessed)]
            problems += map(_by_keyword, found)
        if problems:
            raise InvalidInput(problems)

    def request(self) -> Request:
        """The request. Raises InvalidInput with every mistake."""
        with self.collected():
            return self.source.build()


def asked(
    contract: Terms = None,
    market: Terms = None,
    greeks: object = None,
    config: str | PathLike[str] | None = None,
    fields: Mapping[str, Any] | None = None,
) -> Asked:
    """Sources in keywords, typed terms and a file; keywords win over terms, and these over the file ``config``.

    Raises InvalidInput for terms of a wrong type.
    """
    source = Source(name_of=keyword)
    require("config", config, "the name of a TOML file", str | PathLike)
    if config is not None:
        source.read_toml(Path(config))
    if isinstance(contract, str):
        source.set("contract", "kind", contract, "contract")
    else:
        source.take("contract", _terms("contract", contract, Contract))
    source.take("market", _terms("market", market, Market, JointMarket))
    given = {name: plain(value) for name, value in (fields or {}).items() if value is not None}
    tables = {name: given.pop(name) for name in (UNDERLYING,) if name in given}
    own, problems = sorted_out(given)
    for name, value in {**own, **tables}.items():
        section = "market" if name in tables else SHARED.get(name, "contract")
        if section == "position" or name in ("id", "grid"):
            problems.append(Problem((name,), "belongs to a trade of a book; write it in a row of greeks.batch", value))
        else:
            source.set(section, name, value, name)
    if greeks is not None:
        source.greeks, source.places[("greeks",)] = greeks, "greeks"
    return Asked(source, problems, frozenset(own.keys() - given.keys()))


def _terms(name: str, given: Terms, *models: type[BaseModel]) -> dict[str, Any]:
    """The fields of a contract or a market. Raises InvalidInput."""
    if given is None:
        return {}
    if isinstance(given, Mapping):
        return {key: plain(value) for key, value in given.items()}
    if isinstance(given, JointMarket) and JointMarket in models:
        return joint_fields(given)
    if isinstance(given, models):
        return fields_of(given)
    classes = " or ".join(f"greeks.{model.__name__}" for model in models)
    remedy = f"; or one of {', '.join(CONTRACTS)}" if name == "contract" else ""
    raise InvalidInput([Problem((name,), f"a {classes} or a mapping of fields is wanted{remedy}", given)])


def fields_of(term: BaseModel) -> dict[str, Any]:
    """The fields of a typed term that were stated, and the kind of a contract."""
    stated = {*term.model_fields_set, *({"kind"} if isinstance(term, Contract) else ())}
    return {name: getattr(term, name) for name in type(term).model_fields if name in stated}


def plain(value: Any) -> Any:
    """The value with Python's own numbers, lists and dates in place of NumPy's and pandas'."""
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, Mapping):
        return {plain(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value


def _by_keyword(problem: Problem) -> Problem:
    """The problem of an option as that of the keyword of the same name."""
    place = str(problem.path[0]) if problem.path else ""
    named = place[2:].replace("-", "_") if place.startswith("--") else place
    return replace(problem, path=(named, *problem.path[1:]))


def require(name: str, value: object, wanted: str, kinds: type | UnionType) -> None:
    """Raise InvalidInput for an argument that is not of the types wanted, unless it is left out."""
    if value is not None and not isinstance(value, kinds):
        raise InvalidInput([Problem((name,), f"{wanted} is wanted", value)])


def threads_of(threads: object) -> int | None:
    """The number of threads; None for one on each core. Raises InvalidInput."""
    if threads is None:
        return None
    number = plain(threads)
    if isinstance(number, int) and not isinstance(number, bool) and 1 <= number <= _MOST_THREADS:
        return number
    raise InvalidInput([Problem(("threads",), f"a whole number from 1 to {_MOST_THREADS:,} is wanted", threads)])


def units_of(units: str) -> Units:
    """The units by their name. Raises InvalidInput."""
    try:
        return Units(units)
    except ValueError:
        raise InvalidInput([Problem(("units",), did_you_mean(str(units), map(str, Units)), units)]) from None
