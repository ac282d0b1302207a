"""A book in scenarios, from Python."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from greeks_cli.api.asking import asked, require, threads_of, units_of
from greeks_cli.api.books import Path_, read_book
from greeks_cli.api.shown import HtmlTable, Shown, cells
from greeks_cli.inputs.notes import notes_on, notes_on_defaults
from greeks_cli.inputs.trades import totals_of_scenarios
from greeks_cli.report.formats.scenarios import InScenario, render, rows
from greeks_cli.report.text.screen import Screen
from greeks_cli.terms.books.measures import in_units
from greeks_cli.terms.books.scenario import parse_scenarios
from greeks_cli.terms.books.trade import Trade
from greeks_cli.terms.errors import InvalidInput, Problem
from greeks_cli.terms.units import Units


@dataclass(frozen=True)
class ScenarioResult(Shown):
    """The value of a book in each scenario, and its change from today's."""

    scenarios: Sequence[InScenario]
    """The sums of each scenario and total, with ``scenario``, ``total``, ``sums`` and ``change``."""
    units: Units
    notes: tuple[str, ...]

    def text(self, screen: Screen) -> str:
        return render(self.scenarios, "table", self.units, screen)

    def rows(self) -> list[dict[str, Any]]:
        """A row for each estimate, with the shifts in columns of their own."""
        return list(rows(self.scenarios, self.units))

    def __repr__(self) -> str:
        return f"<ScenarioResult: {len(self.scenarios):,} sums>"

    def _html(self) -> HtmlTable:
        own = self.rows()
        columns = dict.fromkeys(name for row in own for name in row)
        body = [cells({name: row.get(name) for name in columns}) for row in own]
        return HtmlTable("Change in value from today's (pnl)", list(columns), body, self.notes)


def scenarios(
    book: Any,
    over: str,
    *,
    market: Path_ | None = None,
    greeks: object = None,
    units: str = "raw",
    total: bool = False,
    total_by: str | None = None,
    columns: Mapping[str, str] | None = None,
    ignore_columns: Sequence[str] = (),
    threads: int | None = None,
    **fields: Any,
) -> ScenarioResult:
    """The change in value of a book in a grid of scenarios such as ``"spot=-10%:10%:5,vol=-5:5:3"``.

    ``over`` is as in ``greeks batch --scenario``; the other arguments are those of ``batch``. Greeks are added where
    they are asked for. Raises InvalidInput.
    """
    from greeks_cli.run.books.scenarios import run_scenarios

    shown, threads = units_of(units), threads_of(threads)
    if not isinstance(over, str):
        raise InvalidInput([Problem(("over",), "a text such as spot=-10%:10%:5,vol=-5:5:3 is wanted", repr(over))])
    try:
        grid = parse_scenarios(over)
    except ValueError as error:
        raise InvalidInput([Problem(("over",), str(error))]) from None
    read = read_book(book, market, greeks, columns, ignore_columns, fields)
    require("total_by", total_by, "a text such as underlying or tags.desk", str)
    with asked().collected():
        totals = totals_of_scenarios(read.trades, read.rates, total, total_by)
    moved = [one.with_measures(in_units(one.measures, shown)) for one in totals]
    valid = [trade for trade in read.trades if isinstance(trade, Trade)]
    found = run_scenarios(valid, moved, grid, greeks is not None, threads)
    return ScenarioResult(found, shown, (*notes_on(read.trades), *notes_on_defaults(read.trades, True)))
