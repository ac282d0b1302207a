"""``greeks batch``."""

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from greeks_cli.cli.bounded import Whole
from greeks_cli.cli.messages import ERROR, INFO, LOG_FORMATS, WARNING, event, say, say_notes, speak, tell
from greeks_cli.cli.options import market_file_option, scheduler_option, shared_options, units_option
from greeks_cli.cli.output import check_file, format_option
from greeks_cli.cli.reading import reading_options
from greeks_cli.cli.scenario_run import price_scenarios, scenarios_of
from greeks_cli.cli.sections import Command, Section, option
from greeks_cli.cli.terminal import progress_bar, screen
from greeks_cli.inputs.source import Source
from greeks_cli.inputs.trades import asked_totals, read_trades, refuse_rejected, totals_of_scenarios
from greeks_cli.run.books.ending import ending, statuses_of
from greeks_cli.terms.errors import ExitCode, InvalidInput, MissingExtra, Problem
from greeks_cli.terms.request import DEFAULT_GREEKS
from greeks_cli.terms.units import Units

if TYPE_CHECKING:
    from greeks_cli.book.records import Reading
    from greeks_cli.report.formats.book import BookFormat
    from greeks_cli.run.books.runs import Book, BookProgress
    from greeks_cli.terms.books.trade import Rejected, Trade
    from greeks_cli.terms.markets.market import Market

_COUNT, _FILE = Whole(1, 1024), click.Path(path_type=Path)
_FORMATS = {".jsonl": "jsonl", ".csv": "csv", ".parquet": "parquet", ".txt": "table"}


@click.command("batch", cls=Command)
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path())
@option(
    "-o",
    "--out",
    section=Section.OUTPUT,
    type=_FILE,
    help="File for the results: .jsonl, .csv, .parquet or .txt (a table).",
)
@format_option(_FORMATS.values(), "jsonl")
@option("--wide", section=Section.OUTPUT, is_flag=True, help="CSV with one line per trade instead of one per estimate.")
@market_file_option
@units_option
@option(
    "--processes",
    section=Section.RUN,
    type=_COUNT,
    help="Number of processes. [default: the cores, for a few seconds of work]",
)
@option(
    "--threads", section=Section.RUN, type=_COUNT, help="Threads per trade. [default: the cores, or 1 with processes]"
)
@scheduler_option
@option(
    "--dry-run",
    section=Section.RUN,
    is_flag=True,
    help="List the trades and forecast the time, without pricing the book.",
)
@option(
    "--total",
    section=Section.OUTPUT,
    is_flag=True,
    help="Add totals by underlying and currency, with the error bar of the sum, path by path.",
)
@option(
    "--total-by",
    section=Section.OUTPUT,
    help="Fields to add up by instead: underlying, currency, tags.NAME, separated by commas.",
)
@option(
    "--scenario",
    section=Section.OUTPUT,
    metavar="NAME=SHIFTS,...",
    help="Change in value of the book in a grid of scenarios: spot=-10%:10%:5,vol=-5:5:3 (vol points), "
    "rate, dividend_yield, borrow (basis points); a;b;c for single shifts.",
)
@option(
    "--fail-fast",
    section=Section.RUN,
    is_flag=True,
    help="Stop at the first trade that fails; price no trade if one is invalid.",
)
@option("--restart", section=Section.RUN, is_flag=True, help="Price all trades again, even those with results at -o.")
@option(
    "--log-format",
    section=Section.RUN,
    type=click.Choice(LOG_FORMATS),
    default="text",
    show_default=True,
    is_eager=True,  # so that errors in other options are written in this format, too
    callback=lambda _ctx, _option, value: speak(value),
    help="Format of progress and messages on stderr.",
)
@option("--quiet", section=Section.RUN, is_flag=True, help="No progress on stderr.")
@shared_options
@reading_options
def command(
    flags: Source,
    files: tuple[str, ...],
    reading: "Reading",
    out: Path | None,
    format: str | None,
    wide: bool,
    market: Path | None,
    units: str,
    processes: int | None,
    threads: int | None,
    scheduler: str | None,
    dry_run: bool,
    total: bool,
    total_by: str | None,
    scenario: str | None,
    fail_fast: bool,
    restart: bool,
    log_format: str,
    quiet: bool,
) -> ExitCode:
    """Price a book of trades: TOML, JSON, CSV or JSON Lines files, or - for stdin (--input-format).

    Fields of a trade win over flags, flags over the settings of its file, and these over --market.
    A trade on several underlyings names them in the field underlyings; greeks explain underlyings.
    A trade that fails does not stop the others: its row holds the error, and the exit code is 3.
    With -o, the same command resumes an interrupted run.
    """
    from greeks_cli.inputs.notes import notes_on_defaults
    from greeks_cli.run.books.batch import usual_processes
    from greeks_cli.run.books.runs import Book, to_file
    from greeks_cli.run.machine.interrupts import end_in_order
    from greeks_cli.terms.books.trade import Trade

    end_in_order()
    unused = {"--fail-fast": fail_fast, "--wide": wide, "--restart": restart, "--format": format == "parquet"}
    scenarios = None if scenario is None else scenarios_of(scenario, [name for name, given in unused.items() if given])
    trades, inputs, rates = read_trades(files, market, flags, reading)
    if fail_fast:
        _refuse_for_fail_fast(trades, total or bool(total_by))
    tell(trades)
    valid = [trade for trade in trades if isinstance(trade, Trade)]
    processes = processes or usual_processes(valid)
    summed = asked_totals if scenarios is None else totals_of_scenarios
    totals = summed(trades, rates, total, total_by)
    book = Book(trades, Units(units), processes, threads, scheduler, fail_fast, totals, say)
    if dry_run:
        return _dry_run(book, valid)
    say_notes(notes_on_defaults(trades, bool(totals)))
    if scenarios is not None:
        return price_scenarios(book, scenarios, flags.greeks is not DEFAULT_GREEKS, out, format)
    form = _format(out, format, wide)
    with _progress(quiet, log_format) as progress:
        if out is None:
            return _to_stdout(book, form, wide, progress)
        return to_file(book, form, wide, out, restart, inputs, progress)


def _refuse_for_fail_fast(trades: Sequence["Trade | Rejected"], adds_up: bool) -> None:
    """Raises InvalidInput for totals, and for trades that are not valid."""
    if adds_up:
        raise InvalidInput([Problem(("--fail-fast",), "trades that --total adds up run together; use one of them")])
    refuse_rejected(trades)


def _to_stdout(book: "Book", form: "BookFormat", wide: bool, progress: "BookProgress") -> ExitCode:
    """Write each row as soon as all before it are finished, or the whole table at the end."""
    from greeks_cli.report.formats.book import BookFormat, json_line, rendered

    records, expected = [], len(book.keys)
    for record in book.records():
        records.append(record)
        if form is BookFormat.JSONL:
            sys.stdout.write(json_line(record))
            sys.stdout.flush()
        progress(len(records), expected, record)
    if form is not BookFormat.JSONL:
        sys.stdout.write(rendered(records, form, wide, screen()))
    return ending(statuses_of(records), say)


def _format(out: Path | None, format: str | None, wide: bool) -> "BookFormat":
    from greeks_cli.report.formats.book import BookFormat
    from greeks_cli.run.books.ledger import files_beside

    if out is not None:
        check_file(out, files_beside)
    if format is None and out is not None and out.suffix.lower() not in _FORMATS:
        message = f"its extension says no format; use one of {', '.join(_FORMATS)}, or --format"
        raise InvalidInput([Problem(("--out",), message, str(out))])
    form = BookFormat(format or (_FORMATS[out.suffix.lower()] if out else "jsonl"))
    if form is BookFormat.PARQUET:
        if out is None:
            raise InvalidInput([Problem(("--format",), "parquet is no text; give a file with -o", "parquet")])
        if find_spec("pyarrow") is None:  # refuse before the first path, not after the last
            raise MissingExtra("parquet", "pyarrow", "parquet")
    if wide and form is not BookFormat.CSV:
        raise InvalidInput([Problem(("--wide",), "is for CSV; add --format csv, or leave it out")])
    return form


def _dry_run(book: "Book", valid: Sequence["Trade"]) -> ExitCode:
    """List the valid trades and forecast their time, measured on a few of them with few paths."""
    from greeks_cli.report.headline import expiry_of
    from greeks_cli.run.books.batch import forecast_seconds

    for trade in valid:
        request = trade.request
        described = f"{request.contract.describe()}, {expiry_of(request)}"
        vols = [_vol(part.sole_market) for part in request.parts]
        pairs = zip(request.joint_market.names, vols, strict=True) if request.is_joint else ((vols[0],),)
        vol = ", ".join(map(" ".join, pairs))
        click.echo(f"{trade.id}\t{described}\t{vol}\t{request.simulation.paths:,} paths")
    workers, named = book.workers()
    say(f"{len(valid):,} trades, about {forecast_seconds(valid, workers):.0f} seconds with {named}", INFO)
    return ExitCode.OK if len(valid) == len(book.trades) else ExitCode.SOME_JOBS_FAILED


def _vol(market: "Market") -> str:
    """The model but gbm and the volatility of a market in words."""
    return f"{'' if market.is_lognormal else f'{market.model}, '}vol {market.shown_vol:g}"


@contextmanager
def _progress(quiet: bool, log_format: str) -> Iterator["BookProgress"]:
    """Yields the callback for progress, to be called with (done, total, row) after every trade."""
    if log_format == "text" or quiet:
        with progress_bar(quiet, "trades") as bar:
            yield lambda done, total, _row: bar(done, total) if bar else None
        return
    started = time.monotonic()

    def log(done: int, total: int, row: Mapping[str, Any]) -> None:
        for one in row.get("estimates", ()):
            if one.get("warning"):
                event("warning", WARNING, row["id"], {"greek": one["name"], "message": one["warning"]})
        level = ERROR if "error" in row else INFO
        rate = done / max(1e-9, time.monotonic() - started)
        counts = {"status": row["status"], "done": done, "total": total, "trades_per_second": round(rate, 3)}
        event("progress", level, row["id"], {**counts, "remaining_seconds": round((total - done) / rate, 1)})

    yield log
