"""Trades on several underlyings: their names, and the market that a book gives them."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from greeks_cli.book.fields import SHARED
from greeks_cli.terms.books.settings import overridden
from greeks_cli.terms.contracts.catalogue import CONTRACTS, DEFAULT_CONTRACT, ON_SEVERAL
from greeks_cli.terms.errors import Problem, did_you_mean
from greeks_cli.terms.greek import SEPARATOR
from greeks_cli.terms.markets.joint_building import problems_of_pairs
from greeks_cli.terms.markets.several import UNDERLYING, correlations_of
from greeks_cli.terms.nodes import curve_of, label_of_node, node_name
from greeks_cli.terms.underlyings import CORRELATION, names_of, pair_name

NAMES = "underlyings"
"""The field of a contract that names its underlyings."""
_IN_CORRELATIONS = re.compile(r"d\(.*\bcorrelation\b[^\[]*\)")
"""A derivative in the correlations of all pairs."""
_ONE_WAY = 'write underlyings = "A,B" in place of underlying'


@dataclass(frozen=True)
class Markets:
    """The markets of a book: the fields of each underlying, and correlations, of which later ones win."""

    tables: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    flagged: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    """The fields of underlyings that flags give."""
    correlations: tuple[object, ...] = ()

    @property
    def names(self) -> list[str]:
        """The names of all underlyings."""
        return list({**self.tables, **self.flagged})

    def of(self, name: str) -> dict[str, Any] | None:
        """The fields of an underlying; None for an unknown name."""
        if name not in self.tables and name not in self.flagged:
            return None
        return overridden(self.tables.get(name, {}), self.flagged.get(name, {}))

    def correlated(self, names: Sequence[str], own: object) -> dict[str, object]:
        """The correlations among some underlyings, by pair; ``own`` are those of a trade. Raises ValueError."""
        found: dict[str, object] = {}
        for given in (*self.correlations, *([] if own is None else [own])):
            pairs = correlations_of(given, names)
            found |= {pair_name(*pair): number for pair, number in pairs.items() if set(pair) <= set(names)}
        return found


def is_of_one_among_several(key: str) -> bool:
    """True for a key such as ``spot[A]`` or ``correlation[A,B]``."""
    return curve_of(key) != key and SHARED.get(curve_of(key)) == "market"


def gathered(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a trade, those such as ``spot[A]`` in the table of the underlying, or of the correlations."""
    found = {key: value for key, value in fields.items() if not is_of_one_among_several(key)}
    for key, value in fields.items():
        if key in found:
            continue
        of, label = curve_of(key), label_of_node(key)
        table = found.get(CORRELATION if of == CORRELATION else UNDERLYING, {})
        if not isinstance(table, Mapping):
            found[key] = value  # the trade has a number for all pairs, or one underlying: the key is unknown
        elif of == CORRELATION:
            found[CORRELATION] = {**table, label: value}
        else:
            found[UNDERLYING] = {**table, label: {**table.get(label, {}), of: value}}
    return found


def names_in(
    contract: Mapping[str, Any], own: Mapping[str, Any], markets: Markets, problems: list[Problem]
) -> tuple[str, ...]:
    """The names of the underlyings of a trade on several; none where it is on one.

    ``contract`` are the fields of the trade's contract, ``own`` all fields of the trade. A contract that is always on
    several takes all underlyings of the trade, or else of the book, where it names none.
    """
    kind = str(contract.get("kind", DEFAULT_CONTRACT))
    if kind not in CONTRACTS or NAMES not in CONTRACTS[kind].model_fields:
        return ()
    try:
        names = names_of(contract.get(NAMES))
    except ValueError as error:
        problems.append(Problem((NAMES,), str(error)))
        return ()
    if (names or kind in ON_SEVERAL) and not isinstance(own.get(UNDERLYING), Mapping | None):
        problems.append(Problem((UNDERLYING,), f"is of contracts on one; {_ONE_WAY}", own[UNDERLYING]))
    if names or kind not in ON_SEVERAL:
        return names
    tables = own.get(UNDERLYING)
    return tuple(markets.names or (tables if isinstance(tables, Mapping) else ()))


def with_names(problem: Problem, contract: Mapping[str, Any], known: Sequence[str]) -> Problem:
    """The problem of a trade that names no underlying; that of a missing vol names the remedy.

    ``contract`` are the fields of the trade's contract, ``known`` the underlyings of the book.
    """
    if not known or problem.path != ("market", "vol") or not problem.message.startswith("required"):
        return problem
    remedy, model = f'or write underlying = "{known[0]}"', CONTRACTS.get(str(contract.get("kind", DEFAULT_CONTRACT)))
    if len(known) > 1 and model and NAMES in model.model_fields:
        remedy += f', or {NAMES} = "{known[0]},{known[1]}"'
    return replace(problem, message=f"{problem.message}; {remedy}, whose market the book has")


def joint_fields(
    names: Sequence[str],
    own: Mapping[str, Any],
    markets: Markets,
    settings: Callable[[Mapping[str, Any]], Mapping[str, Any]],
    problems: list[Problem],
) -> dict[str, Any]:
    """The fields of the market of a trade on several underlyings.

    ``own`` are all fields of the trade; those of its market win over those of all underlyings. ``settings`` gives
    the fields of a market under the settings of all trades. Mistakes go to ``problems``.
    """
    given = own.get(UNDERLYING)
    tables = given if isinstance(given, Mapping) else {}
    common = {name: value for name, value in own.items() if SHARED.get(name) == "market" and name != CORRELATION}
    for name in sorted({"spot", "future"} & common.keys()):
        message = f"belongs to each underlying; write '{node_name(name, names[0])}'"
        problems.append(Problem((name,), message, common[name]))
    found: dict[str, Any] = {}
    for name in names:
        fields = markets.of(name)
        if fields is None and name not in tables:
            problems.append(Problem((NAMES,), f"no market is given for it; {did_you_mean(name, markets.names)}", name))
            continue
        of_table = {key: value for key, value in (fields or {}).items() if key != "currency"}
        found[name] = overridden(overridden(settings(of_table), common), tables.get(name, {}))
    try:
        correlation = markets.correlated(names, own.get(CORRELATION))
        pairs = {} if own.get(CORRELATION) is None else correlations_of(own[CORRELATION], names)
        known = list(dict.fromkeys((*names, *markets.names)))
        unknown = problems_of_pairs(own.get(CORRELATION), dict.fromkeys(pairs, 0.0), known)
        problems += [Problem((CORRELATION,), problem.message) for problem in unknown]
    except ValueError as error:
        problems.append(Problem((CORRELATION,), str(error)))
        correlation = {}
    shared = _shared(list(found.values()))
    own_tables = {name: {k: v for k, v in fields.items() if k not in shared} for name, fields in found.items()}
    return {**shared, UNDERLYING: own_tables, CORRELATION: correlation}


def _shared(tables: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The fields that all tables have with one value, so that a mistake in one of them is told once."""
    first = tables[0] if tables else {}
    return {key: value for key, value in first.items() if all(key in t and t[key] == value for t in tables)}


def greeks_of_one(words: object) -> object:
    """The Greeks of all trades for a trade on one underlying, which has no correlations."""
    split = SEPARATOR.split(words) if isinstance(words, str) else words
    if not isinstance(split, list | tuple):
        return words
    return [word for word in split if not (isinstance(word, str) and _IN_CORRELATIONS.fullmatch(word.strip()))]


def of_one(market: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a market without the tables of several underlyings."""
    return {name: value for name, value in market.items() if name not in (UNDERLYING, CORRELATION)}


def currency_of(names: Sequence[str], markets: Markets, problems: list[Problem]) -> dict[str, Any]:
    """The currency that all underlyings have; a problem where they have several."""
    found = {name: fields["currency"] for name in names if (fields := markets.of(name)) and "currency" in fields}
    several = list(dict.fromkeys(found.values()))
    if len(several) > 1:
        message = f"{', '.join(f'{name} is in {own}' for name, own in found.items())}; give the trade a currency"
        problems.append(Problem(("currency",), message))
    return {"currency": several[0]} if len(several) == 1 else {}
