"""Table of a book's results for a terminal: a row per trade, and a row per total."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from greeks_cli.report.text.grid import Grid
from greeks_cli.report.text.screen import Screen
from greeks_cli.report.text.table import estimate_cell, plain, text_of
from greeks_cli.terms.books.position import TAG

_MOST_WARNINGS = 20

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Column:
    """Column of a table after the ids; ``importance`` says which columns a narrow screen keeps longest."""

    name: str
    importance: int
    of: Callable[[Record], str]
    is_text: bool = False


def greek_names(records: Sequence[Record]) -> list[str]:
    return list(dict.fromkeys(estimate["name"] for record in records for estimate in record.get("estimates", ())))


def book_screen(records: Sequence[Record], screen: Screen) -> str:
    """Text of the table; a narrow screen shows fewer columns, and names the others."""
    columns = [*_descriptions(records), *_estimates(records)]
    shown = list(columns)
    grid = _grid(records, shown)
    while screen.width and len(shown) > 1 and grid.width > screen.width:
        least = min(column.importance for column in shown)
        shown.remove([column for column in shown if column.importance == least][-1])
        grid = _grid(records, shown)
    left_out = [column.name for column in columns if column not in shown]
    trades = [record for record in records if "trades" not in record]
    failed = sum(record["status"] == "error" for record in trades)
    title = f"{len(trades):,} trades, {failed:,} failed; each estimate with its standard error (and bias)"
    return text_of(screen, title, [grid], [*_reasons(records), *_narrow(left_out)])


def _descriptions(records: Sequence[Record]) -> list[_Column]:
    """The columns of quantities and tags, where trades have them."""
    positions = [record["position"] for record in records if "position" in record]
    tags = dict.fromkeys(name for position in positions for name in position["tags"])
    found = [_Column("quantity", 2, _quantity)] if any(position["quantity"] != 1 for position in positions) else []
    return [*found, *(_Column(f"{TAG}{name}", 0, _tag_of(name), is_text=True) for name in tags)]


def _quantity(record: Record) -> str:
    return "" if "trades" in record or "error" in record else f"{record.get('position', {}).get('quantity', 1.0):,.12g}"


def _tag_of(name: str) -> Callable[[Record], str]:
    def tag(record: Record) -> str:
        if "trades" in record:
            return str(record["by"].get(f"{TAG}{name}", ""))
        return str(record.get("position", {}).get("tags", {}).get(name, ""))

    return tag


def _estimates(records: Sequence[Record]) -> list[_Column]:
    """The columns of Greeks, of which the first is kept longest."""

    def column(name: str, is_first: bool) -> _Column:
        return _Column(name, 3 if is_first else 1, lambda record: _cell(_by_name(record).get(name)))

    return [column(name, number == 0) for number, name in enumerate(greek_names(records))]


def _by_name(record: Record) -> dict[str, Record]:
    return {estimate["name"]: estimate for estimate in record.get("estimates", ())}


def _reasons(records: Sequence[Record]) -> list[str]:
    """The errors of rows, and the warnings of estimates."""
    reasons = [f"{record['id']}: {record['error']}" for record in records if "error" in record]
    warned = [
        f"{record['id']}: {estimate['name']}: {estimate['warning']}"
        for record in records
        for estimate in record.get("estimates", ())
        if estimate.get("warning")
    ]
    reasons += warned[:_MOST_WARNINGS]
    if len(warned) > _MOST_WARNINGS:
        reasons.append(f"and {len(warned) - _MOST_WARNINGS:,} more warnings; --format csv has all")
    return reasons


def _narrow(left_out: Sequence[str]) -> list[str]:
    return [f"left out for width: {', '.join(left_out)}; --format csv has all"] if left_out else []


def _grid(records: Sequence[Record], columns: Sequence[_Column]) -> Grid:
    grid = Grid(("id", *(column.name for column in columns)), [one.name for one in columns if one.is_text])
    for record in records:
        grid.add(record["id"], *(column.of(record) for column in columns))
    return grid


def _cell(estimate: Record | None) -> str:
    """Estimate and standard error, the bias where it is not 0, and a mark where there is a warning."""
    if estimate is None:
        return "-"
    bias = f" ({plain(estimate['bias'], 1)})" if estimate["bias"] > 0 else ""
    mark = " !" if estimate.get("warning") else ""
    return f"{estimate_cell(estimate['value'], estimate['stderr'])}{bias}{mark}"
