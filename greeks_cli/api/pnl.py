"""Explained profit and loss of two runs of a book."""

from dataclasses import dataclass
from os import PathLike, fspath
from typing import Any

from greeks_cli.api.asking import require, threads_of
from greeks_cli.api.books import BookResult
from greeks_cli.api.shown import HtmlTable, Shown, cells
from greeks_cli.book.records import content_of
from greeks_cli.book.results import results_in
from greeks_cli.report.formats.pnl import render, rows
from greeks_cli.report.text.screen import Screen
from greeks_cli.terms.books.book_row import TradeRow
from greeks_cli.terms.books.pnl_totals import BookExplained, Explained, TotalExplained, explain_book
from greeks_cli.terms.errors import InvalidInput, Problem

Run = BookResult | str | PathLike[str]
"""Results of a book, or the file that holds them."""


@dataclass(frozen=True)
class PnlResult(Shown):
    """The change in value of a book between two runs, and what each Greek explains of it."""

    explained: BookExplained

    @property
    def notes(self) -> tuple[str, ...]:  # type: ignore[override]  # the table has the notes
        return ()

    @property
    def trades(self) -> tuple[Explained, ...]:
        """The explanation of each trade."""
        return self.explained.trades

    @property
    def totals(self) -> tuple[TotalExplained, ...]:
        """The explanation of each currency, with ``change``, ``explained`` and ``left``."""
        return self.explained.totals

    @property
    def failed(self) -> tuple[str, ...]:
        """The ids of trades without a result in one of the runs."""
        return self.explained.failed

    def text(self, screen: Screen) -> str:
        return render(self.explained, "table", screen)

    def rows(self) -> list[dict[str, Any]]:
        """A row for each part of each trade and total."""
        return list(rows(self.explained))

    def __repr__(self) -> str:
        return f"<PnlResult: {len(self.trades):,} trades in {len(self.totals)} currencies>"

    def _html(self) -> HtmlTable:
        of_totals = [row for row in self.rows() if row["id"].startswith("total")]
        columns = ["id", "currency", "name", "value", "stderr", "bias"]
        return HtmlTable(repr(self)[1:-1], columns, [cells(row) for row in of_totals])


def explain_pnl(old: Run, new: Run, *, same_paths: bool = False, threads: int | None = None) -> PnlResult:
    """Change in value explained by the Greeks of ``old``, from ``old`` to ``new``, trade by trade.

    With ``same_paths`` both books are priced again on the same paths, so that the errors of changes are those of
    differences path by path. Raises InvalidInput for what holds no results.
    """
    before, after, threads = _rows(old), _rows(new), threads_of(threads)
    require("same_paths", same_paths, "True or False", bool)
    if not same_paths:
        return PnlResult(explain_book(before, after))
    from greeks_cli.run.books.pnl_paths import on_same_paths

    return PnlResult(explain_book(before, after, on_same_paths(before, after, threads)))


def _rows(run: Run) -> tuple[TradeRow, ...]:
    if isinstance(run, BookResult):
        return run.trades
    if not isinstance(run, str | PathLike):
        raise InvalidInput([Problem(("results",), "a book's results are wanted, or the name of their file", repr(run))])
    return results_in(fspath(run), content_of(fspath(run))).rows
