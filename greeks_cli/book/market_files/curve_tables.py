"""Tables of curves in CSV files: a column of times, dates or tenors, and one of values."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from greeks_cli.book.market_files.correlations import MATRIX, correlations_in
from greeks_cli.book.market_files.node_cells import (
    TIME_NAMES,
    cells_of,
    check_numbers,
    check_rows,
    increasing,
    numbers_of,
    times_of,
    tried,
    wrong,
)
from greeks_cli.book.market_files.surfaces import QUOTE_COLUMNS, quotes_in
from greeks_cli.book.text.columns import without_unit
from greeks_cli.book.text.numerals import Cell
from greeks_cli.book.text.synonyms import field_of, normalised
from greeks_cli.book.text.table import Table, table_of
from greeks_cli.terms.errors import InvalidInput, did_you_mean
from greeks_cli.terms.markets.curve import DiscountFactor

_TIME, _FACTOR, _SURFACE, _MATRIX = "time", "discount_factor", "vol_surface", "correlation"
_NAMES = {
    _TIME: TIME_NAMES,
    _FACTOR: ["discount_factor", "discount", "df"],
    "zero_rate": ["zero_rate", "zero", "rate", "r", "yield", "spot_rate"],
    "dividend_yield": ["dividend_yield", "q", "yield", "rate", "zero_rate"],
    "borrow": ["borrow", "borrow_cost", "borrow_rate", "fee", "rate", "zero_rate"],
    "vol": ["vol"],
}


class FileNodes(tuple[tuple[object, ...], ...]):
    """Nodes of a curve, or quotes of a surface, read from a file; as text, the file's name."""

    file: str

    def __str__(self) -> str:
        return self.file


@lru_cache(256)  # many trades name the same file
def nodes_in_file(name: str, shown: str, path: Path) -> FileNodes:
    """The nodes of a parameter in a file, which messages name as it is ``shown``. Raises InvalidInput."""
    try:
        if not path.is_file():
            problem = "is no regular file" if path.exists() else f"no such file, {path}"
            raise InvalidInput([wrong(shown, f"{problem}; give a CSV file with {_wanted(name)}")])
        table = table_of(path.read_text(encoding="utf-8-sig"), shown)
    except OSError as error:
        raise InvalidInput([wrong(shown, f"{error.strerror or error}; give a CSV file that can be read")]) from None
    except UnicodeDecodeError:
        raise InvalidInput([wrong(shown, "not a text file; give a CSV file in UTF-8")]) from None
    reads = {_SURFACE: quotes_in, _MATRIX: correlations_in}
    found = FileNodes(reads[name](table) if name in reads else _pairs(name, table))
    found.file = shown
    return found


def _pairs(name: str, table: Table) -> list[tuple[object, object]]:
    """The nodes of a table. Raises InvalidInput."""
    at, of = _columns(name, table)
    check_rows(table, (at, of), "node", _wanted(name))
    times, values = cells_of(table, at), cells_of(table, of)
    nodes = tried(table, at, lambda: increasing(times, times_of(times, table.separator)))
    found = tried(table, of, lambda: _values(name, table.names[of], values, table.separator))
    return list(zip(nodes, found, strict=True))


def _columns(name: str, table: Table) -> tuple[int, int]:
    """The positions of the times and of the values. Raises InvalidInput."""
    own = {"rate": ("zero_rate", _FACTOR), "dividend_yield": ("dividend_yield", _FACTOR)}.get(name, (name,))
    found: dict[bool, list[int]] = {True: [], False: []}
    for position, column in enumerate(table.names):
        key = normalised(without_unit(column)[0])
        is_time = key in _NAMES[_TIME]
        if not is_time and not any(key in _NAMES[kind] for kind in own) and field_of(key) != name:
            known = [_TIME, "date", "tenor", *own]
            raise InvalidInput([wrong(f"{table.place}: column '{column}'", f"unknown; {did_you_mean(key, known)}")])
        found[is_time].append(position)
    for is_time, positions in found.items():
        what = "times, such as time, date or tenor" if is_time else f"values, such as {' or '.join(own)}"
        if not positions:
            raise InvalidInput([wrong(table.place, f"no column of {what}; add one")])
        if len(positions) > 1:
            names = " and ".join(f"'{table.names[position]}'" for position in positions)
            raise InvalidInput([wrong(table.place, f"the columns {names} both hold {what}; keep one")])
    return found[True][0], found[False][0]


def _values(name: str, column: str, cells: Sequence[Cell], separator: str) -> Sequence[object]:
    """Rates, volatilities or discount factors. Raises ValueError for a cell that is none."""
    example = "0.02 or 2%"
    if normalised(without_unit(column)[0]) not in _NAMES[_FACTOR]:
        return numbers_of(name, column, cells, separator, example)
    mark, sign = check_numbers(column, cells, separator, example)
    found: list[object] = []
    for cell in cells:
        assert cell.numeral
        factor = float(cell.numeral.plain(mark, cell.numeral.sign or sign))
        if not 0 < factor < 10:
            raise ValueError(f"{cell} is no discount factor, which is positive and near 1; write one such as 0.98")
        found.append(DiscountFactor(factor))
    return found


def _wanted(name: str) -> str:
    if name in (_SURFACE, _MATRIX):
        return QUOTE_COLUMNS if name == _SURFACE else MATRIX
    return f"columns time and {name}" if name in ("vol", "borrow") else "columns time and zero_rate or discount_factor"
