"""Cells of a column as values of its field, decided for the whole column."""

import re
from collections.abc import Sequence

from greeks_cli.book.text.columns import Heading
from greeks_cli.book.text.numerals import Cell, Numeral
from greeks_cli.book.text.scales import UNITS, check_scales
from greeks_cli.book.text.synonyms import description_of, normalised, word_of, words_of
from greeks_cli.terms.dates.date_fields import DATED, LISTS, RULES, is_dated, is_rule
from greeks_cli.terms.errors import InvalidInput, Problem
from greeks_cli.terms.greek import CURVES

_LISTS = ("past_fixings", *LISTS)
"""Fields of several numbers or dates."""
_POINTS = re.compile(r"\s*-?[0-9]+\.[0-9]+(\s*,\s*-?[0-9]+\.[0-9]+)+\s*")


def values_of(heading: Heading, cells: Sequence[Cell], separator: str, place: str) -> list[str]:
    """The values of a column; a cell that cannot be read stays as it is, for the trade's validation to refuse.

    Raises InvalidInput with one problem where the column as a whole cannot be read, or has two meanings.
    """
    try:
        if heading.field in _LISTS:
            return _lists(cells, separator)
        if heading.field in CURVES and any(":" in cell.text for cell in cells):
            return _curves(heading, cells, separator)
        _check_meaning(heading, cells)
        mark = decimal_mark(cells, separator) if heading.field in UNITS else ""
        if mark:
            check_scales(heading.field, heading.sign, [cell for cell in cells if cell.numeral], mark)
    except ValueError as error:
        raise InvalidInput([Problem((f"{place}: column '{heading.name}'",), str(error))]) from None
    return [_value(heading, cell, mark) for cell in cells]


def _value(heading: Heading, cell: Cell, mark: str) -> str:
    if mark and cell.numeral:
        return cell.numeral.plain(mark, cell.numeral.sign or heading.sign)
    return word_of(heading.field, cell.text) or cell.text


def _curves(heading: Heading, cells: Sequence[Cell], separator: str) -> list[str]:
    """Numbers, and nodes such as ``0.25:2%;1:3%`` with semicolons or commas between; all values have one scale.

    Raises ValueError where two readings of the numbers are possible.
    """
    split = [[_node(cell, entry) for entry in _entries(cell.text)] for cell in cells]
    times = [time for own in split for time, _ in own if time]
    values = [value for own in split for _, value in own if value.numeral]
    mark, of_times = decimal_mark(values, separator), decimal_mark(times, separator)
    check_scales(heading.field, heading.sign, values, mark)

    def text(time: Cell | None, value: Cell) -> str:
        number = value.numeral.plain(mark, value.numeral.sign or heading.sign) if value.numeral else value.text
        if time is None:
            return number
        return f"{time.numeral.plain(of_times, '') if time.numeral else time.text}:{number}"

    return [";".join(text(time, value) for time, value in own) for own in split]


def _entries(text: str) -> list[str]:
    """The nodes in a cell; the whole cell where it holds none."""
    if ":" not in text:
        return [text]
    entries = [entry.strip() for entry in text.split(";" if ";" in text else ",") if entry.strip()]
    return entries if all(":" in entry for entry in entries) else [text]  # a comma may be decimal


def _node(cell: Cell, entry: str) -> tuple[Cell | None, Cell]:
    time, colon, value = entry.rpartition(":")
    return Cell(cell.line, time.strip()) if colon else None, Cell(cell.line, value.strip())


def _lists(cells: Sequence[Cell], separator: str) -> list[str]:
    """Lists of numbers or dates with semicolons between, or with commas where every number has a decimal point.

    Raises ValueError where an entry cannot be read.
    """
    split = [
        [Cell(cell.line, part.strip()) for part in cell.text.split("," if _POINTS.fullmatch(cell.text) else ";")]
        for cell in cells
    ]
    entries = [entry for own in split for entry in own]
    for entry in entries:
        if not entry.numeral and not is_dated(entry.text):
            raise ValueError(f"{entry} is no number and no date; separate the entries of a list by semicolons")
    mark = decimal_mark(entries, separator)
    return [";".join(e.numeral.plain(mark, e.numeral.sign) if e.numeral else e.text for e in own) for own in split]


def _check_meaning(heading: Heading, cells: Sequence[Cell]) -> None:
    """Raises ValueError with a remedy where the cells belong to another field than the column's name says."""
    name, column = heading.field, heading.name
    if name == "id" and normalised(column) != "id" and (again := _repeated(cells)):
        raise ValueError(f"{again} is there before, and an id names one result; leave it out with --ignore-columns")
    if name == "kind" and (side := next((cell for cell in cells if word_of("type", cell.text)), None)):
        raise ValueError(f"{side} is a type and no kind; give --columns 'type={column}'")
    wanted = description_of(name) if name in UNITS else ", ".join(words_of(name))
    if wanted and len(cells) > 1 and not any(_is_value(name, cell) for cell in cells):
        raise ValueError(f"no cell can be read, {cells[0]} for one; wanted: {wanted}")


def _repeated(cells: Sequence[Cell]) -> Cell | None:
    """The first cell with a text that is there before."""
    seen = set[str]()
    for cell in cells:
        if cell.text in seen:
            return cell
        seen.add(cell.text)
    return None


def _is_value(name: str, cell: Cell) -> bool:
    if word_of(name, cell.text) is not None or (name in DATED and is_dated(cell.text)):
        return True
    if name in RULES and is_rule(cell.text):
        return True
    if name in CURVES and isinstance(cell.text, str) and cell.text.lower().endswith(".csv"):
        return True
    return name in UNITS and cell.numeral is not None


def decimal_mark(cells: Sequence[Cell], separator: str) -> str:
    """The decimal mark of a column. Raises ValueError with a remedy where two are possible, or none is."""
    allowed = {"."} if separator == "," else {".", ","}
    numerals = [(cell, cell.numeral) for cell in cells if cell.numeral]
    marks = allowed.intersection(*(numeral.readings for _, numeral in numerals))
    if not marks:
        raise ValueError(_clash(numerals, separator))
    for cell, numeral in numerals:
        if len(ways := {mark: numeral.readings[mark] for mark in sorted(marks)}) > 1 and len(set(ways.values())) > 1:
            message = f"{cell} is {' or '.join(ways.values())}, and no other cell tells which; "
            raise ValueError(message + "write the column without separators of thousands")
    return "." if "." in marks else ","


def _clash(numerals: Sequence[tuple[Cell, Numeral]], separator: str) -> str:
    comma = next(cell for cell, numeral in numerals if "." not in numeral.readings)
    if separator == ",":
        return f"{comma} has a decimal comma, which is read where semicolons or tabs separate columns; write a point"
    point = next(cell for cell, numeral in numerals if "," not in numeral.readings)
    return f"{point} has a decimal point and {comma} a decimal comma; use one of them"
