"""Trades of a CSV file."""

from dataclasses import dataclass

from greeks_cli.book.text.cells import values_of
from greeks_cli.book.text.columns import Columns, Heading, headings_of
from greeks_cli.book.text.numerals import Cell
from greeks_cli.book.text.table import Table
from greeks_cli.terms.errors import InvalidInput, Problem

_TOO_MANY = "more cells than columns in the header"


@dataclass(frozen=True)
class CsvTrade:
    """The fields of a trade and its line; ``problem`` is the reason why the row cannot be read, or empty."""

    line: int
    fields: dict[str, str]
    problem: str = ""


def csv_trades(table: Table, columns: Columns) -> list[CsvTrade]:
    """The trades of a table. Raises InvalidInput with one problem for every column that cannot be read."""
    headings = headings_of(table.names, columns, table.place) if table.names else []
    problems: list[Problem] = []
    trades = [CsvTrade(row.line, {}, _TOO_MANY if table.has_too_many(row) else "") for row in table.rows]
    for heading in headings:
        try:
            _fill(trades, table, heading)
        except InvalidInput as error:
            problems += error.problems
    if problems:
        raise InvalidInput(problems)
    return trades


def _fill(trades: list[CsvTrade], table: Table, heading: Heading) -> None:
    """Adds the values of a column to the trades. Raises InvalidInput."""
    at = heading.position
    filled = [
        (trade, Cell(row.line, row.cells[at]))
        for trade, row in zip(trades, table.rows, strict=True)
        if not trade.problem and row.cells[at : at + 1] not in ((), ("",))
    ]
    values = values_of(heading, [cell for _, cell in filled], table.separator, table.place)
    for (trade, _), value in zip(filled, values, strict=True):
        trade.fields[heading.field] = value
