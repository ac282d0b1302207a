"""Quotes of a smile in a CSV file: expiries, strikes, and vols or prices."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from greeks_cli.book.text.cells import decimal_mark
from greeks_cli.book.text.columns import without_unit
from greeks_cli.book.text.numerals import Cell
from greeks_cli.book.text.scales import check_scales
from greeks_cli.book.text.synonyms import SYNONYMS, normalised, word_of
from greeks_cli.book.text.table import Table, TableRow, table_of
from greeks_cli.terms.contracts.contract import OptionType
from greeks_cli.terms.dates.date_fields import is_dated
from greeks_cli.terms.dates.dating import Dating, in_years
from greeks_cli.terms.errors import InvalidInput, Problem, did_you_mean, few
from greeks_cli.terms.results.smile import SmileQuote

_OWN = {
    "price": "price market_price option_price premium mid mid_price",
    "bid": "bid bid_price",
    "ask": "ask ask_price offer",
    "bid_vol": "bid_vol bid_iv vol_bid iv_bid",
    "ask_vol": "ask_vol ask_iv vol_ask iv_ask",
    "weight": "weight weights w",
}
_WORDS = {word: name for name, words in _OWN.items() for word in words.split()}
_TAKEN = ("expiry", "strike", "type", "vol")
"""Columns that have the names of fields of a trade."""
_COLUMNS = (*_TAKEN, *_OWN)
_SIDES = (("bid", "ask"), ("bid_vol", "ask_vol"))
_KINDS = ("vol", "price", *(bid for bid, _ in _SIDES))
"""Columns that quote; a file has one of them."""
_SCALES = {"vol": "vol", "bid_vol": "vol", "ask_vol": "vol"}
_REMEDY = "write columns expiry, strike, and vol, or price with type, or bid and ask with type, or bid_vol and ask_vol"
_LARGEST_VOL = 10.0


def smile_quotes(path: Path, dating: Dating, ignored: Sequence[str] = ()) -> list[SmileQuote]:
    """The quotes of a file. Raises InvalidInput with every mistake at once."""
    return quotes_in(table_of(_text(path), str(path)), dating, ignored)


def quotes_in(table: Table, dating: Dating, ignored: Sequence[str] = ()) -> list[SmileQuote]:
    """The quotes of a table. Raises InvalidInput with every mistake at once."""
    columns = _columns(table, {normalised(name) for name in ignored})
    kind = _kind(table, columns)
    if not table.rows:
        raise InvalidInput([_wrong(table.place, f"no quotes; {_REMEDY}")])
    file = table.place.rpartition(":")[0]
    numbers = {name: _numbers(table, name, at) for name, at in columns.items() if name not in ("expiry", "type")}
    expiries = _expiries(table, columns["expiry"], dating)
    problems, found = list[Problem](), list[SmileQuote]()
    for k, row in enumerate(table.rows):
        cells = {name: of_rows[k] for name, of_rows in numbers.items()}
        try:
            if table.has_too_many(row):
                raise ValueError(
                    f"more cells than the {len(table.names)} columns; put cells with a separator in quotes"
                )
            found.append(_quote(f"{file}:{row.line}", kind, expiries[k], _type(row, columns), cells))
        except ValueError as error:
            problems.append(_wrong(f"{file}:{row.line}", str(error)))
    if problems:
        raise InvalidInput(few(problems, len(problems)))
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        reason = f"{error.strerror or error}; give a CSV file of quotes"
    except UnicodeDecodeError:
        reason = "not a text file; give a CSV file in UTF-8"
    raise InvalidInput([_wrong(str(path), reason)])


def _columns(table: Table, ignored: set[str]) -> dict[str, int]:
    """The position of each column. Raises InvalidInput for unknown, repeated and missing ones."""
    found, problems = dict[str, int](), list[Problem]()
    for position, name in enumerate(table.names):
        key = normalised(without_unit(name)[0])
        if not name or {key, normalised(name)} & ignored:
            continue
        column = _WORDS.get(key) or (key if key in _TAKEN else SYNONYMS.get(key))
        place = f"{table.place}: column '{name}'"
        if column not in _COLUMNS:
            remedy = did_you_mean(key, _COLUMNS)
            problems.append(_wrong(place, f"unknown; leave it out with --ignore-columns, or {remedy}"))
        elif column in found:
            message = f"is {column}, and so is '{table.names[found[column]]}'; leave one out with --ignore-columns"
            problems.append(_wrong(place, message))
        else:
            found[column] = position
    problems += [_wrong(table.place, f"no column {name}; {_REMEDY}") for name in _TAKEN[:2] if name not in found]
    if problems:
        raise InvalidInput(few(problems, len(problems)))
    return found


def _kind(table: Table, columns: Mapping[str, int]) -> str:
    """The way to quote: vol, price, bid or bid_vol. Raises InvalidInput where there is none, or are several."""
    for one, other in (*_SIDES, *(sides[::-1] for sides in _SIDES)):
        if one in columns and other not in columns:
            raise InvalidInput([_wrong(table.place, f"a column {one} and none {other}; add it, or leave both out")])
    kinds = [name for name in _KINDS if name in columns]
    message = ""
    if not kinds:
        message = f"no column of quotes; {_REMEDY}"
    elif len(kinds) > 1:
        message = f"the columns {' and '.join(kinds)} are quotes; keep one, and leave out others with --ignore-columns"
    elif kinds[0] in ("price", "bid") and "type" not in columns:
        message = "no column type; prices are of calls or puts: add it"
    if message:
        raise InvalidInput([_wrong(table.place, message)])
    return kinds[0]


def _numbers(table: Table, name: str, at: int) -> list[float | str]:
    """The numbers of a column by row; an empty text for an empty cell. Raises InvalidInput for other texts."""
    _, sign = without_unit(table.names[at])
    cells = _cells(table, at)
    filled = [cell for cell in cells if cell.text]
    try:
        if wrong := next((cell for cell in filled if not cell.numeral), None):
            raise ValueError(f"{wrong} is no number; write one such as {0.2 if name in _SCALES else 100}")
        mark = decimal_mark(filled, table.separator)
        if name in _SCALES:
            check_scales("vol", sign, filled, mark)
        elif name in ("strike", "price"):
            check_scales("strike", sign, filled, mark)
    except ValueError as error:
        raise InvalidInput([_wrong(f"{table.place}: column '{table.names[at]}'", str(error))]) from None
    return [float(cell.numeral.plain(mark, cell.numeral.sign or sign)) if cell.numeral else "" for cell in cells]


def _cells(table: Table, at: int) -> list[Cell]:
    """The cells of a column, with empty ones where a row is too short."""
    return [Cell(row.line, "".join(row.cells[at : at + 1])) for row in table.rows]


def _expiries(table: Table, at: int, dating: Dating) -> list[float | str]:
    """The expiries in years by row, or the reason why a cell is none."""
    cells = _cells(table, at)
    numbers = [cell for cell in cells if not is_dated(cell.text) and cell.numeral]
    try:
        mark = decimal_mark(numbers, table.separator) if numbers else "."
    except ValueError as error:
        raise InvalidInput([_wrong(f"{table.place}: column '{table.names[at]}'", str(error))]) from None
    kept: dict[str, float | str] = {}
    for cell in cells:
        if cell.text not in kept:
            kept[cell.text] = _expiry(cell, mark, dating)
    return [kept[cell.text] for cell in cells]


def _expiry(cell: Cell, mark: str, dating: Dating) -> float | str:
    if not cell.text:
        return "no expiry; write years, a date or a tenor such as 6M"
    if is_dated(cell.text):
        dated = in_years({"expiry": cell.text}, dating)
        return f"expiry {cell.text}: {dated.problems[0].message}" if dated.problems else float(dated.fields["expiry"])
    if not cell.numeral:
        return f"expiry '{cell.text}' is no time, date or tenor; write years such as 0.5, 2027-06-18 or 6M"
    return float(cell.numeral.plain(mark, ""))


def _type(row: TableRow, columns: Mapping[str, int]) -> OptionType | None:
    """The type of a row. Raises ValueError for a text that is none."""
    text = row.cells[columns["type"]] if "type" in columns and columns["type"] < len(row.cells) else ""
    if not text:
        return None
    word = word_of("type", text)
    if word is None:
        raise ValueError(f"type '{text}' is unknown; write call or put")
    return OptionType(word)


def _quote(
    place: str, kind: str, expiry: float | str, type: OptionType | None, cells: Mapping[str, float | str]
) -> SmileQuote:
    """A quote of checked numbers. Raises ValueError."""
    if isinstance(expiry, str):
        raise ValueError(expiry)
    if not 0 < expiry <= 100:
        raise ValueError(f"expiry {expiry:g} should be above 0 and at most 100 years; leave out what has expired")

    def number(name: str, holds: Callable[[float], bool], wanted: str) -> float:
        value = cells[name]
        if isinstance(value, str):
            raise ValueError(f"no {name}; complete the row, or leave it out")
        if not holds(value):
            raise ValueError(f"{name} {value:g} should be {wanted}")
        return value

    strike = number("strike", lambda x: 0 < x < 1e12, "above 0")
    weight = None if isinstance(cells.get("weight", ""), str) else number("weight", lambda x: x >= 0, "0 or more")
    is_vol = kind in _SCALES
    if not is_vol and type is None:
        raise ValueError("no type; write call or put, for the quote is a price")
    if kind in ("vol", "price"):
        most = _LARGEST_VOL if is_vol else 1e12
        value, spread = number(kind, lambda x: 0 < x <= most, f"above 0 and at most {most:g}"), None
    else:
        low = number(kind, lambda x: x >= 0, "0 or more")
        other = kind.replace("bid", "ask")
        high = number(other, lambda x: x > low, f"above {kind} {low:g}")
        value, spread = 0.5 * (low + high), high - low
    vol, price = (value, None) if is_vol else (None, value)
    return SmileQuote(place, expiry, strike, type, vol, price, weight, spread)


def _wrong(place: str, message: str) -> Problem:
    return Problem((place,), message)
