"""``greeks batch``."""

import json
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

from greeks_cli.cli.book_run import Book, Progress, say, to_file, to_stdout
from greeks_cli.cli.options import scheduler_option, shared_options
from greeks_cli.cli.output import check_file
from greeks_cli.cli.source import Source
from greeks_cli.cli.terminal import progress_bar
from greeks_cli.terms.errors import ExitCode, InvalidInput, MissingExtra, Problem
from greeks_cli.terms.greek import Units

_SHOWN = 20
_COUNT, _FILE = click.IntRange(1, 1024), click.Path(path_type=Path)
_FORMATS = {".jsonl": "jsonl", ".csv": "csv", ".parquet": "parquet", ".txt": "table"}


@click.command("batch")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("-o", "--out", type=_FILE, help="Where the results go: .jsonl, .csv, .parquet or .txt (a table).")
@click.option("--format", "format", type=click.Choice([*_FORMATS.values()]), help="[default: by -o, else jsonl]")
@click.option("--wide", is_flag=True, help="CSV with one line per trade instead of one per estimate.")
@click.option("--market", "market", type=_FILE, help="TOML with settings for all trades.")
@click.option(
    "--units", type=click.Choice([str(unit) for unit in Units]), default="raw", show_default=True, help="As in price."
)
@click.option("--processes", type=_COUNT, help="Trades at a time. [default: the cores, for 20 trades or more]")
@click.option("--threads", type=_COUNT, help="Threads per trade. [default: the cores, or 1 with processes]")
@scheduler_option
@click.option("--dry-run", is_flag=True, help="Only list the trades, and forecast what they will cost.")
@click.option("--total", is_flag=True, help="Add a row of totals, with the error bar of the sum, path by path.")
@click.option("--fail-fast", is_flag=True, help="Stop at the first trade that fails, before any if one is invalid.")
@click.option("--restart", is_flag=True, help="Price all anew, whatever is at -o already.")
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Of progress on stderr.",
)
@click.option("--quiet", is_flag=True, help="No progress on stderr.")
@shared_options
def command(
    flags: Source,
    files: tuple[str, ...],
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
    fail_fast: bool,
    restart: bool,
    log_format: str,
    quiet: bool,
) -> ExitCode:
    """Price a book of trades: TOML, JSON, CSV or JSON Lines files, or - for JSON Lines from stdin.

    A trade's own fields win over flags, flags over what a file says for all its trades, and that
    over --market. One bad trade does not stop the others: its row says why, and the exit code is 3.
    With -o, the same command goes on where an interrupted one stopped.
    """
    from greeks_cli.run.batch import usual_processes
    from greeks_cli.terms.trade import Rejected, Trade

    # Unwinding, unlike the default, also ends the processes that price.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    trades, inputs = _trades(files, market, flags)
    rejected = [trade for trade in trades if isinstance(trade, Rejected)]
    valid = [trade for trade in trades if isinstance(trade, Trade)]
    if total and fail_fast:
        raise InvalidInput([Problem(("--fail-fast",), "trades that --total adds up run together; use one of them")])
    if rejected and (fail_fast or dry_run):
        raise InvalidInput([problem for trade in rejected for problem in trade.problems])
    for trade in rejected[:_SHOWN]:
        for problem in trade.problems:
            say(problem.line(str(problem.path[0])))
    if len(rejected) > _SHOWN:
        say(f"and {len(rejected) - _SHOWN:,} more trades that are not valid")
    for note in sorted({(str(p.value), p.message) for trade in valid for p in trade.request.left_out}):
        say(f"note: where nobody asks for it, {note[0]} is left out: {note[1]}")
    processes = processes or usual_processes(len(valid))
    if dry_run:
        return _dry_run(valid, processes)
    form = _format(out, files, format, wide)
    book = Book(trades, Units(units), processes, threads, scheduler, fail_fast, total)
    with _progress(quiet, log_format) as progress:
        if out is None:
            return to_stdout(book, form, wide, progress)
        return to_file(book, form, wide, out, restart, inputs, progress)


def _trades(files: Sequence[str], market: Path | None, flags: Source) -> tuple[list[Any], dict[str, str]]:
    """The trades, and the SHA-256 of every file that they were read from."""
    from greeks_cli.book.book import Settings, check_settings, trades_of
    from greeks_cli.book.records import Sheet, read_sheet
    from greeks_cli.terms.request import DEFAULT_GREEKS

    common = read_sheet(str(market)) if market else Sheet("")
    if common.records or common.grid:
        raise InvalidInput([Problem(("--market",), "is for settings; give trades and grids as FILE", str(market))])
    defaults = Settings(common.settings, common.greeks)
    check_settings(defaults, common.file)
    flags.validate()
    overrides = Settings(flags.sections, None if flags.greeks is DEFAULT_GREEKS else flags.greeks)
    sheets = []
    problems: list[Problem] = []
    for name in files:
        try:
            sheets.append(read_sheet(name))
        except InvalidInput as error:
            problems += error.problems
    if files.count("-") > 1:
        problems.append(Problem(("-",), "standard input can be read once only"))
    if problems:
        raise InvalidInput(problems)
    digests = {sheet.file: sheet.digest for sheet in (common, *sheets) if sheet.digest}
    return trades_of(sheets, defaults, overrides), digests


def _format(out: Path | None, files: Sequence[str], format: str | None, wide: bool) -> Any:
    from greeks_cli.report.book import BookFormat

    if out is not None:
        _check_out(out, files)
    if format is None and out is not None and out.suffix.lower() not in _FORMATS:
        message = f"its extension says no format; use one of {', '.join(_FORMATS)}, or --format"
        raise InvalidInput([Problem(("--out",), message, str(out))])
    form = BookFormat(format or (_FORMATS[out.suffix.lower()] if out else "jsonl"))
    if form is BookFormat.PARQUET:
        if out is None:
            raise InvalidInput([Problem(("--format",), "parquet is no text; give a file with -o", "parquet")])
        if find_spec("pyarrow") is None:  # said before the first path, not after the last
            raise MissingExtra("parquet", "pyarrow", "parquet")
    if wide and form is not BookFormat.CSV:
        raise InvalidInput([Problem(("--wide",), "is for CSV; add --format csv, or leave it out")])
    return form


def _check_out(out: Path, files: Sequence[str]) -> None:
    """Raise InvalidInput where results cannot or must not go."""
    check_file(out)
    if any(out.exists() and Path(name).exists() and out.samefile(name) for name in files):
        raise InvalidInput([Problem(("--out",), "is one of the books; give another name", str(out))])


def _dry_run(trades: Sequence[Any], processes: int) -> ExitCode:
    """List the trades; what they will cost is measured on a few of them with few paths."""
    from greeks_cli.run.batch import forecast_seconds

    for trade in trades:
        request = trade.request
        described = f"{request.contract.describe()}, expiry {request.contract.expiry:g}y"
        click.echo(f"{trade.id}\t{described}\tvol {request.market.vol:g}\t{request.simulation.paths:,} paths")
    seconds = forecast_seconds(trades, processes)
    say(f"{len(trades):,} trades, about {seconds:.0f} seconds with {processes} processes")
    return ExitCode.OK


@contextmanager
def _progress(quiet: bool, log_format: str) -> Iterator[Progress]:
    """What is called with (done, all) after every trade."""
    if log_format == "text" or quiet:
        with progress_bar(quiet, "trades") as bar:
            yield bar or (lambda done, total: None)
        return
    started = time.monotonic()

    def log(done: int, total: int) -> None:
        rate = done / max(1e-9, time.monotonic() - started)
        remaining = round((total - done) / rate, 1)
        event = {"event": "progress", "done": done, "total": total}
        with suppress(OSError):
            line = {**event, "trades_per_second": round(rate, 3), "remaining_seconds": remaining}
            click.echo(json.dumps(line), err=True)

    yield log
