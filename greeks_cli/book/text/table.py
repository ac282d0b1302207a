"""Tables of text: separator, header and rows of a CSV file."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from greeks_cli.book.text.toml import check_lines
from greeks_cli.terms.errors import InvalidInput, Problem

_SEPARATORS = (",", ";", "\t")
_QUOTED = re.compile('"[^"]*"')
_Numbered = Iterator[tuple[int, str]]


@dataclass(frozen=True)
class TableRow:
    """The cells of one row, without blanks around them, and the number of its first line."""

    line: int
    cells: tuple[str, ...]

    @property
    def is_blank(self) -> bool:
        return not any(self.cells)


@dataclass(frozen=True)
class Table:
    """A header and its rows; blank rows and lines that start with # are left out."""

    place: str
    """The file and the line of the header."""
    separator: str
    names: tuple[str, ...]
    rows: tuple[TableRow, ...]

    def has_too_many(self, row: TableRow) -> bool:
        """True if a row has cells beyond the last column."""
        return any(row.cells[len(self.names) :])


def table_of(text: str, file: str) -> Table:
    """The table in a text. Raises InvalidInput for long lines, broken quotes, and where every row is too long."""
    check_lines(text, file)
    lines = enumerate(io.StringIO(text, newline=""), start=1)
    number, header = next(((number, line) for number, line in lines if not _is_skipped(line)), (1, ""))
    separator = max(_SEPARATORS, key=_QUOTED.sub("", header).count)
    try:
        head, *rows = _rows(chain([(number, header)], lines), separator, file)
    except ValueError:  # nothing but blank rows
        return Table(file, separator, (), ())
    filled = tuple(row for row in rows if not row.is_blank)
    table = Table(f"{file}:{head.line}", separator, _named(head.cells, filled), filled)
    if len(table.rows) > 1 and all(map(table.has_too_many, table.rows)):
        first = table.rows[0]
        message = f"{len(head.cells)} columns, and {len(first.cells)} cells in line {first.line} and more than "
        message += f"{len(head.cells)} in all others; put cells that hold a separator in quotes"
        raise InvalidInput([Problem((table.place,), message)])
    return table


def _named(names: tuple[str, ...], rows: tuple[TableRow, ...]) -> tuple[str, ...]:
    """The names of columns; one that has values and no name, such as an index, is named by its place."""
    held = {position for row in rows for position, cell in enumerate(row.cells) if cell}
    return tuple(name or (f"column {i + 1}" if i in held else "") for i, name in enumerate(names))


def _is_skipped(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _rows(lines: _Numbered, separator: str, file: str) -> Iterator[TableRow]:
    for number, line in lines:
        if _is_skipped(line):  # here a row starts, so that this is no line within quotes
            continue
        texts = chain([line], (text for _, text in lines))
        try:
            row = next(csv.reader(texts, delimiter=separator, skipinitialspace=True, strict=True), [])
        except csv.Error as error:
            raise InvalidInput([Problem((f"{file}:{number}",), f"not valid CSV: {error}")]) from None
        yield TableRow(number, tuple(cell.strip("\ufeff \t\r\n\xa0") for cell in row))
