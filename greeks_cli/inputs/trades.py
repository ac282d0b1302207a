"""Trades of a book from files, rows and settings."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, TypeVar

from greeks_cli.inputs.source import Source
from greeks_cli.terms.errors import InvalidInput, Problem

if TYPE_CHECKING:
    from greeks_cli.book.records import Reading, Sheet
    from greeks_cli.terms.books.totals import Rates, Total
    from greeks_cli.terms.books.trade import ReadLine, Rejected, Trade

Found = TypeVar("Found")
_STDIN = "<stdin>"


class BookRead(NamedTuple):
    """Trades of a book, the SHA-256 of every file that they were read from, and rates of exchange."""

    trades: "list[Trade | Rejected]"
    digests: dict[str, str]
    rates: "Rates | None"


def read_trades(
    files: Sequence[str], market: Path | None, flags: Source, reading: "Reading", content: bytes | None = None
) -> BookRead:
    """The trades of files.

    ``content`` is the content of the one file, where that is read already. Raises InvalidInput where a file is not a
    book, or a setting of all trades is wrong; the error then holds the problems of each trade, too, unless the market
    cannot be read.
    """
    from greeks_cli.book.records import read_sheet, sheet_of

    read = read_sheet if content is None else partial(sheet_of, content)
    problems: list[Problem] = []
    if files.count("-") > 1:
        problems.append(Problem(("-",), "standard input can be read once only"))
    checked = [*files, *([str(market)] if market else [])]
    _unless_wrong(problems, partial(reading.check, checked))
    return _book(files, market, flags, reading, read, problems)


def trades_of_sheet(sheet: "Sheet", market: Path | None, flags: Source, reading: "Reading") -> BookRead:
    """The trades of one sheet that no file holds. Raises InvalidInput as ``read_trades`` does."""
    return _book([sheet.file], market, flags, reading, lambda _name, _reading: sheet, [])


def _book(
    names: Sequence[str],
    market: Path | None,
    flags: Source,
    reading: "Reading",
    read: "Callable[[str, Reading], Sheet]",
    problems: list[Problem],
) -> BookRead:
    """The trades of sheets, which ``read`` gives by their names."""
    from greeks_cli.book.book import trades_of
    from greeks_cli.book.common import Settings
    from greeks_cli.book.records import Sheet
    from greeks_cli.book.underlyings import market_sheet, rates_of
    from greeks_cli.terms.books.trade import problems_of
    from greeks_cli.terms.request import DEFAULT_GREEKS

    settings = _unless_wrong(problems, lambda: market_sheet(str(market), reading, names) if market else Sheet(""))
    common = settings or Sheet("")
    if common.records or common.grid:
        problems.append(Problem(("--market",), "is for settings; give trades and grids as FILE", str(market)))
    _unless_wrong(problems, flags.validate)
    reading = reading.beside(settings)
    found = [_unless_wrong(problems, partial(read, name, reading)) for name in names]
    sheets = [sheet for sheet in found if sheet]
    overrides = Settings(flags.sections, None if flags.greeks is DEFAULT_GREEKS else flags.greeks)
    lines = _unless_wrong(problems, partial(trades_of, sheets, common, overrides)) if sheets else []
    rates = _unless_wrong(problems, lambda: rates_of([common, *sheets]))
    if problems:
        # Without its market, a trade has problems that are none.
        raise InvalidInput([*problems, *problems_of(lines or [] if settings else [])])
    digests = {sheet.file: sheet.digest for sheet in (common, *sheets) if sheet.digest}
    return BookRead(_solved(lines or []), digests, rates)


def lines_of(stream: BinaryIO) -> Iterator[bytes]:
    """The lines of a stream, each as soon as it is there; of a line too long to read, its beginning alone."""
    from greeks_cli.book.record import MOST_BYTES

    while line := stream.readline(MOST_BYTES + 1):
        yield line
        while len(line) > MOST_BYTES and not line.endswith(b"\n"):  # what is left of the line
            line = stream.readline(MOST_BYTES + 1)


class Stream:
    """Trades that come one by one, as lines of JSON, under the settings of all."""

    def __init__(self, market: Path | None, flags: Source, reading: "Reading"):
        """Raises InvalidInput where the settings of all are wrong."""
        from greeks_cli.book.common import Settings, common_of
        from greeks_cli.book.records import Sheet
        from greeks_cli.book.underlyings import market_sheet
        from greeks_cli.terms.request import DEFAULT_GREEKS

        flags.validate()
        settings = market_sheet(str(market), reading, []) if market else Sheet(_STDIN)
        if settings.records or settings.grid:
            raise InvalidInput([Problem(("--market",), "is for settings; give trades as lines", str(market))])
        overrides = Settings(flags.sections, None if flags.greeks is DEFAULT_GREEKS else flags.greeks)
        self._common = common_of(settings, overrides)
        self._n_lines = self._n_trades = 0

    def trades(self, line: bytes) -> "list[Trade | Rejected]":
        """The trades of the next line: one, those of a grid, or none where the line is blank."""
        from greeks_cli.book.book import group_of
        from greeks_cli.book.record import record_of_bytes

        self._n_lines += 1
        if not line.strip():
            return []
        self._n_trades += 1
        record = record_of_bytes(line, _STDIN, self._n_lines)
        return _solved(group_of(record, self._n_trades, self._common).trades)


def _solved(lines: "Sequence[ReadLine]") -> "list[Trade | Rejected]":
    """The trades of a book, those with quotes solved; without quotes no solver is imported."""
    from greeks_cli.terms.books.trade import UnsolvedTrade

    if any(isinstance(line, UnsolvedTrade) for line in lines):
        from greeks_cli.run.quotes import solved

        return solved(lines)
    return [line for line in lines if not isinstance(line, UnsolvedTrade)]


def _unless_wrong(problems: list[Problem], work: Callable[[], Found]) -> Found | None:
    """The result of ``work``; where it raises InvalidInput, None, and the error's problems go to ``problems``."""
    try:
        return work()
    except InvalidInput as error:
        problems += error.problems
        return None


def refuse_rejected(trades: "Sequence[Trade | Rejected]") -> None:
    """Raise InvalidInput with the problems of all rejected trades, where there are any."""
    from greeks_cli.terms.books.trade import problems_of

    if problems := problems_of(trades):
        raise InvalidInput(problems)


def totals_of_scenarios(
    trades: "Sequence[Trade | Rejected]", rates: "Rates | None", total: bool, by: str | None
) -> "list[Total]":
    """The totals of which scenarios tell the change: those that are asked for, or of each currency."""
    from greeks_cli.terms.books.totals import totals_of_currencies

    return asked_totals(trades, rates, total, by) or totals_of_currencies(trades, rates)


def asked_totals(
    trades: "Sequence[Trade | Rejected]", rates: "Rates | None", total: bool, by: str | None
) -> "list[Total]":
    """The totals that are asked for. Raises InvalidInput where a field or a rate is missing."""
    from greeks_cli.terms.books.totals import totals_of

    if by is not None and not by.strip(" ,"):
        raise InvalidInput([Problem(("--total-by",), "names no field; write one such as underlying or tags.desk", by)])
    if not total and not by:
        return []
    return totals_of(trades, [name.strip() for name in (by or "").split(",") if name.strip()], rates)
