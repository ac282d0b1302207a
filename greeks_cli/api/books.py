"""Books of trades from rows, frames and files."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from greeks_cli.api.asking import Asked, asked, fields_of, plain, require, threads_of, units_of
from greeks_cli.api.frames import rows_of_frame
from greeks_cli.api.shown import HtmlTable, Shown
from greeks_cli.book.records import Reading, Sheet
from greeks_cli.book.rows import sheet_of_frame, sheet_of_rows
from greeks_cli.book.text.columns import Columns
from greeks_cli.inputs.notes import notes_on, notes_on_defaults
from greeks_cli.inputs.trades import BookRead, asked_totals, read_trades, trades_of_sheet
from greeks_cli.report.formats.book import long_columns, long_rows
from greeks_cli.report.text.book_screen import book_screen, greek_names
from greeks_cli.report.text.screen import Screen
from greeks_cli.report.text.table import estimate_cell
from greeks_cli.run.machine.files import write_whole
from greeks_cli.terms.books.book_row import TotalRow, TradeRow
from greeks_cli.terms.errors import InvalidInput, Problem
from greeks_cli.terms.results.result import Progress

Path_ = str | PathLike[str]
"""A file of a book: TOML, JSON, CSV or JSON Lines."""


@dataclass(frozen=True)
class BookResult(Shown):
    """The rows of a book, in its order, and its totals.

    ``book["id"]`` is the row of a trade, and ``book["id"]["delta"]`` an estimate of the position.
    """

    records: Sequence[dict[str, Any]]
    """The rows with the keys of JSON Lines."""
    notes: tuple[str, ...]

    @cached_property
    def trades(self) -> tuple[TradeRow, ...]:
        """The rows of trades; ``status`` and ``error`` say which have no result."""
        return tuple(TradeRow.model_validate(record) for record in self.records if "trades" not in record)

    @cached_property
    def totals(self) -> tuple[TotalRow, ...]:
        """The rows of totals."""
        return tuple(TotalRow.model_validate(record) for record in self.records if "trades" in record)

    def __getitem__(self, name: str) -> TradeRow | TotalRow:
        try:
            return next(row for row in self._both if row.id == name)
        except StopIteration:
            raise KeyError(f"{name}: no row of the book has this id") from None

    def __iter__(self) -> Iterator[TradeRow]:
        return iter(self.trades)

    def __len__(self) -> int:
        return len(self.trades)

    @property
    def _both(self) -> list[TradeRow | TotalRow]:
        return [*self.trades, *self.totals]

    @property
    def failed(self) -> tuple[TradeRow, ...]:
        """The trades without a result."""
        return tuple(row for row in self.trades if row.error is not None)

    @property
    def warnings(self) -> dict[str, dict[str, str]]:
        """The reasons not to trust an error bar, by the ids of trades and the names of estimates."""
        found = {row.id: {one.name: one.warning for one in row.estimates if one.warning} for row in self.trades}
        return {name: own for name, own in found.items() if own}

    def text(self, screen: Screen) -> str:
        return book_screen(self.records, screen)

    def rows(self) -> list[dict[str, Any]]:
        """A row for each estimate, as in CSV; a trade that failed has one row, with the reason as the warning."""
        columns = dict.fromkeys(long_columns(self.records))
        return [{**columns, **row} for row in long_rows(self.records)]

    def save(self, path: Path_) -> None:
        """Write the rows as JSON Lines, which ``greeks report`` and ``greeks explain-pnl`` read. Raises CannotWrite."""
        from greeks_cli.report.formats.book import json_line

        write_whole(Path(path), "".join(map(json_line, self.records)).encode())

    def __repr__(self) -> str:
        return f"<BookResult: {len(self.trades):,} trades, {len(self.failed):,} failed, {len(self.totals):,} totals>"

    def _html(self) -> HtmlTable:
        names = greek_names(self.records)
        body = []
        for row in self._both:
            found = {one.name: estimate_cell(one.value, one.stderr) for one in row.estimates}
            body.append([row.id, row.status, *(found.get(name, "-") for name in names)])
        errors = [f"{row.id}: {row.error}" for row in self._both if row.error]
        warned = [f"{trade}: {name}: {why}" for trade, own in self.warnings.items() for name, why in own.items()]
        return HtmlTable(repr(self)[1:-1], ["id", "status", *names], body, [*errors, *warned, *self.notes])


def batch(
    book: Any,
    *,
    market: Path_ | None = None,
    greeks: object = None,
    units: str = "raw",
    total: bool = False,
    total_by: str | None = None,
    columns: Mapping[str, str] | None = None,
    ignore_columns: Sequence[str] = (),
    threads: int | None = None,
    progress: Progress | None = None,
    **fields: Any,
) -> BookResult:
    """The prices and Greeks of a book of trades: rows of fields, a frame, a file or several.

    A row is a mapping with the fields of a line of JSON; ``contract`` and ``market`` of a row may be typed terms. The
    columns of a frame are read as those of a CSV file are, which ``columns`` and ``ignore_columns`` serve. ``market``
    is the file of ``greeks batch --market``, ``fields`` its options. A trade that is wrong or fails does not stop the
    others: its row has ``status`` ``"error"``. ``progress`` is called with (trades done, trades in all).

    Raises InvalidInput where the book cannot be read, or a setting of all trades is wrong.
    """
    from greeks_cli.run.books.runs import Book

    shown, threads = units_of(units), threads_of(threads)
    read = read_book(book, market, greeks, columns, ignore_columns, fields)
    require("total_by", total_by, "a text such as underlying or tags.desk", str)
    with asked().collected():
        totals = asked_totals(read.trades, read.rates, total, total_by)
    notes = [*notes_on(read.trades), *notes_on_defaults(read.trades, bool(totals))]
    run = Book(read.trades, shown, 1, threads, None, False, totals, lambda message, *_: notes.append(message))
    records: list[dict[str, Any]] = []
    for record in run.records():
        records.append(record)
        if progress:
            progress(len(records), len(run.keys))
    return BookResult(records, tuple(notes))


def read_book(
    book: Any,
    market: Path_ | None,
    greeks: object,
    columns: Mapping[str, str] | None,
    ignore_columns: Sequence[str],
    fields: Mapping[str, Any],
) -> BookRead:
    """The trades of a book under the settings of a call. Raises InvalidInput."""
    require("market", market, "the name of a file", str | PathLike)
    require("columns", columns, "a mapping of fields to names of columns", Mapping)
    require("ignore_columns", ignore_columns, "a list of names of columns", Sequence)
    settings = asked(greeks=greeks, fields=fields)
    own = {name: value for name, value in settings.source.sections["contract"].items() if name not in settings.guessed}
    message = "belongs to each trade of the book; write it there"
    settings.problems += [Problem((name,), message, value) for name, value in own.items()]
    return _read(book, Path(market) if market else None, settings, _reading(columns, ignore_columns))


def _reading(columns: Mapping[str, str] | None, ignored: Sequence[str]) -> Reading:
    names = {str(field): str(name) for field, name in (columns or {}).items()}
    return Reading(Columns(names, (ignored,) if isinstance(ignored, str) else tuple(map(str, ignored))))


def _read(book: Any, market: Path | None, settings: Asked, reading: Reading) -> BookRead:
    """The trades of a book. Raises InvalidInput."""
    with settings.collected():
        if files := _files(book):
            found = read_trades(files, market, settings.source, reading)
        else:
            found = trades_of_sheet(_sheet(book, reading), market, settings.source, reading)
    return found


def _files(book: Any) -> list[str]:
    """The names of files; none where the book is no file."""
    if isinstance(book, str | PathLike):
        return [fspath(book)]
    if isinstance(book, list | tuple) and book and all(isinstance(one, str | PathLike) for one in book):
        return [fspath(one) for one in book]
    return []


def _sheet(book: Any, reading: Reading) -> Sheet:
    """The sheet of rows or of a frame. Raises InvalidInput."""
    if (rows := rows_of_frame(book)) is not None:
        return sheet_of_frame([{name: plain(value) for name, value in row.items()} for row in rows], reading.columns)
    if isinstance(book, Mapping) or not hasattr(book, "__iter__"):
        message = "rows of fields are wanted, a frame of pandas, Polars or Arrow, or the name of a file"
        raise InvalidInput([Problem(("book",), message, type(book).__name__)])
    return sheet_of_rows([_row(row) for row in book])


def _row(row: object) -> object:
    """A row of plain values, with the fields of its typed terms."""
    if not isinstance(row, Mapping):
        return row
    terms = {name: row[name] for name in ("contract", "market") if isinstance(row.get(name), BaseModel)}
    stated = {str(name): plain(value) for name, value in row.items() if name not in terms}
    of_terms = {name: plain(value) for term in terms.values() for name, value in fields_of(term).items()}
    return {**of_terms, **stated}
