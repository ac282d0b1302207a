"""Curves in CSV files: a column of times, dates or tenors, and one of values."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from greeks_cli.book.cells import decimal_mark
from greeks_cli.book.columns import without_unit
from greeks_cli.book.numerals import Cell
from greeks_cli.book.scales import check_scales
from greeks_cli.book.synonyms import field_of, normalised
from greeks_cli.book.table import Table, table_of
from greeks_cli.terms.curve import DiscountFactor
from greeks_cli.terms.date_fields import is_dated
from greeks_cli.terms.errors import InvalidInput, Problem, did_you_mean
from greeks_cli.terms.greek import CURVES

_TIME, _FACTOR = "time", "discount_factor"
_NAMES = {
    _TIME: ["time", "t", "years", "year_fraction", "date", "tenor", "maturity", "expiry", "node", "term", "pillar"],
    _FACTOR: ["discount_factor", "discount", "df"],
    "zero_rate": ["zero_rate", "zero", "rate", "r", "yield", "spot_rate"],
    "dividend_yield": ["dividend_yield", "q", "yield", "rate", "zero_rate"],
    "borrow": ["borrow", "borrow_cost", "borrow_rate", "fee", "rate", "zero_rate"],
    "vol": ["vol"],
}


class FileNodes(tuple[tuple[object, object], ...]):
    """Nodes read from a file; as text, the file's name."""

    file: str

    def __str__(self) -> str:
        return self.file


def with_curves(fields: Mapping[str, Any], beside: str) -> dict[str, Any]:
    """The fields of a market, with nodes in place of the names of CSV files, which are relative to the file ``beside``.

    Raises InvalidInput with one problem where a file cannot be read.
    """
    return {name: _nodes(name, value, beside) if name in CURVES else value for name, value in fields.items()}


def with_curves_in_grid(grid: Mapping[str, Any], beside: str) -> dict[str, Any]:
    """The fields of a grid, with nodes in place of the names of files among the values. Raises InvalidInput."""
    return {
        name: [_nodes(name, value, beside) for value in values]
        if name in CURVES and isinstance(values, list)
        else values
        for name, values in grid.items()
    }


def _nodes(name: str, value: object, beside: str) -> object:
    if not isinstance(value, str) or not value.strip().lower().endswith(".csv"):
        return value
    return _read(name, value.strip(), (Path(beside).parent / value.strip()).resolve())


@lru_cache(256)  # many trades name the same file
def _read(name: str, shown: str, path: Path) -> FileNodes:
    try:
        if not path.is_file():
            raise InvalidInput([_wrong(shown, f"no such file, {path}; give a CSV file with {_wanted(name)}")])
        table = table_of(path.read_text(encoding="utf-8-sig"), shown)
    except OSError as error:
        raise InvalidInput([_wrong(shown, f"{error.strerror or error}; give a CSV file that can be read")]) from None
    except UnicodeDecodeError:
        raise InvalidInput([_wrong(shown, "not a text file; give a CSV file in UTF-8")]) from None
    found = FileNodes(_pairs(name, table, shown))
    found.file = shown
    return found


def _pairs(name: str, table: Table, file: str) -> list[tuple[object, object]]:
    """The nodes of a table. Raises InvalidInput."""
    at, of = _columns(name, table)
    if not table.rows:
        raise InvalidInput([_wrong(table.place, f"no nodes; write a row for each, with {_wanted(name)}")])
    for row in table.rows:
        if len(row.cells) <= max(at, of) or not row.cells[at] or not row.cells[of] or table.has_too_many(row):
            message = f"a node has a cell in each of the {len(table.names)} columns; complete the row, or leave it out"
            raise InvalidInput([_wrong(f"{file}:{row.line}", message)])
    times = [Cell(row.line, row.cells[at]) for row in table.rows]
    values = [Cell(row.line, row.cells[of]) for row in table.rows]
    nodes = _tried(table, at, lambda: _times(times, table.separator))
    found = _tried(table, of, lambda: _values(name, table.names[of], values, table.separator))
    return list(zip(nodes, found, strict=True))


def _tried(table: Table, column: int, work: Any) -> list[object]:
    try:
        return list(work())
    except ValueError as error:
        raise InvalidInput([_wrong(f"{table.place}: column '{table.names[column]}'", str(error))]) from None


def _columns(name: str, table: Table) -> tuple[int, int]:
    """The positions of the times and of the values. Raises InvalidInput."""
    own = {"rate": ("zero_rate", _FACTOR), "dividend_yield": ("dividend_yield", _FACTOR)}.get(name, (name,))
    found: dict[bool, list[int]] = {True: [], False: []}
    for position, column in enumerate(table.names):
        key = normalised(without_unit(column)[0])
        is_time = key in _NAMES[_TIME]
        if not is_time and not any(key in _NAMES[kind] for kind in own) and field_of(key) != name:
            known = [_TIME, "date", "tenor", *own]
            raise InvalidInput([_wrong(f"{table.place}: column '{column}'", f"unknown; {did_you_mean(key, known)}")])
        found[is_time].append(position)
    for is_time, positions in found.items():
        what = "times, such as time, date or tenor" if is_time else f"values, such as {' or '.join(own)}"
        if not positions:
            raise InvalidInput([_wrong(table.place, f"no column of {what}; add one")])
        if len(positions) > 1:
            names = " and ".join(f"'{table.names[position]}'" for position in positions)
            raise InvalidInput([_wrong(table.place, f"the columns {names} both hold {what}; keep one")])
    return found[True][0], found[False][0]


def _times(cells: Sequence[Cell], separator: str) -> list[object]:
    """Times, and dates or tenors as they are. Raises ValueError where one does not come after that before it."""
    numbers = [cell for cell in cells if not is_dated(cell.text)]
    if wrong := next((cell for cell in numbers if not cell.numeral), None):
        raise ValueError(f"{wrong} is no time, date or tenor; write years such as 0.5, 2027-06-18 or 6M")
    mark = decimal_mark(numbers, separator)
    found: list[object] = [
        cell.text if is_dated(cell.text) or not cell.numeral else float(cell.numeral.plain(mark, "")) for cell in cells
    ]
    for (cell, one), (later, other) in pairwise(zip(cells, map(_sortable, found), strict=True)):
        if one is not None and type(one) is type(other) and one >= other:  # type: ignore[operator]  # of one type
            raise ValueError(f"{later} must come after {cell}; sort the rows by time, each node once")
    return found


def _sortable(node: object) -> float | date | None:
    """A time or a date; None for a tenor."""
    if isinstance(node, float):
        return node
    try:
        return date.fromisoformat(str(node))
    except ValueError:
        return None


def _values(name: str, column: str, cells: Sequence[Cell], separator: str) -> list[object]:
    """Rates, volatilities or discount factors. Raises ValueError for a cell that is none."""
    bare, sign = without_unit(column)
    if wrong := next((cell for cell in cells if not cell.numeral), None):
        raise ValueError(f"{wrong} is no number; write one such as 0.02 or 2%")
    mark = decimal_mark(cells, separator)
    if normalised(bare) not in _NAMES[_FACTOR]:
        check_scales(name, sign, cells, mark)
        return [float(cell.numeral.plain(mark, cell.numeral.sign or sign)) for cell in cells if cell.numeral]
    found: list[object] = []
    for cell in cells:
        assert cell.numeral
        factor = float(cell.numeral.plain(mark, cell.numeral.sign or sign))
        if not 0 < factor < 10:
            raise ValueError(f"{cell} is no discount factor, which is positive and near 1; write one such as 0.98")
        found.append(DiscountFactor(factor))
    return found


def _wanted(name: str) -> str:
    return f"columns time and {name}" if name in ("vol", "borrow") else "columns time and zero_rate or discount_factor"


def _wrong(place: str, message: str) -> Problem:
    return Problem((place,), message)
