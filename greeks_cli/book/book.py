"""From records to trades: settings inherited, grids expanded, everything validated before the first path."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

from greeks_cli.book.records import Record, Sheet
from greeks_cli.terms.accuracy import Accuracy
from greeks_cli.terms.axis import spaced
from greeks_cli.terms.contracts import CONTRACTS
from greeks_cli.terms.errors import InvalidInput, Problem, did_you_mean
from greeks_cli.terms.market import Market
from greeks_cli.terms.request import DEFAULT_GREEKS, SECTIONS, build_request, check_shared, overridden
from greeks_cli.terms.simulation import Simulation
from greeks_cli.terms.trade import Rejected, Trade

_MOST_TRADES = 1_000_000
_SHARED = dict.fromkeys(Market.model_fields, "market")
_SHARED |= dict.fromkeys(Simulation.model_fields, "simulation")
_SHARED |= dict.fromkeys(Accuracy.model_fields, "accuracy")
_SEVERAL = ("param", "tol")
"""Fields of several entries, which a cell of CSV separates by semicolons."""
FIELDS = sorted({"id", "greeks", "grid", *_SHARED, *(name for c in CONTRACTS.values() for name in c.model_fields)})
"""Everything that a trade may say."""


@dataclass(frozen=True)
class Settings:
    """What holds for every trade that does not say otherwise."""

    sections: Mapping[str, Mapping[str, Any]]
    greeks: object = None

    def under(self, other: "Settings") -> "Settings":
        """These settings, overridden by others."""
        sections = {n: overridden(self.sections.get(n, {}), other.sections.get(n, {})) for n in SECTIONS}
        return Settings(sections, self.greeks if other.greeks is None else other.greeks)


def trades_of(sheets: Sequence[Sheet], defaults: Settings, overrides: Settings) -> list[Trade | Rejected]:
    """Every trade of the sheets. ``overrides`` win over what a sheet says for all, a trade's own fields over both.

    Raises InvalidInput where there is no trade, or where a grid is no grid.
    """
    found: list[Trade | Rejected] = []
    number = 0
    for sheet in sheets:
        check_settings(Settings(sheet.settings, sheet.greeks), sheet.file)
        settings = defaults.under(Settings(sheet.settings, sheet.greeks)).under(overrides)
        for record in sheet.records:
            number += 1
            for suffix, fields in _expanded(record, sheet):
                found.append(_trade(f"{_name(record, number)}{suffix}", fields, record, settings))
    if not found:
        files = ", ".join(sheet.file for sheet in sheets)
        raise InvalidInput([Problem((files,), "no trades; write [[trade]] tables, lines or rows")])
    return _distinct(found)


def _name(record: Record, number: int) -> str:
    """What the trade's result is called: its id, else its number in the book."""
    name = record.fields.get("id", number)
    text = str(name)
    if isinstance(name, bool) or not isinstance(name, str | int) or not text.strip() or not text.isprintable():
        message = "an id is a word or a whole number, on one line; it is the name of the result"
        raise InvalidInput([Problem((f"{record.place('id')}: id",), message, repr(name))])
    return text


def check_settings(settings: Settings, place: str) -> None:
    """Raise InvalidInput for what would be wrong in every trade, once and with its own place."""
    try:
        check_shared(settings.sections, settings.greeks or "delta")
    except InvalidInput as error:
        raise InvalidInput([_in_section(problem, place) for problem in error.problems]) from None


def _in_section(problem: Problem, place: str) -> Problem:
    section, *field = map(str, problem.path)
    return Problem((" ".join([f"{place}: [{section}]", *field]),), problem.message, problem.value, problem.detail)


def _expanded(record: Record, sheet: Sheet) -> Iterator[tuple[str, dict[str, Any]]]:
    """A record at every point of its grid, and what to add to its name there."""
    own = record.fields.get("grid", {})
    if not isinstance(own, Mapping):
        raise InvalidInput([Problem((f"{record.place('grid')}: grid",), "a table of lists is wanted", own)])
    fields = {name: value for name, value in record.fields.items() if name not in ("grid", "id")}
    axes = {name: _axis(name, values, record) for name, values in {**sheet.grid, **own}.items()}
    if prod(len(axis) for axis in axes.values()) > _MOST_TRADES:
        raise InvalidInput([Problem((f"{record.file}: [grid]",), f"more than {_MOST_TRADES:,} trades; use fewer")])
    for point in product(*axes.values()):
        at = dict(zip(axes, point, strict=True))
        yield f"[{','.join(f'{name}={value}' for name, value in at.items())}]" if at else "", {**fields, **at}


def _axis(name: str, values: object, record: Record) -> list[Any]:
    if name not in FIELDS or name in ("id", "grid"):
        raise InvalidInput([Problem((f"{record.file}: [grid] {name}",), f"unknown key; {did_you_mean(name, FIELDS)}")])
    if isinstance(values, list) and values:
        return values
    try:
        return spaced(str(values))
    except ValueError:
        message = "a list is wanted, or start:stop:count such as '80:120:5'"
        raise InvalidInput([Problem((f"{record.file}: [grid] {name}",), message, values)]) from None


def _trade(name: str, fields: Mapping[str, Any], record: Record, settings: Settings) -> Trade | Rejected:
    sections = {section: dict(settings.sections.get(section, {})) for section in SECTIONS}
    if fields.get("kind", sections["contract"].get("kind", "european")) != sections["contract"].get("kind", "european"):
        sections["contract"] = {}  # what all Asians have in common is not meant for this digital
    problems = []
    own: dict[str, dict[str, Any]] = {section: {} for section in SECTIONS}
    greeks = DEFAULT_GREEKS if settings.greeks is None else settings.greeks
    for key, value in fields.items():
        if key == "greeks":
            greeks = value
        elif key not in FIELDS:
            problems.append(Problem((key,), f"unknown key; {did_you_mean(key, FIELDS)}"))
        else:
            several = key in _SEVERAL and isinstance(value, str)
            own[_SHARED.get(key, "contract")][key] = value.split(";") if several else value
    sections = {name: overridden(shared, own[name]) for name, shared in sections.items()}
    try:
        if problems:
            raise InvalidInput(problems)
        return Trade(name, build_request(**sections, greeks=greeks))
    except InvalidInput as error:
        return Rejected(name, tuple(_placed(problem, name, record) for problem in error.problems))


def _placed(problem: Problem, name: str, record: Record) -> Problem:
    field = str(problem.path[-1]) if problem.path else ""
    place = f"{record.place(field)}: trade '{name}'"
    return Problem((f"{place}: {field}" if field else place,), problem.message, problem.value, problem.detail)


def _distinct(trades: list[Trade | Rejected]) -> list[Trade | Rejected]:
    often = {name for name, count in Counter(trade.id for trade in trades).items() if count > 1}
    if not often:
        return trades
    message = "several trades have this id; give each its own, for it is the name of its result"
    raise InvalidInput([Problem(("id",), message, name) for name in sorted(often)])
