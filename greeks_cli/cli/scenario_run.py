"""``greeks batch --scenario``."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from greeks_cli.cli.messages import say
from greeks_cli.cli.output import output
from greeks_cli.terms.errors import ExitCode, InvalidInput, Problem

if TYPE_CHECKING:
    from greeks_cli.run.books.runs import Book
    from greeks_cli.terms.books.scenario import Scenario

_FORMATS = ("jsonl", "csv", "table")


def scenarios_of(text: str, unused: Sequence[str]) -> "list[Scenario]":
    """The scenarios of the option. Raises InvalidInput, also for options that scenarios have no use for."""
    from greeks_cli.terms.books.scenario import parse_scenarios

    if unused:
        message = "is not for scenarios, which give sums over the whole book; leave it out"
        raise InvalidInput([Problem((option,), message) for option in unused])
    try:
        return parse_scenarios(text)
    except ValueError as error:
        raise InvalidInput([Problem(("--scenario",), str(error))]) from None


def price_scenarios(
    book: "Book", scenarios: "Sequence[Scenario]", with_greeks: bool, out: Path | None, format: str | None
) -> ExitCode:
    """Price the valid trades of a book in every scenario, and write the sums."""
    from greeks_cli.report.formats.scenarios import render
    from greeks_cli.run.books.scenarios import run_scenarios
    from greeks_cli.terms.books.trade import Trade

    to = output(out, format, _FORMATS, "jsonl", matplotlib=False)
    valid: list[Trade] = [trade for trade in book.trades if isinstance(trade, Trade)]
    with book.executor() as (executor, workers):
        found = run_scenarios(valid, book.totals, scenarios, with_greeks, workers, executor)
    to.deliver(render(found, to.format, book.units, to.screen))
    without = sum(one.change is None for one in found)
    if without:
        say(f"{without:,} of {len(found):,} sums lack trades without a result")
    return ExitCode.SOME_JOBS_FAILED if without else ExitCode.OK
