"""Books that are no files: rows of fields, and tables of values."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from greeks_cli.book.record import trade_record
from greeks_cli.book.records import Sheet, sheet_of_table
from greeks_cli.book.text.columns import Columns
from greeks_cli.book.text.table import Table, TableRow

ROWS = "rows"
"""The name of a book without a file, in places of mistakes."""


def sheet_of_rows(rows: Sequence[object]) -> Sheet:
    """A sheet of trades, each a mapping of the fields that a line of JSON has."""
    return Sheet(ROWS, records=tuple(trade_record(row, f"{ROWS}[{n}]", None, {}) for n, row in enumerate(rows)))


def sheet_of_frame(rows: Sequence[Mapping[str, Any]], columns: Columns) -> Sheet:
    """A sheet of the rows of a frame, whose columns are read as those of CSV are. Raises InvalidInput."""
    return sheet_of_table(table_of_rows(rows), columns, ROWS)


def table_of_rows(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Rows as a table of texts; ``rows:1`` is the place of the first row."""
    names = tuple(dict.fromkeys(str(name) for row in rows for name in row))
    cells = (tuple(_text(row.get(name)) for name in names) for row in rows)
    found = (TableRow(number, own) for number, own in enumerate(cells, start=1))
    return Table(f"{ROWS}:0", ",", names, tuple(row for row in found if not row.is_blank))


def _text(value: object) -> str:
    """A value as a cell of CSV has it; empty where there is none."""
    if value is None or value != value:  # NaN and pandas' NaT are empty cells
        return ""
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f")
    if isinstance(value, list | tuple):
        return ";".join(map(_text, value))
    return value.isoformat() if isinstance(value, date) else str(value)
