"""Explained profit and loss of a book, in amounts: of each trade, and in total of each currency."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import hypot

from greeks_cli.terms.books.book_row import TradeRow
from greeks_cli.terms.books.pnl import Day, Explanation, Form, added, explanation
from greeks_cli.terms.greek import parse_greek
from greeks_cli.terms.units import Units

_ALWAYS = ("explained", "change", "left")


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount of money with its standard error and a bound on its bias."""

    value: float
    stderr: float
    bias: float


Amounts = Callable[[Sequence[Form]], Sequence[Amount]]
"""The amounts of linear forms of Greeks of both runs."""


@dataclass(frozen=True, slots=True)
class Part:
    """Part of a change in value that one Greek, or a change of the position, explains."""

    name: str
    amount: Amount


@dataclass(frozen=True)
class Explained:
    """Change in value of one position, in amounts."""

    id: str
    currency: str | None
    moves: Mapping[str, float]
    """The change of each parameter that moved."""
    parts: tuple[Part, ...]
    explained: Amount
    """The sum of all parts."""
    change: Amount
    """Today's value less yesterday's."""
    left: Amount
    """The change that no part explains."""
    notes: tuple[str, ...]


@dataclass(frozen=True)
class TotalExplained:
    """Change in value of all trades in one currency, in amounts."""

    currency: str | None
    trades: tuple[Explained, ...]
    parts: tuple[Part, ...]
    explained: Amount
    change: Amount
    left: Amount

    def largest(self, name: str) -> tuple[Explained, Amount]:
        """The trade of which a part explains most, and the amount."""
        parts = ((trade, part.amount) for trade in self.trades for part in trade.parts if part.name == name)
        return max(parts, key=lambda pair: abs(pair[1].value))


@dataclass(frozen=True)
class BookExplained:
    """Change in value of a book between two runs; ``failed`` are the ids of trades without a result in one."""

    trades: tuple[Explained, ...]
    totals: tuple[TotalExplained, ...]
    """The totals of each currency, in order of appearance."""
    failed: tuple[str, ...]


def explain_book(old: Sequence[TradeRow], new: Sequence[TradeRow], amounts: Amounts | None = None) -> BookExplained:
    """The explanation of every trade of two runs of a book; ``amounts`` are by default those of the rows.

    Raises InvalidInput for rows of another version.
    """
    before, after = {row.id: row for row in old}, {row.id: row for row in new}
    failed = dict.fromkeys(row.id for row in (*old, *new) if row.error is not None)
    names = [name for name in dict.fromkeys((*before, *after)) if name not in failed]
    trades = [one for name in names for one in _in_each_currency(before.get(name), after.get(name))]
    groups = {name: [n for n, one in enumerate(trades) if one.currency == name] for name in _currencies(trades)}
    forms = [_forms(one) for one in trades]
    sums = [_summed([forms[number] for number in group]) for group in groups.values()]
    found = iter((amounts or of_rows(old, new))([form for own in (*forms, *sums) for form in own.values()]))
    explained = tuple(
        Explained(one.id, one.currency, one.moves, *_amounts(own, found), one.notes)
        for one, own in zip(trades, forms, strict=True)
    )
    totals = (
        TotalExplained(name, tuple(explained[number] for number in group), *_amounts(own, found))
        for (name, group), own in zip(groups.items(), sums, strict=True)
    )
    return BookExplained(explained, tuple(totals), tuple(failed))


def _currencies(trades: Sequence[Explanation]) -> dict[str | None, None]:
    return dict.fromkeys(trade.currency for trade in trades)


def _forms(one: Explanation) -> dict[str, Form]:
    """The forms of a trade by name: its parts, their sum, the change and what is left of it."""
    explained = added(one.parts.values())
    left = added([one.change, {name: -weight for name, weight in explained.items()}])
    return {**one.parts, **dict(zip(_ALWAYS, (explained, one.change, left), strict=True))}


def _summed(forms: Sequence[Mapping[str, Form]]) -> dict[str, Form]:
    """The sums of forms by name, those of all trades last."""
    names = dict.fromkeys(name for own in forms for name in own if name not in _ALWAYS)
    return {name: added(own[name] for own in forms if name in own) for name in (*names, *_ALWAYS)}


def _amounts(forms: Mapping[str, Form], found: Iterator[Amount]) -> tuple[tuple[Part, ...], Amount, Amount, Amount]:
    """The parts, and the amounts of all parts, of the change, and of what is left."""
    own = {name: next(found) for name in forms}
    explained, change, left = (own.pop(name) for name in _ALWAYS)
    return tuple(Part(name, amount) for name, amount in own.items()), explained, change, left


def _in_each_currency(old: TradeRow | None, new: TradeRow | None) -> list[Explanation]:
    """The explanation of a trade; one whose currency has changed is closed in the first and new in the other."""
    if old is None or new is None or old.position.currency == new.position.currency:
        return [explanation(old, new)]
    return [explanation(old, None), explanation(None, new)]


def of_rows(old: Sequence[TradeRow], new: Sequence[TradeRow]) -> Amounts:
    """Amounts of forms by the estimates of rows.

    Errors of the same seed are added, for their correlation is unknown; those of other seeds are independent.
    """
    rows = {**{(Day.OLD, row.id): row for row in old}, **{(Day.NEW, row.id): row for row in new}}

    @cache
    def values(day: Day, name: str) -> Mapping[str, float]:
        return rows[day, name].request().values

    @cache
    def estimate(day: Day, name: str, greek: str) -> Amount:
        row = rows[day, name]
        return _raw(row, greek, values(day, name) if row.units is not Units.RAW else {})

    def amount(form: Form) -> Amount:
        value, bias, of_seeds = 0.0, 0.0, dict[int, float]()
        for name, weight in form.items():
            one, seed = estimate(*name), int(rows[name[:2]].simulation.get("seed", 0))
            value += weight * one.value
            bias += abs(weight) * one.bias
            of_seeds[seed] = of_seeds.get(seed, 0.0) + abs(weight) * one.stderr
        return Amount(value, hypot(*of_seeds.values()), bias)

    return lambda forms: [amount(form) for form in forms]


def _raw(row: TradeRow, name: str, values: Mapping[str, float]) -> Amount:
    """An estimate of a row, raw and of one unit of the position, at the parameters' values."""
    found = row[name]
    factor = row.position.scale * row.units.scale(parse_greek(name), values)
    if not factor:
        return Amount(0.0, 0.0, 0.0)
    return Amount(found.value / factor, found.stderr / abs(factor), found.bias / abs(factor))
