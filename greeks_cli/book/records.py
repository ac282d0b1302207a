"""Sheets: the settings and the records of trades in a file, and their places for error messages."""

import hashlib
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from greeks_cli.book.market_files.curves import with_curves, with_curves_in_grid
from greeks_cli.book.record import Record, json_record, trade_record, with_read_curves
from greeks_cli.book.text.columns import Columns
from greeks_cli.book.text.csv_files import csv_trades
from greeks_cli.book.text.json_text import flaws, parsed
from greeks_cli.book.text.places import Places, TradePlace, json_places, toml_places
from greeks_cli.book.text.table import Table, table_of
from greeks_cli.book.text.toml import document_of
from greeks_cli.terms.errors import InvalidInput, Problem, did_you_mean, few
from greeks_cli.terms.markets.several import UNDERLYING
from greeks_cli.terms.request import SECTIONS
from greeks_cli.terms.underlyings import CORRELATION

_TABLES = (*SECTIONS, "position", UNDERLYING, "fx", "grid")
_TOP_LEVEL = (*_TABLES, CORRELATION, "greeks", "passthrough", "trade", "valuation_date")


@dataclass(frozen=True)
class Sheet:
    """The content of a file: settings for all trades, the trades, and a grid that multiplies them."""

    file: str
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    greeks: object = None
    records: tuple[Record, ...] = ()
    grid: Mapping[str, Any] = field(default_factory=dict[str, Any])
    digest: str = ""
    """SHA-256 of the file."""
    problems: tuple[Problem, ...] = ()
    """Problems of the file, apart from those of its trades and of the values of its settings."""
    lines: Mapping[tuple[str, ...], int] = field(default_factory=dict[tuple[str, ...], int])
    underlyings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """The market of each underlying."""
    correlation: object = None
    """The correlations of underlyings: of pairs, of all, or of a matrix."""
    rates: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Rates of exchange: the base currency as ``base``, and one unit of each other currency in it."""
    passthrough: tuple[str, ...] = ()
    """Columns that describe a trade, and are tags."""
    columns: tuple[str, ...] = ()
    """The header of a CSV file."""

    def place(self, *path: str) -> str:
        """``book.toml:2``, for a section or one of its settings; the file where no line was found."""
        line = self.lines.get(path)
        return self.file if line is None else f"{self.file}:{line}"


@dataclass(frozen=True)
class Reading:
    """Choices for reading files: the names of columns, and the format of files that name none."""

    columns: Columns = field(default_factory=Columns)
    format: str | None = None
    """An extension without its dot; None stands for JSON Lines on standard input."""

    def check(self, files: Sequence[str]) -> None:
        """Raise InvalidInput for a choice that no file has a use for."""
        suffixes = [self.suffix(name) for name in files]
        if self.format and all(name != "-" and Path(name).suffix.lower() in _READERS for name in files):
            message = "is for standard input (-) and files whose extension says no format; leave it out"
            raise InvalidInput([Problem(("--input-format",), message, self.format)])
        if ".csv" not in suffixes:
            message = "is for CSV, and no file is CSV; leave it out, or give --input-format csv"
            unused = [option for option, given in self.options.items() if given and option != "--input-format"]
            if unused:
                raise InvalidInput([Problem((option,), message) for option in unused])

    def of_market(self, files: Sequence[str], fields: Sequence[str]) -> "Reading":
        """The choices for a market file with ``fields``, where the CSV files of the book may have the columns."""
        elsewhere = self.columns.named if ".csv" in map(self.suffix, files) else ()
        return replace(self, columns=replace(self.columns, elsewhere=elsewhere, fields=fields))

    def beside(self, market: "Sheet | None") -> "Reading":
        """The choices for the files of a book beside a market file, which is None where it cannot be read."""
        elsewhere, tags = (self.columns.named, ()) if market is None else (market.columns, market.passthrough)
        return replace(self, columns=replace(self.columns, elsewhere=elsewhere, passthrough=tags))

    @property
    def options(self) -> dict[str, object]:
        """The choices by the options that make them; one that is not made is empty."""
        columns = self.columns
        return {"--columns": columns.columns, "--ignore-columns": columns.ignored, "--input-format": self.format}

    def suffix(self, name: str) -> str:
        """The extension that says how a file is read."""
        own = Path(name).suffix.lower()
        return own if own in _READERS else f".{self.format or 'jsonl'}" if name == "-" or self.format else ""


def read_sheet(name: str, reading: Reading | None = None) -> Sheet:
    """A sheet from a file or from standard input (``-``). Raises InvalidInput."""
    reading = reading or Reading()
    _reader(name, reading)  # refuses a file by its extension before reading it
    return sheet_of(content_of(name), name, reading)


def content_of(name: str) -> bytes:
    """The content of a file, or of standard input for ``-``. Raises InvalidInput."""
    try:
        if Path(name).is_fifo():  # a pipe may have no writer, and can be read only once
            raise _bad(name, "is a pipe; give it as - from standard input")
        return _standard_input() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise _bad(name, f"{error.strerror or error}; give the path of a book") from None


def sheet_of(content: bytes, name: str, reading: Reading) -> Sheet:
    """A sheet from the content of a file. Raises InvalidInput."""
    try:
        sheet = _reader(name, reading)(content.decode("utf-8-sig"), "<stdin>" if name == "-" else name, reading.columns)
        return replace(sheet, digest=hashlib.sha256(content).hexdigest())
    except UnicodeDecodeError:
        raise _bad(name, "not a text file; give a book in UTF-8") from None
    except RecursionError:
        raise _bad(name, "nested too deeply") from None


def _reader(name: str, reading: Reading) -> Callable[[str, str, Columns], Sheet]:
    reader = _READERS.get(reading.suffix(name))
    if reader is None:
        raise _bad(name, f"its extension says no format; use one of {', '.join(_READERS)}, or --input-format")
    return reader


def _standard_input() -> bytes:
    if sys.stdin is None:
        raise _bad("-", "standard input is closed; give it a book")
    return sys.stdin.buffer.read()


def _toml(text: str, file: str, _columns: Columns) -> Sheet:
    return _sheet(document_of(text, file), file, toml_places(text))


def _json(text: str, file: str, _columns: Columns) -> Sheet:
    try:
        document = parsed(text)
    except ValueError as error:
        raise _bad(file, f"not valid JSON: {error}") from None
    book = {"trade": document} if isinstance(document, list) else document
    for _, problem in flaws(book, but_for="trade"):
        raise _bad(file, f"not valid JSON: {problem}")
    return _sheet(book, file, json_places(text))


def _sheet(document: object, file: str, places: Places) -> Sheet:
    if not isinstance(document, dict):
        raise _bad(file, "a book is an object with 'trade', or a list of trades")
    unknown = [name for name in document if name not in _TOP_LEVEL]
    problems = few(
        (Problem((f"{file}: {name}",), f"unknown section; {did_you_mean(name, _TOP_LEVEL)}") for name in unknown),
        len(unknown),
    )
    document = _at_the_top(document)
    tables = _tables(document, file, problems)
    trades, passthrough = _trades(document, file, problems), _passthrough(document, file, problems)
    records, grid = tuple(_records(trades, file, places)), tables.pop("grid", {})
    underlyings, rates, correlation = tables.pop(UNDERLYING, {}), tables.pop("fx", {}), None
    try:
        tables |= {"market": with_curves(tables["market"], file)} if "market" in tables else {}
        grid = with_curves_in_grid(grid, file)
        several = with_curves({UNDERLYING: underlyings, CORRELATION: document.get(CORRELATION)}, file)
        underlyings, correlation = several[UNDERLYING], several[CORRELATION]
    except InvalidInput as error:
        problems += [replace(problem, path=(f"{file}: {problem.path[0]}",)) for problem in error.problems]
    return Sheet(
        file,
        tables,
        document.get("greeks"),
        records,
        grid,
        problems=tuple(problems),
        lines=places.settings,
        underlyings=underlyings,
        correlation=correlation,
        rates=rates,
        passthrough=passthrough,
    )


def _tables(document: dict[str, Any], file: str, problems: list[Problem]) -> dict[str, dict[str, Any]]:
    """The tables of settings, the day of valuation among them; adds the problems of what is no table."""
    tables = {name: document[name] for name in _TABLES if name in document}
    for name in [name for name, table in tables.items() if not isinstance(table, dict)]:
        problems.append(Problem((f"{file}: {name}",), f"a table is wanted: write [{name}]", tables.pop(name)))
    if "valuation_date" in document and "valuation_date" in tables.get("dates", {}):
        problems.append(Problem((f"{file}: valuation_date",), "is in [dates] too; keep one"))
    if "valuation_date" in document:
        tables["dates"] = {**tables.get("dates", {}), "valuation_date": document["valuation_date"]}
    return tables


def _trades(document: dict[str, Any], file: str, problems: list[Problem]) -> list[Any]:
    """The trades of a document; one without fields where there is a contract in common alone."""
    trades = document.get("trade", [{}] if document.get("contract") else [])
    if isinstance(trades, list):
        return trades
    problems.append(Problem((f"{file}: trade",), "a list of tables is wanted: write [[trade]]"))
    return []


def _passthrough(document: dict[str, Any], file: str, problems: list[Problem]) -> tuple[str, ...]:
    """The names of columns that describe trades."""
    names = document.get("passthrough", [])
    if isinstance(names, list) and all(isinstance(name, str) for name in names):
        return tuple(names)
    problems.append(Problem((f"{file}: passthrough",), "a list of names of columns is wanted", names))
    return ()


def _at_the_top(document: dict[str, Any]) -> dict[str, Any]:
    """The document with the tables of several underlyings, which results have in their market, at its top level."""
    market = document.get("market")
    if not isinstance(market, dict):
        return document
    moved = {name: market[name] for name in (UNDERLYING, CORRELATION) if name in market and name not in document}
    return {**document, "market": {name: value for name, value in market.items() if name not in moved}, **moved}


def _records(trades: list[Any], file: str, places: Places) -> Iterator[Record]:
    known = len(places.trades) == len(trades)
    for number, trade in enumerate(trades):
        place = places.trades[number] if known else TradePlace(None)
        where = file if known else f"{file}: trade[{number}]"
        yield trade_record(trade, where, place.line, place.fields)


def _csv(text: str, file: str, columns: Columns) -> Sheet:
    return sheet_of_table(table_of(text, file), columns, file)


def sheet_of_table(table: Table, columns: Columns, file: str) -> Sheet:
    """A sheet of a table, whose header names the fields. Raises InvalidInput."""
    found = (Record(one.fields, file, one.line, problem=one.problem) for one in csv_trades(table, columns))
    return Sheet(file, records=tuple(map(with_read_curves, found)), columns=table.names)


def _jsonl(text: str, file: str, _columns: Columns) -> Sheet:
    return Sheet(file, records=tuple(_json_lines(text, file)))


def _json_lines(text: str, file: str) -> Iterator[Record]:
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield json_record(line, file, number)


_READERS: dict[str, Callable[[str, str, Columns], Sheet]] = {
    ".toml": _toml,
    ".json": _json,
    ".csv": _csv,
    ".jsonl": _jsonl,
}


def _bad(place: str, message: str) -> InvalidInput:
    return InvalidInput([Problem((place,), message)])
