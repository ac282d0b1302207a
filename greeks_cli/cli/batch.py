"""``greeks batch``."""

import hashlib
import json
import signal
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

from greeks_cli.cli.options import scheduler_option, shared_options
from greeks_cli.cli.source import Source
from greeks_cli.cli.terminal import progress_bar, screen
from greeks_cli.terms.errors import ExitCode, InvalidInput, MissingExtra, Problem
from greeks_cli.terms.greek import Units

_SHOWN = 20
_COUNT = click.IntRange(1, 1024)
_FORMATS = {".jsonl": "jsonl", ".csv": "csv", ".parquet": "parquet", ".txt": "table"}

Progress = Callable[[int, int], None]


@click.command("batch")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), help="Where the results go: .jsonl, .csv or .txt (table)."
)
@click.option("--format", "format", type=click.Choice([*_FORMATS.values()]), help="[default: by -o, else jsonl]")
@click.option("--wide", is_flag=True, help="CSV with one line per trade instead of one per estimate.")
@click.option("--market", "market", type=click.Path(path_type=Path), help="TOML with settings for all trades.")
@click.option(
    "--units", type=click.Choice([str(unit) for unit in Units]), default="raw", show_default=True, help="As in price."
)
@click.option("--processes", type=_COUNT, help="Trades at a time. [default: the cores, for 20 trades or more]")
@click.option(
    "--threads", type=click.IntRange(1, 1024), help="Threads per trade. [default: the cores, or 1 with processes]"
)
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
    if rejected and (fail_fast or dry_run):
        raise InvalidInput([problem for trade in rejected for problem in trade.problems])
    for trade in rejected[:_SHOWN]:
        for problem in trade.problems:
            _say(problem.line(str(problem.path[0])))
    if len(rejected) > _SHOWN:
        _say(f"and {len(rejected) - _SHOWN:,} more trades that are not valid")
    for note in sorted({(str(p.value), p.message) for trade in valid for p in trade.request.left_out}):
        _say(f"note: where nobody asks for it, {note[0]} is left out: {note[1]}")
    processes = processes or usual_processes(len(valid))
    if dry_run:
        return _dry_run(valid, processes)
    form = _format(out, files, format, wide)
    book = _Book(trades, Units(units), processes, threads, scheduler, fail_fast, total)
    with _progress(quiet, log_format) as progress:
        if out is None:
            return _to_stdout(book, form, wide, progress)
        return _to_file(book, form, wide, out, restart, inputs, progress)


def _trades(files: Sequence[str], market: Path | None, flags: Source) -> tuple[list[Any], dict[str, str]]:
    """The trades, and the SHA-256 of every file that they were read from."""
    from greeks_cli.book.book import Settings, check_settings, trades_of
    from greeks_cli.book.records import read_sheet
    from greeks_cli.terms.request import DEFAULT_GREEKS

    defaults, digests = Source(), {}
    if market:
        defaults.read_toml(market)
        check_settings(Settings(defaults.sections), str(market))
        digests[str(market)] = hashlib.sha256(market.read_bytes()).hexdigest()
    flags.validate()
    said = [None if source.greeks is DEFAULT_GREEKS else source.greeks for source in (defaults, flags)]
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
    digests |= {sheet.file: sheet.digest for sheet in sheets}
    return trades_of(sheets, Settings(defaults.sections, said[0]), Settings(flags.sections, said[1])), digests


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
    problem = None
    if str(out) == "-":
        problem = "results go to standard output where -o is left out"
    elif not out.name or out.is_dir():
        problem = "is a folder; give the name of a file in it"
    elif out.exists() and not out.is_file():
        problem = "is no regular file; leave out -o and redirect standard output to it"
    elif any(out.exists() and Path(name).exists() and out.samefile(name) for name in files):
        problem = "is one of the books; give another name"
    if problem:
        raise InvalidInput([Problem(("--out",), problem, str(out))])


class _Book:
    """The trades and how they are priced."""

    def __init__(
        self,
        trades: Sequence[Any],
        units: Units,
        processes: int,
        threads: int | None,
        scheduler: str | None,
        fail_fast: bool,
        total: bool,
    ):
        self.trades, self._units, self.processes = trades, units, processes
        self._threads, self.scheduler, self._fail_fast, self._total = threads, scheduler, fail_fast, total

    @property
    def keys(self) -> dict[str, str]:
        """The key of every row by its id. Raises InvalidInput where a trade has the id of the totals."""
        from greeks_cli.report.book import TOTAL, row_key
        from greeks_cli.terms.trade import total_key

        found = {trade.id: row_key(trade, self._units) for trade in self.trades}
        if not self._total:
            return found
        if TOTAL in found:
            raise InvalidInput([Problem(("id",), "is that of the row of totals; give the trade another", TOTAL)])
        return found | {TOTAL: total_key(tuple(found.values()))}

    def records(self, skip: Collection[str] = ()) -> Iterator[dict[str, Any]]:
        """Every trade's row in order, but for those finished; with fail-fast, up to the first that fails."""
        from greeks_cli.report.book import record_of
        from greeks_cli.terms.trade import Rejected, Trade

        if self._total:
            yield from (record for record in self._with_total() if record["id"] not in skip)
            return
        waiting = [trade for trade in self.trades if trade.id not in skip]
        with self._answers([trade for trade in waiting if isinstance(trade, Trade)]) as answers:
            for trade in waiting:
                answer = trade.why if isinstance(trade, Rejected) else next(answers)[1]
                yield record_of(trade, answer, self._units)
                if self._fail_fast and isinstance(answer, str):
                    return

    def _with_total(self) -> Iterator[dict[str, Any]]:
        """All rows and the totals, once every path has been run: no row is known before."""
        from greeks_cli.report.book import TOTAL, record_of, total_of
        from greeks_cli.run.together import run_together
        from greeks_cli.terms.trade import Rejected, Trade

        with self._executor() as (executor, workers):
            valid = [trade.request for trade in self.trades if isinstance(trade, Trade)]
            found, sums = run_together(valid, workers, executor)
        answers = iter(found)
        for trade in self.trades:
            yield record_of(trade, trade.why if isinstance(trade, Rejected) else next(answers), self._units)
        whole = len(valid) == len(self.trades)
        yield total_of(sums if whole else [], self.keys[TOTAL], len(self.trades), self._units)

    @contextmanager
    def _executor(self) -> Iterator[tuple[Any, int | None]]:
        """Who runs what is not run on threads here (None where it is), and on how many workers."""
        from greeks_cli.run.batch import worker_processes

        if self.scheduler:
            from greeks_cli.run.cluster import cluster

            with cluster(self.scheduler) as executor:
                yield executor, executor.workers
        elif self.processes > 1:
            with worker_processes(self.processes) as executor:
                yield executor, self.processes
        else:
            yield None, self._threads

    @contextmanager
    def _answers(self, trades: Sequence[Any]) -> Iterator[Iterator[Any]]:
        from greeks_cli.run.batch import price_trades

        with (
            self._executor() as (executor, workers),
            closing(price_trades(trades, self._threads, executor, workers or 1)) as answers,
        ):
            yield answers


def _to_stdout(book: _Book, form: Any, wide: bool, progress: Progress) -> ExitCode:
    from greeks_cli.report.book import BookFormat, json_line, rendered

    records, expected = [], len(book.keys)
    for record in book.records():
        records.append(record)
        if form is BookFormat.JSONL:
            sys.stdout.write(json_line(record))
            sys.stdout.flush()
        progress(len(records), expected)
    if form is not BookFormat.JSONL:
        sys.stdout.write(rendered(records, form, wide, screen()))
    return _ending(records)


def _to_file(
    book: _Book, form: Any, wide: bool, out: Path, restart: bool, inputs: Mapping[str, str], progress: Progress
) -> ExitCode:
    from greeks_cli.report.book import BookFormat, as_parquet, rendered
    from greeks_cli.report.table import Screen
    from greeks_cli.run.ledger import Ledger

    started = time.time()
    described = f"wide {form}" if wide else str(form)
    with closing(Ledger(out, book.keys)) as ledger:
        if finished := ledger.open(restart, described):
            _say(f"{out} is finished already; --restart prices it anew")
            return ExitCode.SOME_JOBS_FAILED if finished["failed"] else ExitCode.OK
        _run_into(ledger, book, progress)
        records = [ledger.rows[name] for name in ledger.keys if name in ledger.rows]
        ending = _ending(records)
        if len(records) == len(ledger.keys):
            parquet = form is BookFormat.PARQUET
            content = as_parquet(records) if parquet else rendered(records, form, wide, Screen()).encode()
            ledger.finish(content, {"format": described, **_manifest(book, inputs, records, started)})
    return ending


def _run_into(ledger: Any, book: _Book, progress: Progress) -> None:
    """Price what the ledger does not have yet."""
    if ledger.rows:
        _say(f"going on after {len(ledger.rows):,} of {len(ledger.keys):,} trades")
    expected = len(ledger.keys) - len(ledger.rows)
    try:
        for done, record in enumerate(book.records(skip=set(ledger.rows)), start=1):
            ledger.append(record)
            progress(done, expected)
    except KeyboardInterrupt:
        kept = f"{len(ledger.rows):,} of {len(ledger.keys):,} trades are kept; the same command goes on from there"
        _say(kept)
        raise


def _ending(records: Sequence[dict[str, Any]]) -> ExitCode:
    endings = (("error", "failed", ExitCode.SOME_JOBS_FAILED), ("not met", "missed a --tol", ExitCode.NOT_MET))
    code = ExitCode.OK
    for status, happened, its_code in endings:
        named = [record["id"] for record in records if record["status"] == status]
        if named:
            more = f" and {len(named) - 3:,} more" if len(named) > 3 else ""
            _say(f"{len(named):,} of {len(records):,} trades {happened}: {', '.join(named[:3])}{more}")
            code = code or its_code
    return code


def _say(message: str) -> None:
    """One line on stderr; whether anybody reads it, is no concern of the book."""
    with suppress(OSError):
        click.echo(f"greeks: {message}", err=True)


def _manifest(
    book: _Book, inputs: Mapping[str, str], records: Sequence[dict[str, Any]], started: float
) -> dict[str, Any]:
    """How the results came about."""
    from greeks_cli.run.environment import facts

    return {
        "command": ["greeks", *sys.argv[1:]],
        "inputs": dict(inputs),
        "environment": dict(facts()),
        "device": "cpu",
        "seeds": sorted({record["simulation"]["seed"] for record in records if "simulation" in record}),
        "processes": book.processes,
        "scheduler": book.scheduler,
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(started)),
        "elapsed_seconds": round(time.time() - started, 3),
        "succeeded": sum(record["status"] == "ok" for record in records),
        "failed": sum(record["status"] == "error" for record in records),
    }


def _dry_run(trades: Sequence[Any], processes: int) -> ExitCode:
    """List the trades; what they will cost is measured on a few of them with few paths."""
    from greeks_cli.run.batch import forecast_seconds

    for trade in trades:
        request = trade.request
        described = f"{request.contract.describe()}, expiry {request.contract.expiry:g}y"
        click.echo(f"{trade.id}\t{described}\tvol {request.market.vol:g}\t{request.simulation.paths:,} paths")
    seconds = forecast_seconds(trades, processes)
    _say(f"{len(trades):,} trades, about {seconds:.0f} seconds with {processes} processes")
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
