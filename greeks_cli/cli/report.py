"""``greeks report``."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from greeks_cli.cli.bounded import Whole
from greeks_cli.cli.messages import say
from greeks_cli.cli.options import market_file_option, shared_options, threads_option
from greeks_cli.cli.output import out_option, output
from greeks_cli.cli.reading import reading_options
from greeks_cli.cli.report_run import Pricing, trade_pages
from greeks_cli.cli.sections import Command, Section, option
from greeks_cli.inputs.source import Source
from greeks_cli.run.books.ending import ending
from greeks_cli.terms.errors import ExitCode
from greeks_cli.terms.units import Units

if TYPE_CHECKING:
    from greeks_cli.book.records import Reading


@click.command("report", cls=Command)
@click.argument("file", metavar="FILE", type=click.Path())
@out_option
@option(
    "--profiles",
    section=Section.OUTPUT,
    type=Whole(0),
    default=20,
    show_default=True,
    help="Number of trades whose curves are simulated; closed forms are drawn for all trades.",
)
@option("--no-profiles", section=Section.OUTPUT, is_flag=True, help="Draw no curves.")
@market_file_option
@option(
    "--units",
    section=Section.OUTPUT,
    type=click.Choice([str(unit) for unit in Units]),
    help="As in greeks price. [default: raw]",
)
@option("--total", section=Section.OUTPUT, is_flag=True, help="Add up the trades by underlying and currency.")
@option("--total-by", section=Section.OUTPUT, help="As in greeks batch.")
@option("--processes", section=Section.RUN, type=Whole(1, 1024), help="As in greeks batch.")
@threads_option
@option("--quiet", section=Section.RUN, is_flag=True, help="No progress on stderr.")
@shared_options
@reading_options
def command(
    flags: Source,
    file: str,
    reading: "Reading",
    out: Path | None,
    profiles: int,
    no_profiles: bool,
    market: Path | None,
    units: str | None,
    total: bool,
    total_by: str | None,
    processes: int | None,
    threads: int | None,
    quiet: bool,
) -> ExitCode:
    """Show a book as one HTML page: a sortable table, totals, a page for every trade, and the manifest.

    FILE is the .jsonl file of greeks batch, or a book or configuration, which is priced first with
    the options of greeks batch. The page loads no other file, and can be printed.
    """
    from greeks_cli.book.records import content_of
    from greeks_cli.book.results import holds_results, read_results
    from greeks_cli.report.pages.book_page import BookReport

    to = output(out, None, ("html",), "html", matplotlib=False)
    content = content_of(file)
    pricing = Pricing(market, units, total, total_by, processes, threads, quiet, reading)
    if holds_results(content):
        pricing.refuse(flags, file)
        results = read_results(file, content)
    else:
        results = pricing.results(flags, file, content)
    pages = trade_pages(results.rows, None if no_profiles else profiles, threads, quiet)
    name = "standard input" if file == "-" else Path(file).name
    to.deliver(BookReport(name, pages, results.totals, results.manifest, results.notes).render())
    return ending({row.id: row.status for row in results.rows}, say)
