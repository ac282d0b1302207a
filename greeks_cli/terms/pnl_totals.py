"""Explanation of the profit and loss of a book: of each trade, and in total of each currency."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import hypot

from greeks_cli.terms.book_row import TradeRow
from greeks_cli.terms.pnl import NOTHING, Amount, Explained, Part, explained


@dataclass(frozen=True)
class BookExplained:
    """The change in value of a book between two runs; ``failed`` are the ids of trades without a result in one."""

    trades: tuple[Explained, ...]
    failed: tuple[str, ...]

    @property
    def totals(self) -> list["TotalExplained"]:
        """The explanation of each currency, in order of appearance."""
        currencies = dict.fromkeys(trade.currency for trade in self.trades)
        return [TotalExplained.of(name, [one for one in self.trades if one.currency == name]) for name in currencies]


@dataclass(frozen=True)
class TotalExplained:
    """The change in value of all trades in one currency."""

    currency: str | None
    trades: tuple[Explained, ...]
    parts: tuple[Part, ...]
    explained: Amount
    change: Amount
    left: Amount

    @classmethod
    def of(cls, currency: str | None, trades: Sequence[Explained]) -> "TotalExplained":
        """The sums over trades; paths of different seeds are independent."""
        names = dict.fromkeys(part.name for trade in trades for part in trade.parts)
        parts = (Part(name, _summed(trades, lambda trade, name=name: _part(trade, name))) for name in names)  # type: ignore[misc]
        explained = _summed(trades, lambda trade: trade.explained)
        change, left = _summed(trades, lambda trade: trade.change), _summed(trades, lambda trade: trade.left)
        return cls(currency, tuple(trades), tuple(parts), explained, change, left)

    def largest(self, name: str) -> Explained:
        """The trade of which a part explains most."""
        return max(self.trades, key=lambda trade: abs(_part(trade, name).value))


def _part(trade: Explained, name: str) -> Amount:
    return next((part.amount for part in trade.parts if part.name == name), NOTHING)


def _summed(trades: Sequence[Explained], amount: Callable[[Explained], Amount]) -> Amount:
    of_seeds: dict[int, float] = {}
    for trade in trades:
        of_seeds[trade.seed] = of_seeds.get(trade.seed, 0.0) + amount(trade).stderr
    found = [amount(trade) for trade in trades]
    return Amount(sum(a.value for a in found), hypot(*of_seeds.values()), sum(a.bias for a in found))


def explain_book(old: Sequence[TradeRow], new: Sequence[TradeRow]) -> BookExplained:
    """The explanation of every trade of two runs of a book. Raises InvalidInput for rows of another version."""
    before, after = {row.id: row for row in old}, {row.id: row for row in new}
    failed = [row.id for row in (*old, *new) if row.error is not None]
    names = [name for name in dict.fromkeys((*before, *after)) if name not in failed]
    trades = tuple(one for name in names for one in _in_each_currency(before.get(name), after.get(name)))
    return BookExplained(trades, tuple(dict.fromkeys(failed)))


def _in_each_currency(old: TradeRow | None, new: TradeRow | None) -> list[Explained]:
    """The explanation of a trade; one whose currency has changed is closed in the first and new in the other."""
    if old is None or new is None or old.position.currency == new.position.currency:
        return [explained(old, new)]
    return [explained(old, None), explained(None, new)]
