"""Cells of files of curves and surfaces: times, dates and tenors, and numbers."""

from collections.abc import Callable, Sequence
from datetime import date
from itertools import pairwise
from typing import Any

from greeks_cli.book.text.cells import decimal_mark
from greeks_cli.book.text.columns import without_unit
from greeks_cli.book.text.numerals import Cell
from greeks_cli.book.text.scales import check_scales
from greeks_cli.book.text.table import Table
from greeks_cli.terms.dates.date_fields import is_dated
from greeks_cli.terms.errors import InvalidInput, Problem

TIME_NAMES = ("time", "t", "years", "year_fraction", "date", "tenor", "maturity", "expiry", "node", "term", "pillar")
"""Names of a column of times, dates or tenors."""


def cells_of(table: Table, column: int) -> list[Cell]:
    """The cells of a column."""
    return [Cell(row.line, row.cells[column]) for row in table.rows]


def tried(table: Table, column: int, work: Callable[[], Sequence[Any]]) -> list[Any]:
    """The result of the work; its ValueError becomes an InvalidInput that names the column."""
    try:
        return list(work())
    except ValueError as error:
        raise InvalidInput([wrong(f"{table.place}: column '{table.names[column]}'", str(error))]) from None


def check_rows(table: Table, columns: Sequence[int], kind: str, wanted: str) -> None:
    """Raises InvalidInput for a table without rows, and for a row of which a cell is missing, or one too many is there.

    ``kind`` is what a row holds, such as a node; ``wanted`` names the columns.
    """
    if not table.rows:
        raise InvalidInput([wrong(table.place, f"no {kind}s; write a row for each, with {wanted}")])
    for row in table.rows:
        n_cells = len(row.cells)
        if any(n_cells <= at or not row.cells[at] for at in columns) or table.has_too_many(row):
            message = (
                f"a {kind} has a cell in each of the {len(table.names)} columns; complete the row, or leave it out"
            )
            raise InvalidInput([wrong(f"{table.place.rpartition(':')[0]}:{row.line}", message)])


def times_of(cells: Sequence[Cell], separator: str) -> list[object]:
    """Times, and dates or tenors as they are. Raises ValueError."""
    numbers = [cell for cell in cells if not is_dated(cell.text)]
    if bad := next((cell for cell in numbers if not cell.numeral), None):
        raise ValueError(f"{bad} is no time, date or tenor; write years such as 0.5, 2027-06-18 or 6M")
    mark = decimal_mark(numbers, separator)
    return [
        cell.text if is_dated(cell.text) or not cell.numeral else float(cell.numeral.plain(mark, "")) for cell in cells
    ]


def are_in_order(one: object, other: object) -> bool:
    """False if a time or date does not come before another; True for tenors."""
    earlier, later = _sortable(one), _sortable(other)
    return earlier is None or type(earlier) is not type(later) or earlier < later  # type: ignore[operator]


def _sortable(node: object) -> float | date | None:
    """A time or a date; None for a tenor."""
    if isinstance(node, float):
        return node
    try:
        return date.fromisoformat(str(node))
    except ValueError:
        return None


def increasing(cells: Sequence[Cell], times: Sequence[object]) -> Sequence[object]:
    """The times. Raises ValueError where one does not come after that before it."""
    for (cell, one), (later, other) in pairwise(zip(cells, times, strict=True)):
        if not are_in_order(one, other):
            raise ValueError(f"{later} must come after {cell}; sort the rows by time, each node once")
    return times


def numbers_of(name: str, column: str, cells: Sequence[Cell], separator: str, example: str) -> list[float]:
    """The numbers of a field, such as rates or vols. Raises ValueError for a cell that is none."""
    mark, sign = check_numbers(column, cells, separator, example)
    check_scales(name, sign, cells, mark)
    return [float(cell.numeral.plain(mark, cell.numeral.sign or sign)) for cell in cells if cell.numeral]


def check_numbers(column: str, cells: Sequence[Cell], separator: str, example: str) -> tuple[str, str]:
    """The decimal mark, and the sign in the column's name. Raises ValueError for a cell that is no number."""
    if bad := next((cell for cell in cells if not cell.numeral), None):
        raise ValueError(f"{bad} is no number; write one such as {example}")
    return decimal_mark(cells, separator), without_unit(column)[1]


def wrong(place: str, message: str) -> Problem:
    return Problem((place,), message)
