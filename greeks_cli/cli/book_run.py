"""A book on its way from trades to results: priced, kept, written, and how it ended."""

import signal
import sys
import time
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from greeks_cli.cli.messages import say
from greeks_cli.cli.terminal import screen
from greeks_cli.terms.errors import ExitCode, InvalidInput, Problem
from greeks_cli.terms.greek import Units

Progress = Callable[[int, int], None]


class Interrupted(KeyboardInterrupt):
    """A Ctrl-C that has let what was in flight finish."""


class Book:
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

    def records(self) -> Iterator[dict[str, Any]]:
        """Every row in the order of the book, as soon as all before it are finished."""
        waiting, finished = list(self.keys), dict[str, dict[str, Any]]()
        try:
            for record in self.finished():
                finished[record["id"]] = record
                while waiting and waiting[0] in finished:
                    yield finished.pop(waiting.pop(0))
        except Interrupted:
            yield from (finished[name] for name in waiting if name in finished)
            raise
        yield from (finished[name] for name in waiting if name in finished)

    def finished(self, skip: Collection[str] = ()) -> Iterator[dict[str, Any]]:
        """Every trade's row as it is finished, but for those to skip; with fail-fast, up to the first that fails.

        Raises Interrupted after a Ctrl-C, when what was in flight then is finished too.
        """
        from greeks_cli.report.book import record_of
        from greeks_cli.terms.trade import Rejected, Trade

        if self._total:
            yield from (record for record in self._with_total() if record["id"] not in skip)
            return
        waiting = [trade for trade in self.trades if trade.id not in skip]
        for trade in waiting:
            if isinstance(trade, Rejected):
                yield record_of(trade, trade.why, self._units)
        with closing(self._answers([trade for trade in waiting if isinstance(trade, Trade)])) as answers:
            for trade, answer in answers:
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

    def workers(self) -> tuple[int, str]:
        """How many price at a time, and what they are, in words. Raises ClusterFailed."""
        from greeks_cli.run.cores import available_cores

        if self.scheduler:
            with self._executor() as (executor, _):
                return executor.workers, f"{executor.workers} workers, as fast as this machine"
        if self.processes > 1:
            return self.processes, f"{self.processes} processes"
        threads = self._threads or available_cores()
        return threads, f"{threads} threads"

    @contextmanager
    def _executor(self) -> Iterator[tuple[Any, int | None]]:
        """Who runs what is not run on threads here (None where it is), and on how many workers."""
        from greeks_cli.run.processes import worker_processes

        if self.scheduler:
            from greeks_cli.run.cluster import cluster

            with cluster(self.scheduler) as executor:
                yield executor, executor.workers
        elif self.processes > 1:
            with worker_processes(self.processes) as executor:
                yield executor, self.processes
        else:
            yield None, self._threads

    def _answers(self, trades: Sequence[Any]) -> Generator[tuple[Any, Any], None, None]:
        from greeks_cli.run.batch import price_trades
        from greeks_cli.run.interrupts import asked_to_stop

        waiting = len(trades)
        with (
            self._executor() as (executor, workers),
            asked_to_stop(lambda: say("finishing what is in flight; Ctrl-C again stops at once")) as stop,
            closing(price_trades(trades, self._threads, executor, workers or 1, stop)) as answers,
        ):
            for trade, answer in answers:
                waiting -= 1
                yield trade, answer
        if waiting:  # the first Ctrl-C was in time
            raise Interrupted


def to_stdout(book: Book, form: Any, wide: bool, progress: Progress) -> ExitCode:
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
    return ending(_statuses(records))


def to_file(
    book: Book, form: Any, wide: bool, out: Path, restart: bool, inputs: Mapping[str, str], progress: Progress
) -> ExitCode:
    from greeks_cli.report.book import BookFormat, as_parquet, rendered
    from greeks_cli.report.table import Screen
    from greeks_cli.run.ledger import Ledger

    started = time.time()
    described = f"wide {form}" if wide else str(form)
    with closing(Ledger(out, book.keys)) as ledger:
        if finished := ledger.open(restart, described):
            say(f"{out} is finished already; --restart prices it anew")
            return ExitCode(finished["exit_code"])
        taken_up = ledger.kept
        _run_into(ledger, book, progress)
        records = [ledger.rows[name] for name in ledger.keys if name in ledger.rows]
        code = ending(_statuses(records))
        if len(records) == len(ledger.keys):
            parquet = form is BookFormat.PARQUET
            content = as_parquet(records) if parquet else rendered(records, form, wide, Screen()).encode()
            about = {"format": described, "exit_code": code, "taken_up": taken_up}
            manifest = {**about, **manifest_of(book, inputs, records, started)}
            ledger.finish(content, manifest)
    return code


def _run_into(ledger: Any, book: Book, progress: Progress) -> None:
    """Price what the ledger does not have yet."""
    if ledger.rows:
        say(f"going on after {len(ledger.rows):,} of {len(ledger.keys):,} trades")
    expected = len(ledger.keys) - len(ledger.rows)
    try:
        for done, record in enumerate(book.finished(skip=set(ledger.rows)), start=1):
            ledger.append(record)
            progress(done, expected)
    except KeyboardInterrupt:
        kept = f"{ledger.kept:,} of {len(ledger.keys):,} trades are kept"
        raise KeyboardInterrupt(f"interrupted; {kept}; the same command goes on from there") from None


def _statuses(records: Sequence[dict[str, Any]]) -> dict[str, str]:
    return {record["id"]: record["status"] for record in records if "trades" not in record}


def ending(statuses: Mapping[str, str]) -> ExitCode:
    """Say which trades failed or missed a tolerance, by the status of every trade's id."""
    endings = (("error", "failed", ExitCode.SOME_JOBS_FAILED), ("not met", "missed a --tol", ExitCode.NOT_MET))
    code = ExitCode.OK
    for status, happened, its_code in endings:
        named = [name for name, its_status in statuses.items() if its_status == status]
        if named:
            more = f" and {len(named) - 3:,} more" if len(named) > 3 else ""
            say(f"{len(named):,} of {len(statuses):,} trades {happened}: {', '.join(named[:3])}{more}")
            code = code or its_code
    return code


def end_in_order() -> None:
    """Let SIGTERM unwind: unlike the default, that also ends the processes that price."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))


def manifest_of(
    book: Book, inputs: Mapping[str, str], records: Sequence[dict[str, Any]], started: float
) -> dict[str, Any]:
    """How the results came about."""
    from greeks_cli.run.environment import devices_of, facts
    from greeks_cli.terms.trade import Trade

    return {
        "command": ["greeks", *sys.argv[1:]],
        "inputs": dict(inputs),
        "environment": dict(facts()),
        "devices": [] if book.scheduler else devices_of([trade for trade in book.trades if isinstance(trade, Trade)]),
        "seeds": sorted({record["simulation"]["seed"] for record in records if "simulation" in record}),
        "processes": book.processes,
        "scheduler": book.scheduler,
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(started)),
        "elapsed_seconds": round(time.time() - started, 3),
        "succeeded": sum(record["status"] == "ok" for record in records),
        "not_met": sum(record["status"] == "not met" for record in records),
        "failed": sum(record["status"] == "error" for record in records),
    }
