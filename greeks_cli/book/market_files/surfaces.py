"""Surfaces of quoted vols in CSV files: columns of expiries, strikes and vols, a row for each quote."""

from collections.abc import Callable, Sequence
from itertools import pairwise

from greeks_cli.book.market_files.node_cells import (
    TIME_NAMES,
    are_in_order,
    cells_of,
    check_rows,
    numbers_of,
    times_of,
    tried,
    wrong,
)
from greeks_cli.book.text.columns import without_unit
from greeks_cli.book.text.numerals import Cell
from greeks_cli.book.text.synonyms import field_of, normalised
from greeks_cli.book.text.table import Table
from greeks_cli.terms.errors import InvalidInput, did_you_mean

QUOTE_COLUMNS = "columns expiry, strike and vol"
_KINDS: dict[str, Callable[[str], bool]] = {
    "expiry": lambda key: key in TIME_NAMES,
    "strike": lambda key: key == "strike" or field_of(key) == "strike",
    "vol": lambda key: key == "vol" or field_of(key) == "vol",
}


def quotes_in(table: Table) -> list[tuple[object, object, object]]:
    """Expiry, strike and vol of each row. Raises InvalidInput, with the line where quotes are not sorted."""
    columns = _columns(table)
    check_rows(table, columns, "quote", QUOTE_COLUMNS)
    at, of_strike, of_vol = columns
    times, strikes, vols = (cells_of(table, column) for column in columns)
    expiries = tried(table, at, lambda: times_of(times, table.separator))
    levels = tried(
        table, of_strike, lambda: numbers_of("strike", table.names[of_strike], strikes, table.separator, "100")
    )
    tried(table, of_strike, lambda: _sorted(expiries, times, levels, strikes))
    values = tried(table, of_vol, lambda: numbers_of("vol", table.names[of_vol], vols, table.separator, "0.2 or 20%"))
    return list(zip(expiries, levels, values, strict=True))


def _columns(table: Table) -> tuple[int, int, int]:
    """The positions of expiries, strikes and vols. Raises InvalidInput."""
    found: dict[str, int] = {}
    for position, column in enumerate(table.names):
        key = normalised(without_unit(column)[0])
        kind = next((kind for kind, means in _KINDS.items() if means(key)), None)
        if kind is None:
            remedy = did_you_mean(key, ["expiry", "date", "tenor", "strike", "vol"])
            raise InvalidInput([wrong(f"{table.place}: column '{column}'", f"unknown; {remedy}")])
        if kind in found:
            names = f"'{table.names[found[kind]]}' and '{column}'"
            raise InvalidInput([wrong(table.place, f"the columns {names} both hold {kind}; keep one")])
        found[kind] = position
    if missing := [kind for kind in _KINDS if kind not in found]:
        raise InvalidInput([wrong(table.place, f"no column {missing[0]}; a file of quotes has {QUOTE_COLUMNS}")])
    return found["expiry"], found["strike"], found["vol"]


def _sorted(
    expiries: Sequence[object], times: Sequence[Cell], levels: Sequence[float], strikes: Sequence[Cell]
) -> Sequence[float]:
    """The strikes. Raises ValueError where rows are not sorted by expiry and strike, or a quote is there twice."""
    rows = zip(expiries, times, levels, strikes, strict=True)
    for (one, _, low, below), (other, time, high, above) in pairwise(rows):
        if one == other and low == high:
            raise ValueError(f"{above} has the expiry and strike of line {below.line}; keep one of the quotes")
        if one == other and low > high:
            raise ValueError(f"{above} follows {below}; sort the rows by expiry and strike")
        if one != other and not are_in_order(one, other):
            raise ValueError(f"{above} has the expiry {time}, and that before is later; sort the rows by expiry")
    return levels
