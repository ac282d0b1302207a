"""Content of a report: results, priced first where the file is a book, and curves."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from greeks_cli.cli.messages import say, say_notes, tell
from greeks_cli.cli.terminal import progress_bar
from greeks_cli.inputs.source import Source
from greeks_cli.inputs.trades import asked_totals, read_trades
from greeks_cli.terms.errors import GreeksError, InvalidInput, Problem
from greeks_cli.terms.units import Units

if TYPE_CHECKING:
    from greeks_cli.book.records import Reading
    from greeks_cli.book.results import Results
    from greeks_cli.report.pages.trade_page import TradePage
    from greeks_cli.terms.books.book_row import TradeRow
    from greeks_cli.terms.request import Request
    from greeks_cli.terms.results.spot_curves import SpotCurves

_TABLE_OF_RESULTS = b"id,status,"
"""First bytes of results written as CSV."""
_MOST_DRAWN = 1000
"""Most trades with curves: at ten kilobytes a trade, a browser still opens the page in a second or two."""


@dataclass(frozen=True)
class Pricing:
    """Options for pricing a book."""

    market: Path | None
    units: str | None
    total: bool
    total_by: str | None
    processes: int | None
    threads: int | None
    quiet: bool
    reading: "Reading"

    def refuse(self, flags: Source, file: str) -> None:
        """Raise InvalidInput for options of pricing, which results that are already priced cannot follow."""
        own: dict[str, object] = {
            "--market": self.market,
            "--units": self.units,
            "--total": self.total,
            "--total-by": self.total_by,
            "--processes": self.processes,
        }
        given = [name for name, value in (own | self.reading.options).items() if value] + list(flags.places.values())
        message = f"is for books that are priced first, and {file} holds results; leave it out, or give the book"
        if given:
            raise InvalidInput([Problem((name,), message) for name in given])

    def results(self, flags: Source, file: str, content: bytes) -> "Results":
        """Price a book. Raises InvalidInput where the file is not a book."""
        from greeks_cli.book.results import results_of
        from greeks_cli.inputs.notes import notes_on_defaults
        from greeks_cli.run.books.batch import usual_processes
        from greeks_cli.run.books.runs import Book, Start, manifest_of
        from greeks_cli.run.machine.interrupts import end_in_order
        from greeks_cli.terms.books.trade import Trade

        if content.startswith(_TABLE_OF_RESULTS):
            message = "results without their contracts; give what greeks batch writes with -o results.jsonl"
            raise InvalidInput([Problem((file,), message)])
        start = Start()
        end_in_order()
        trades, inputs, rates = read_trades([file], self.market, flags, self.reading, content)
        tell(trades)
        say_notes(notes_on_defaults(trades, self.total or bool(self.total_by)))
        processes = self.processes or usual_processes([trade for trade in trades if isinstance(trade, Trade)])
        totals = asked_totals(trades, rates, self.total, self.total_by)
        book = Book(trades, Units(self.units or "raw"), processes, self.threads, None, False, totals, say)
        records, expected = [], len(book.keys)
        with progress_bar(self.quiet, "trades") as progress:
            for record in book.records():
                records.append(record)
                if progress:
                    progress(len(records), expected)
        return results_of(records, manifest_of(book, inputs, records, start))


def trade_pages(rows: "Sequence[TradeRow]", most: int | None, threads: int | None, quiet: bool) -> "list[TradePage]":
    """A page for every row. Curves of at most ``most`` trades are simulated; where it is None, no curves are drawn."""
    from greeks_cli.report.pages.trade_page import TradePage

    pages: list[TradePage] = []
    simulated = 0
    with progress_bar(quiet, "curves") as progress:
        for row in rows:
            request = _request(row)
            few = len(pages) < _MOST_DRAWN
            curves = (
                _curves(request, most, simulated, threads) if few else f"No curves: not after {_MOST_DRAWN:,} trades."
            )
            simulated += any(one.paths for one in curves if not isinstance(one, str))
            pages.append(TradePage(row, request, curves))
            if progress:
                progress(len(pages), len(rows))
    return pages


def _request(row: "TradeRow") -> "Request | str":
    """The row's request, or the reason why there is none."""
    if row.error is not None:
        return "it has no result"
    try:
        return row.request()
    except InvalidInput as error:
        return f"its contract is none of this version: {error.in_one_line}"


def _curves(
    request: "Request | str", most: int | None, simulated: int, threads: int | None
) -> "tuple[SpotCurves, ...] | str":
    """The curves of a request, or the reason why there are none."""
    if most is None:
        return "No curves were asked for (--no-profiles)."
    if isinstance(request, str):
        return f"No curves: {request}."
    from greeks_cli.run.spot_curves import curves_along_spots

    try:
        found = curves_along_spots(request, simulated < most, threads)
    except GreeksError as error:
        return f"No curves: {error.in_one_line}."
    if found:
        return found
    return f"No curves: no closed form is known, and as many as --profiles {most} allows are simulated already."
