"""Formats of an explained profit and loss: a table, JSON Lines, CSV."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from typing import Any

from greeks_cli.report.text.grid import Grid
from greeks_cli.report.text.screen import Screen
from greeks_cli.report.text.table import plain, rounded, text_of
from greeks_cli.terms.books.pnl_totals import Amount, BookExplained, Explained, Part, TotalExplained
from greeks_cli.terms.units import CURRENCY

_MOST_TRADES = 10
_HIDDEN = 0.1
"""The error of the change, over what is explained, beyond which little can be said of the rest."""
_FORMATS = ("table", "jsonl", "csv")
_SUMS = ("explained", "change", "left")


def render(found: BookExplained, form: str, screen: Screen) -> str:
    """Text of an explanation in a format, ``table``, ``jsonl`` or ``csv``."""
    match form:
        case "jsonl":
            return "".join(json.dumps(record, allow_nan=False) + "\n" for record in records(found))
        case "csv":
            return _csv(found)
    return "\n".join(_table(total, screen) for total in found.totals) + _missing(found, screen)


def records(found: BookExplained) -> Iterator[dict[str, Any]]:
    """A record for each trade, and for each currency."""
    for trade in found.trades:
        yield {
            "id": trade.id,
            "currency": trade.currency,
            "moves": dict(trade.moves),
            **_amounts(trade),
            **({"notes": list(trade.notes)} if trade.notes else {}),
        }
    for total in found.totals:
        name = "total" if total.currency is None else f"total[currency={total.currency}]"
        yield {"id": name, "currency": total.currency, "trades": len(total.trades), **_amounts(total)}


def _amounts(one: Explained | TotalExplained) -> dict[str, Any]:
    parts = [{"name": part.name, **_document(part.amount)} for part in one.parts]
    return {"parts": parts, **{name: _document(getattr(one, name)) for name in _SUMS}}


def _document(amount: Amount) -> dict[str, float]:
    return {"value": amount.value, "stderr": amount.stderr, "bias": amount.bias}


def rows(found: BookExplained) -> Iterator[dict[str, Any]]:
    """A row for each part and each sum of every trade and total."""
    for record in records(found):
        named = [*record["parts"], *({"name": name, **record[name]} for name in _SUMS)]
        for part in named:
            yield {"id": record["id"], "currency": record["currency"], **part}


def _csv(found: BookExplained) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, ["id", "currency", "name", "value", "stderr", "bias"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows(found))
    return text.getvalue()


def _table(total: TotalExplained, screen: Screen) -> str:
    """Table of what each Greek explains of one currency, then of the trades of which most is left."""
    money = total.currency or CURRENCY
    grid = Grid(["explained by", money, "stderr", "bias", "most by"], left=("most by",))
    for part in sorted(total.parts, key=lambda part: -abs(part.amount.value)):
        most, amount = total.largest(part.name)
        grid.add(*_cells(part), f"{most.id} {_value(amount)}")
    for name in _SUMS:
        grid.add(*_cells(Part(name, getattr(total, name))), "")
    trades = Grid(["trade", "change", "explained", "left", "stderr", "bias"])
    for trade in _most_left(total.trades):
        left = trade.left
        cells = _value(trade.change), _value(trade.explained), _value(left), plain(left.stderr, 2), plain(left.bias, 1)
        trades.add(trade.id, *cells)
    count = f"{len(total.trades):,} trade{'s' * (len(total.trades) != 1)}"
    where = f" in {total.currency}" if total.currency else ""
    title = f"{count}{where}: change in value, what each Greek explains of it, and the trades of which most is left"
    notes = _notes(total.trades)
    if total.change.stderr > _HIDDEN * abs(total.explained.value):
        notes.insert(0, "errors hide what is left; --same-paths, more --paths or --closed-form help")
    return text_of(screen, title, [grid, trades], notes)


def _notes(trades: Sequence[Explained]) -> list[str]:
    """The notes on trades, each once, with the first trade that it is on."""
    found: dict[str, list[str]] = {}
    for trade in trades:
        for note in trade.notes:
            found.setdefault(note, []).append(trade.id)
    more = (f" and {len(names) - 1:,} more" if len(names) > 1 else "" for names in found.values())
    return [f"{names[0]}{rest}: {note}" for (note, names), rest in zip(found.items(), more, strict=True)]


def _most_left(trades: Sequence[Explained]) -> list[Explained]:
    return sorted(trades, key=lambda trade: -abs(trade.left.value))[:_MOST_TRADES]


def _cells(part: Part) -> tuple[str, str, str, str]:
    return part.name, _value(part.amount), plain(part.amount.stderr, 2), plain(part.amount.bias, 1)


def _value(amount: Amount) -> str:
    return rounded(amount.value, amount.stderr)


def _missing(found: BookExplained, screen: Screen) -> str:
    if not found.failed:
        return ""
    more = f" and {len(found.failed) - _MOST_TRADES:,} more" if len(found.failed) > _MOST_TRADES else ""
    named = ", ".join(found.failed[:_MOST_TRADES])
    lines = screen.wrapped(f"without a result in one of the books, and left out: {named}{more}", None)
    return "".join(f"{line}\n" for line in lines)
