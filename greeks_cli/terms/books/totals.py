"""Totals of a book: which trades are added up, in which measures.

Greeks of one underlying add up. Over several underlyings only money does: value, cash delta, cash gamma, vega, theta
and rho. Currencies add up by their rates alone.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from greeks_cli.terms.books.measures import Measure, measures_of
from greeks_cli.terms.books.position import TAG, Position
from greeks_cli.terms.books.trade import Line, Rejected, Trade
from greeks_cli.terms.errors import InvalidInput, Problem

TOTAL = "total"
"""Id of the row of a total, or the beginning of the id."""
_USUAL = ("underlying", "currency")


@dataclass(frozen=True, slots=True)
class Sum:
    """Sum of a measure over trades; ``stderr`` is the standard error of the sum, ``bias`` bounds its bias."""

    measure: Measure
    value: float
    stderr: float
    bias: float


@dataclass(frozen=True)
class Total:
    """Trades that are added up; ``members`` are their places among the valid trades, ``weights`` the units of each."""

    by: Mapping[str, str | None]
    """The fields that the trades have in common."""
    members: tuple[int, ...]
    weights: tuple[float, ...]
    measures: tuple[Measure, ...]
    missing: tuple[str, ...] = ()
    """The ids of rejected trades that belong to the total, which therefore has no sum."""
    unplaced: tuple[str, ...] = ()
    """The ids of rejected trades that may belong to the total, for their positions are unknown."""
    is_only: bool = False
    """True if the book has no other total."""

    def with_measures(self, measures: tuple[Measure, ...]) -> "Total":
        """The total of other measures."""
        return replace(self, measures=measures)

    @property
    def id(self) -> str:
        """The name of the row."""
        named = [f"{name}={_quoted(value)}" for name, value in self.by.items() if value or name != "currency"]
        return TOTAL if self.is_only or not named else f"{TOTAL}[{','.join(named)}]"


def totals_of(lines: Sequence[Line], by: Sequence[str] = (), rates: "Rates | None" = None) -> list[Total]:
    """The totals of a book: of each underlying and currency, of each currency, and of all in the base of the rates.

    ``by`` are fields in place of underlying and currency; the currencies of a group stay apart. Raises InvalidInput
    where no trade has a field, or a rate is missing.
    """
    book = _Book(lines)
    if unknown := [name for name in by if not any(_get(position, name) for position in book.positions)]:
        raise InvalidInput([Problem(("--total-by",), "no trade has this field", name) for name in unknown])
    groups = book.grouped(dict.fromkeys((*(by or _USUAL), "currency")))
    for key, group in book.grouped(["currency"]).items():
        if sum(key[0] in other for other in groups) > 1:
            groups[key] = group
    found = [_total(book, dict(key), group) for key, group in groups.items()]
    if rates and {position.currency for position in book.positions} - {rates.base}:
        found.append(_in_base(book, rates))
    found = found or [_total(book, {}, _Group())]
    return [replace(found[0], is_only=True)] if len(found) == 1 else found


def totals_of_currencies(lines: Sequence[Line], rates: "Rates | None" = None) -> list[Total]:
    """The totals of a book: of each currency, and of all in the base of the rates. Raises InvalidInput."""
    book = _Book(lines)
    found = [_total(book, dict(key), group) for key, group in book.grouped(["currency"]).items()]
    if rates and {position.currency for position in book.positions} - {rates.base}:
        found.append(_in_base(book, rates))
    return [replace(found[0], is_only=True)] if len(found) == 1 else found


def _quoted(value: str | None) -> str:
    """A value of a field, in quotes where it holds a sign that divides fields; nothing where there is none."""
    if value is None:
        return ""
    return json.dumps(value) if set(value) & set('",=[]') else value


@dataclass(frozen=True)
class Rates:
    """Rates of exchange: the value of one unit of each currency in the base currency."""

    base: str
    values: Mapping[str, float]

    def of(self, currency: str | None) -> float:
        """The value of one unit. Raises InvalidInput where there is no rate."""
        if currency == self.base:
            return 1.0
        if currency is None or currency not in self.values:
            name = "none" if currency is None else currency
            message = f"a trade has this currency, and [fx] no rate from it to {self.base}; add one"
            raise InvalidInput([Problem(("[fx]",), message, name)])
        return self.values[currency]


def _get(position: Position, name: str) -> str | None:
    if name in _USUAL or name.startswith(TAG):
        return position.get(name)
    choices = f"{', '.join(_USUAL)}, or {TAG}NAME"
    raise InvalidInput([Problem(("--total-by",), f"is no field to add up by; use {choices}", name)])


@dataclass
class _Group:
    """The places of valid trades with common fields, and the ids of rejected ones."""

    members: list[int] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


class _Book:
    """The lines of a book: valid trades, rejected trades, and those whose positions are unknown."""

    def __init__(self, lines: Sequence[Line]):
        self.trades = [line for line in lines if isinstance(line, Trade)]
        rejected = [line for line in lines if isinstance(line, Rejected)]
        self.unplaced = tuple(line.id for line in rejected if line.positions is None)
        self._missing = [(line.id, position) for line in rejected for position in line.positions or ()]

    @property
    def positions(self) -> list[Position]:
        """All positions that are known."""
        return [
            *(position for trade in self.trades for position in trade.positions),
            *(position for _, position in self._missing),
        ]

    @property
    def missing(self) -> list[str]:
        """The ids of the rejected trades whose positions are known."""
        return list(dict.fromkeys(name for name, _ in self._missing))

    def grouped(self, names: Iterable[str]) -> dict[tuple[tuple[str, str | None], ...], _Group]:
        """The trades by their values of some fields, in order of appearance."""
        found: dict[tuple[tuple[str, str | None], ...], _Group] = {}

        def of(position: Position) -> _Group:
            return found.setdefault(tuple((name, _get(position, name)) for name in names), _Group())

        for place, trade in enumerate(self.trades):
            for group in {id(group): group for group in map(of, trade.positions)}.values():
                group.members.append(place)
        for name, position in self._missing:
            if name not in (missing := of(position).missing):
                missing.append(name)
        return found


def _total(book: _Book, by: Mapping[str, str | None], group: _Group) -> Total:
    trades = [book.trades[place] for place in group.members]
    weights = tuple(trade.position.scale for trade in trades)
    measures = _measures(trades, by.get("underlying"))
    return Total(by, tuple(group.members), weights, measures, tuple(group.missing), book.unplaced)


def _in_base(book: _Book, rates: Rates) -> Total:
    trades = book.trades
    weights = tuple(trade.position.scale * rates.of(trade.position.currency) for trade in trades)
    measures = _measures(trades, money=True)
    return Total({"in": rates.base}, tuple(range(len(trades))), weights, measures, tuple(book.missing), book.unplaced)


def _measures(trades: Sequence[Trade], underlying: str | None = None, money: bool = False) -> tuple[Measure, ...]:
    """The measures of trades on one underlying, which is the total's or that of all trades, or of money."""
    names = {position.underlying for trade in trades for position in trade.positions}
    one = underlying or (next(iter(names)) if len(names) == 1 else None)
    is_money = money or (underlying is None and len(names) > 1)
    return measures_of([trade.request for trade in trades], one, any(names), is_money)
