"""``greeks serve``."""

import sys
from pathlib import Path

import click

from greeks_cli.cli.messages import say
from greeks_cli.cli.options import market_file_option, shared_options, threads_option, units_option
from greeks_cli.cli.sections import Command, Section, option
from greeks_cli.inputs.source import Source
from greeks_cli.inputs.trades import Stream, lines_of
from greeks_cli.terms.errors import ExitCode, InvalidInput, Problem
from greeks_cli.terms.units import Units


@click.command("serve", cls=Command)
@option("--stdio", section=Section.INPUT, is_flag=True, help="From standard input to standard output. [required]")
@market_file_option
@units_option
@threads_option
@shared_options
def command(flags: Source, stdio: bool, market: Path | None, units: str, threads: int | None) -> ExitCode:
    """Answer trades as they come: a line of JSON in, a line of JSON out, in order.

    Lines and answers are those of a book of JSON Lines, see greeks batch. A line that is wrong has an answer
    with status error. The process stays, and keeps what later lines can use again. It ends with its input, and
    opens no network port.

    \b
    echo '{"id": "one", "strike": 100, "vol": 0.2}' | greeks serve --stdio
    """
    from greeks_cli.book.records import Reading
    from greeks_cli.report.formats.book import json_line
    from greeks_cli.run.books.serving import Served
    from greeks_cli.run.machine.interrupts import end_in_order

    if not stdio:
        raise InvalidInput([Problem(("--stdio",), "required: trades come from standard input; there is no other way")])
    if sys.stdin is None:
        raise InvalidInput([Problem(("--stdio",), "standard input is closed; give it lines")])
    end_in_order()
    served = Served(Stream(market, flags, Reading()).trades, Units(units), threads)
    for row in served.rows(lines_of(sys.stdin.buffer)):
        sys.stdout.write(json_line(row))
        sys.stdout.flush()
    failed = sum(count for status, count in served.statuses.items() if status not in ("ok", "not met"))
    if failed:
        say(f"{failed:,} of {served.statuses.total():,} trades failed")
        return ExitCode.SOME_JOBS_FAILED
    return ExitCode.NOT_MET if served.statuses["not met"] else ExitCode.OK
