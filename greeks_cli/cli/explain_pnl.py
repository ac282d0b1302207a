"""``greeks explain-pnl``."""

from collections.abc import Sequence
from pathlib import Path

import click

from greeks_cli.cli.messages import say
from greeks_cli.cli.options import threads_option
from greeks_cli.cli.output import format_option, out_option, output
from greeks_cli.cli.sections import Command, Section, option
from greeks_cli.terms.errors import ExitCode, InvalidInput, Problem

_FORMATS = ("table", "jsonl", "csv")


@click.command("explain-pnl", cls=Command)
@click.argument("old", metavar="OLD", type=click.Path())
@click.argument("new", metavar="NEW", type=click.Path())
@out_option
@format_option(_FORMATS, "table")
@option(
    "--same-paths",
    section=Section.ACCURACY,
    is_flag=True,
    help="Price both books again on the same paths: errors of changes are those of differences path by path.",
)
@threads_option
def command(
    old: str, new: str, out: Path | None, format: str | None, same_paths: bool, threads: int | None
) -> ExitCode:
    """Explain the change in value between two runs of a book by yesterday's Greeks.

    OLD and NEW are files that greeks batch wrote as JSON Lines. Each Greek of OLD explains its value times the
    moves of its parameters, of order m over m!; theta takes the time by which expiries are nearer. What is left
    is shown with its error. Trades with the same id are one trade; a new or closed trade is a part of its own.
    Errors of simulated values hide a small change; with --same-paths most of them cancel.

    \b
    greeks batch book.csv --greeks all --market monday.toml -o monday.jsonl
    greeks batch book.csv --greeks price --market tuesday.toml -o tuesday.jsonl
    greeks explain-pnl monday.jsonl tuesday.jsonl --same-paths
    """
    from greeks_cli.book.records import content_of
    from greeks_cli.book.results import results_in
    from greeks_cli.report.formats.pnl import render
    from greeks_cli.terms.books.pnl_totals import explain_book

    to = output(out, format, _FORMATS, "table", matplotlib=False)
    if old == new == "-":
        raise InvalidInput([Problem(("-",), "standard input can be read once only")])
    before, after = (results_in(name, content_of(name)).rows for name in (old, new))
    amounts = None
    if same_paths:
        from greeks_cli.run.books.pnl_paths import on_same_paths

        amounts = on_same_paths(before, after, threads)
    found = explain_book(before, after, amounts)
    to.deliver(render(found, to.format, to.screen))
    if found.failed:
        say(f"trades without a result in one of the books: {', '.join(found.failed[:3])}{_more(found.failed)}")
    return ExitCode.SOME_JOBS_FAILED if found.failed else ExitCode.OK


def _more(names: Sequence[str]) -> str:
    return f" and {len(names) - 3:,} more" if len(names) > 3 else ""
