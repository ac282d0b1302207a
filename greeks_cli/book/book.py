"""Trades from records: settings are inherited, grids expanded, and all trades validated before the first path."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from greeks_cli.book.common import Common, Settings, in_sections, markets_together, shared_of
from greeks_cli.book.fields import FIELDS, SHARED
from greeks_cli.book.grid import axes_of, few_enough, points
from greeks_cli.book.joint_trades import currency_of, gathered, greeks_of_one, joint_fields, names_in, with_names
from greeks_cli.book.keys import by_section, is_guessed, sorted_out, without_tags
from greeks_cli.book.record import Record
from greeks_cli.book.records import Sheet
from greeks_cli.book.underlyings import seed_of
from greeks_cli.terms.books.position import Position, build_position, positions_in
from greeks_cli.terms.books.settings import overridden
from greeks_cli.terms.books.trade import ReadLine, Rejected, Trade, UnsolvedTrade, problems_of
from greeks_cli.terms.contracts.catalogue import DEFAULT_CONTRACT
from greeks_cli.terms.errors import InvalidInput, Problem, did_you_mean, printable
from greeks_cli.terms.quote import GIVES
from greeks_cli.terms.request import DEFAULT_GREEKS, SECTIONS
from greeks_cli.terms.unsolved import Unsolved, build_from_quote


def trades_of(sheets: Sequence[Sheet], common: Sheet, overrides: Settings) -> list[ReadLine]:
    """Trades of the sheets. The fields of a trade win over ``overrides``, these over the settings of its sheet, and
    these over ``common``.

    Raises InvalidInput where there is no trade, and with every problem where one concerns all trades.
    """
    problems = [*common.problems, *in_sections(common)]
    underlyings = markets_together([common, *sheets], overrides, problems)
    groups: list[Group] = []
    for sheet in sheets:
        problems += [*sheet.problems, *in_sections(sheet)]
        shared = shared_of(common, sheet, overrides, underlyings, problems)
        groups += [group_of(record, len(groups) + n, shared) for n, record in enumerate(sheet.records, start=1)]
    groups = _distinct(groups)
    trades = [trade for group in groups for trade in group.trades]
    if problems or (trades and all(group.unread for group in groups)):
        raise InvalidInput([*problems, *problems_of(trades)])
    if not trades:
        files = ", ".join(sheet.file for sheet in sheets)
        raise InvalidInput([Problem((files,), "no trades; write [[trade]] tables, lines or rows")])
    return trades


@dataclass(frozen=True)
class Group:
    """The trades of one record."""

    record: Record
    number: int
    trades: Sequence[ReadLine]
    unread: bool = False
    """True if one rejected trade stands for the record, which is unreadable or has an id that is there twice."""

    def unreadable(self, problems: Sequence[Problem], positions: tuple[Position, ...] | None = None) -> "Group":
        """A group of one rejected trade, named by the place of the record because its id cannot be used."""
        name = printable(f"{self.record.place()} (#{self.number})")
        return Group(self.record, self.number, [Rejected(name, tuple(problems), positions)], unread=True)


def group_of(record: Record, number: int, common: Common) -> Group:
    """Trades of a record, one at every point of its grid."""
    problems = list(_unreadable(record))
    own = record.fields.get("grid", {})
    if isinstance(own, Mapping):
        own_axes = axes_of(own, lambda _: record.place("grid"), problems)
        axes = few_enough({**common.grid, **own_axes}, record.place("grid"), problems)
    if problems:
        return Group(record, number, ()).unreadable(problems)
    name = str(record.fields.get("id", number))
    fields = {field: value for field, value in record.fields.items() if field not in ("grid", "id")}
    trades = [_trade(f"{name}{suffix}", {**fields, **at}, record, common) for suffix, at in points(axes)]
    return Group(record, number, trades)


def _unreadable(record: Record) -> Iterator[Problem]:
    """Problems that leave a record without trades: its text, its id or its grid cannot be used."""
    if record.problem:
        yield Problem((record.place(),), record.problem)
    name = record.fields.get("id", "")
    if "id" in record.fields and not _is_name(name):
        message = "an id is a word or a whole number, on one line; it is the name of the result"
        yield Problem((f"{record.place('id')}: id",), message, repr(name))
    if not isinstance(own := record.fields.get("grid", {}), Mapping):
        yield Problem((f"{record.place('grid')}: grid",), "a table of lists is wanted", own)


def _is_name(name: object) -> bool:
    text = str(name)
    return isinstance(name, str | int) and not isinstance(name, bool) and bool(text.strip()) and text.isprintable()


def _trade(name: str, fields: Mapping[str, Any], record: Record, common: Common) -> ReadLine:
    fields, tags = without_tags(gathered(fields), common.passthrough)
    own, problems = sorted_out(fields)
    guessed = own.keys() - fields.keys()
    contract = _contract(fields, own, common)
    names = names_in(contract, own, common.underlyings, problems)
    position, of_underlying = _position(by_section(own).get("position", {}), tags, names, common, problems)
    settings = common.of_market(of_underlying)
    sections = _sections(own, settings, contract)
    if names:
        sections["contract"]["underlyings"] = names
        sections["market"] = joint_fields(names, own, common.underlyings, common.market_of, problems)
    of_all = settings.greeks if names else greeks_of_one(settings.greeks)
    greeks = own.get("greeks", DEFAULT_GREEKS if of_all is None else of_all)
    placed = None
    try:
        placed = build_position(position)
    except InvalidInput as error:
        problems += [one for one in error.problems if not is_guessed(one, guessed)]
    try:
        request = build_from_quote(**sections, greeks=greeks)
    except InvalidInput as error:
        found = [one for one in error.problems if not is_guessed(one, guessed)]
        if any(problem.path in (("underlying",), ("underlyings",)) for problem in problems):
            # Its market is what is missing.
            found = [one for one in found if one.path[:1] != ("market",) and one.path[-1] != "underlyings"]
        if not names and position.get("underlying") is None:
            found = [with_names(one, contract, common.underlyings.names) for one in found]
        problems += [one for one in found if one.path not in common.wrong or str(one.path[-1]) in fields]
        request = None
    if request is None or problems or placed is None:
        hidden = placed is None or _hides_a_position(fields, guessed, problems)
        positions = None if hidden or placed is None else positions_in(placed, names)
        return Rejected(name, tuple(_placed(problem, name, record) for problem in problems), positions)
    shown = request.request if isinstance(request, Unsolved) else request
    if (named := ",".join(names) or placed.underlying) and "seed" not in own:
        request = request.with_seed(seed_of(shown.simulation.seed, named, shown.contract.dates))
    tables = sections["market"]["underlying"].values() if names else ({},)
    defaults = frozenset(name for own in tables for name in _left_to_defaults({**sections["market"], **own}))
    if isinstance(request, Unsolved):
        places = {field: _place(field, name, record) for field in GIVES}
        return UnsolvedTrade(name, request, placed, defaults, places)
    return Trade(name, request, placed, defaults)


def _contract(fields: Mapping[str, Any], own: Mapping[str, Any], common: Common) -> dict[str, Any]:
    """The fields of a trade's contract, its own and those of all trades of the kind."""
    shared = common.settings.sections.get("contract", {})
    kind = shared.get("kind", DEFAULT_CONTRACT)
    # Settings shared by all Asians do not apply to a digital.
    return overridden(shared if fields.get("kind", kind) == kind else {}, by_section(own).get("contract", {}))


def _sections(own: Mapping[str, Any], settings: Settings, contract: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The fields of a trade by section, its own over those of all trades."""
    in_sections = by_section(own)
    found = {name: overridden(settings.sections.get(name, {}), in_sections.get(name, {})) for name in SECTIONS}
    return found | {"contract": contract}


def _left_to_defaults(market: Mapping[str, Any]) -> set[str]:
    """The fields that nobody states, of those whose defaults are told."""
    return {"spot", "rate"} - market.keys() - ({"spot"} if "future" in market else set())


def _hides_a_position(fields: Mapping[str, Any], guessed: Collection[str], problems: Sequence[Problem]) -> bool:
    """True if an unknown key may be a field of the position, or the market of the underlying is missing."""
    if len(fields.keys() - FIELDS) > len(guessed) or any(SHARED.get(key) == "position" for key in guessed):
        return True
    return any(problem.path == ("underlying",) for problem in problems)


def _position(
    own: Mapping[str, Any],
    tags: Mapping[str, Any],
    names: Sequence[str],
    common: Common,
    problems: list[Problem],
) -> tuple[dict[str, Any], Mapping[str, Any]]:
    """The fields of a position, and the market of its underlying; ``names`` are those of several underlyings.

    A trade's own fields win over those of its underlying, these over those of all trades, as in the market.
    """
    shared = common.settings.sections.get("position", {})
    own_tags = shared.get("tags", {})
    merged = own.get("tags", {**own_tags, **tags} if isinstance(own_tags, Mapping) else own_tags)
    if names:
        given = {} if "currency" in own else currency_of(names, common.underlyings, problems)
        stated = {**shared, **given, **own, "tags": merged}
        return {key: value for key, value in stated.items() if key != "underlying"}, {}
    name = own.get("underlying", shared.get("underlying"))
    market: dict[str, Any] = {}
    if name is not None and common.underlyings.names:
        found = common.underlyings.of(str(name).strip())
        if found is None:
            remedy = _remedy(str(name), common.underlyings.names)
            problems.append(Problem(("underlying",), f"no market is given for it; {remedy}", name))
        market = dict(found or {})
    currency = {"currency": market.pop("currency")} if "currency" in market else {}
    return {**shared, **currency, **own, "tags": merged}, market


def _remedy(name: str, known: Sequence[str]) -> str:
    """The remedy for an unknown name of an underlying."""
    if "," in name or ";" in name:
        return "several are those of contracts such as spread, in the field underlyings"
    return did_you_mean(name, known)


def _placed(problem: Problem, name: str, record: Record) -> Problem:
    of_table = problem.path[:2] == ("market", "underlying")
    field = "underlying" if of_table else str(problem.path[-1]) if problem.path else ""
    return Problem((_place(field, name, record),), problem.message, problem.value, problem.detail)


def _place(field: str, name: str, record: Record) -> str:
    place = f"{record.place(field)}: trade '{name}'"
    return f"{place}: {field}" if field else place


def _distinct(groups: Sequence[Group]) -> list[Group]:
    """The groups; one with an id that another trade has becomes a rejected trade, because ids name results."""
    often = Counter(trade.id for group in groups for trade in group.trades)
    return [_set_aside(group, often) for group in groups]


def _set_aside(group: Group, often: Mapping[str, int]) -> Group:
    twice = next((trade.id for trade in group.trades if often[trade.id] > 1), None)
    if twice is None:
        return group
    message = "several trades have this id; give each its own, for it is the name of its result"
    own = [one.positions if isinstance(one, Rejected) else (one.position,) for one in group.trades]
    positions = None if None in own else tuple(position for some in own for position in some or ())
    problems = [Problem((f"{group.record.place('id')}: id",), message, twice), *problems_of(group.trades)]
    return group.unreadable(problems, positions)
