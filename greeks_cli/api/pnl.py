"""Explained profit and loss of two runs of a book."""

from dataclasses import dataclass
from os import PathLike, fspath
from typing import Any

from greeks_cli.api.books import BookResult
from greeks_cli.api.shown import HtmlTable, Shown, cells
from greeks_cli.book.records import content_of
from greeks_cli.book.results import results_in
from greeks_cli.report.pnl_formats import render, rows
from greeks_cli.report.screen import Screen
from greeks_cli.terms.book_row import TradeRow
from greeks_cli.terms.errors import InvalidInput, Problem
from greeks_cli.terms.pnl import Explained
from greeks_cli.terms.pnl_totals import BookExplained, TotalExplained, explain_book

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
    def totals(self) -> list[TotalExplained]:
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


def explain_pnl(old: Run, new: Run) -> PnlResult:
    """Change in value explained by the Greeks of ``old``, from ``old`` to ``new``, trade by trade.

    Raises InvalidInput for what holds no results.
    """
    return PnlResult(explain_book(_rows(old), _rows(new)))


def _rows(run: Run) -> tuple[TradeRow, ...]:
    if isinstance(run, BookResult):
        return run.trades
    if not isinstance(run, str | PathLike):
        raise InvalidInput([Problem(("results",), "a book's results are wanted, or the name of their file", repr(run))])
    return results_in(fspath(run), content_of(fspath(run))).rows
