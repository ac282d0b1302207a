"""Runs of books: trades priced, rows kept, results written, and the exit code."""

import sys
import time
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from greeks_cli.report.formats.book import BookFormat, as_parquet, record_of, rendered, row_key, total_of
from greeks_cli.report.text.screen import Screen
from greeks_cli.run.books.batch import price_trades
from greeks_cli.run.books.ending import Say, ending, statuses_of
from greeks_cli.run.books.ledger import Ledger
from greeks_cli.run.books.paths import answer_of, run_with_totals
from greeks_cli.run.machine.arithmetic import arithmetic_of
from greeks_cli.run.machine.cluster import cluster
from greeks_cli.run.machine.cores import available_cores
from greeks_cli.run.machine.environment import devices_of, executors_of, facts
from greeks_cli.run.machine.executors import with_executor
from greeks_cli.run.machine.interrupts import asked_to_stop, end_if_asked
from greeks_cli.run.machine.processes import worker_processes
from greeks_cli.terms.books.measures import in_units
from greeks_cli.terms.books.totals import Total
from greeks_cli.terms.books.trade import Rejected, Trade, total_key
from greeks_cli.terms.errors import ExitCode, InvalidInput, Problem
from greeks_cli.terms.results.result import Answer, Result
from greeks_cli.terms.units import Units

BookProgress = Callable[[int, int, Mapping[str, Any]], None]
"""Called with the trades done, the trades in all, and the row of the last one."""


class Interrupted(KeyboardInterrupt):
    """A Ctrl-C, raised after the tasks in flight are finished."""


class Start:
    """Start of a run: its stamp by the wall clock, and the seconds since, which no correction of that clock changes."""

    def __init__(self) -> None:
        self.stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        self._moment = time.monotonic()

    @property
    def elapsed_seconds(self) -> float:
        return round(time.monotonic() - self._moment, 3)


class Book:
    """Book of trades: the trades, the settings of their pricing, and the function that tells the user."""

    def __init__(
        self,
        trades: Sequence[Trade | Rejected],
        units: Units,
        processes: int,
        threads: int | None,
        scheduler: str | None,
        fail_fast: bool,
        totals: Sequence[Total],
        say: Say,
    ):
        self.trades, self.units, self.processes, self.say = _with_executor(trades), units, processes, say
        self._threads, self.scheduler, self._fail_fast = threads, scheduler, fail_fast
        self.totals = [total.with_measures(in_units(total.measures, units)) for total in totals]

    @property
    def keys(self) -> dict[str, str]:
        """The key of every row by its id. Raises InvalidInput where a trade has the id of a total."""
        found = {trade.id: self._key(trade) for trade in self.trades}
        for total in self.totals:
            if total.id in found:
                raise InvalidInput([Problem(("id",), "is that of a row of totals; give the trade another", total.id)])
        whole = [row_key(trade, "", self.units) for trade in self.trades]
        return found | {total.id: f"{total_key([*whole, repr(total)])}-{self._arithmetic}" for total in self.totals}

    def _key(self, trade: Trade | Rejected) -> str:
        return row_key(trade, self._arithmetic, self.units)

    @cached_property
    def _arithmetic(self) -> str:
        """The fingerprint of the arithmetic, one for all trades."""
        return arithmetic_of(next((t.request.simulation for t in self.trades if isinstance(t, Trade)), None))

    def records(self) -> Iterator[dict[str, Any]]:
        """Yields every row in the order of the book, as soon as all rows before it are finished."""
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
        """Yields every trade's row as soon as it is finished, without the ids to ``skip``.

        With fail-fast, the first failure is the last row. Raises Interrupted after a Ctrl-C, once the tasks in flight
        are finished.
        """
        if self.totals:
            yield from (record for record in self._with_total() if record["id"] not in skip)
            return
        waiting = [trade for trade in self.trades if trade.id not in skip]
        for trade in waiting:
            if isinstance(trade, Rejected):
                yield record_of(trade, trade.why, self._key(trade), self.units)
        with closing(self._answers([trade for trade in waiting if isinstance(trade, Trade)])) as answers:
            for trade, answer in answers:
                yield record_of(trade, answer, self._key(trade), self.units)
                if self._fail_fast and isinstance(answer, str):
                    return

    def _with_total(self) -> Iterator[dict[str, Any]]:
        """Yields all rows and the totals after all paths: no row is complete before."""
        with self.executor() as (executor, workers):
            valid = [trade for trade in self.trades if isinstance(trade, Trade)]
            found, sums = run_with_totals([trade.request for trade in valid], self.totals, workers, executor)
        answers = iter(found)
        for trade in self.trades:
            answer = trade.why if isinstance(trade, Rejected) else answer_of(next(answers))
            yield record_of(trade, answer, self._key(trade), self.units)
        keys = self.keys
        for total, own in zip(self.totals, sums, strict=True):
            failed = [valid[place].id for place in total.members if not isinstance(found[place], Result)]
            yield total_of(total, own, failed, keys[total.id], self.units)

    def workers(self) -> tuple[int, str]:
        """The number of workers, and their description in words. Raises ClusterFailed."""
        if self.scheduler:
            with self.executor() as (executor, _):
                return executor.workers, f"{executor.workers} workers, as fast as this machine"
        if self.processes > 1:
            return self.processes, f"{self.processes} processes"
        threads = self._threads or available_cores()
        return threads, f"{threads} threads"

    @contextmanager
    def executor(self) -> Iterator[tuple[Any, int | None]]:
        """The executor, None for threads of this process, and its number of workers."""
        if self.scheduler:
            with cluster(self.scheduler) as executor:
                yield executor, executor.workers
        elif self.processes > 1:
            with worker_processes(self.processes) as executor:
                yield executor, self.processes
        else:
            yield None, self._threads

    def _answers(self, trades: Sequence[Trade]) -> Generator[tuple[Trade, Answer], None, None]:
        waiting = len(trades)
        with (
            self.executor() as (executor, workers),
            asked_to_stop(lambda: self.say("finishing what is in flight; Ctrl-C again stops at once", "info")) as stop,
            closing(price_trades(trades, self._threads, executor, workers or 1, stop)) as answers,
        ):
            for trade, answer in answers:
                end_if_asked()
                waiting -= 1
                yield trade, answer
        if waiting:  # the first Ctrl-C came before the last task
            raise Interrupted


def _with_executor(trades: Sequence[Trade | Rejected]) -> list[Trade | Rejected]:
    """The trades with the executor of the run. Raises InvalidInput."""
    valid = {place: trade for place, trade in enumerate(trades) if isinstance(trade, Trade)}
    requests = with_executor([trade.request for trade in valid.values()])
    chosen = {p: replace(t, request=r) for (p, t), r in zip(valid.items(), requests, strict=True)}
    return [chosen.get(place, trade) for place, trade in enumerate(trades)]


def to_file(
    book: Book,
    form: BookFormat,
    wide: bool,
    out: Path,
    restart: bool,
    inputs: Mapping[str, str],
    progress: BookProgress,
) -> ExitCode:
    """Prices a book into the file ``out`` with its manifest, or goes on where an earlier run has stopped.

    ``wide`` is the layout of a row per trade; ``inputs`` are for the manifest. Raises the errors of ``Ledger``.
    """
    start = Start()
    described = f"wide {form}" if wide else str(form)
    with closing(Ledger(out, book.keys)) as ledger:
        if finished := ledger.open(restart, described):
            book.say(f"{out} is finished already; --restart prices it anew", "info")
            return ExitCode(finished["exit_code"])
        taken_up = ledger.kept
        _run_into(ledger, book, progress)
        records = [ledger.rows[name] for name in ledger.keys if name in ledger.rows]
        code = ending(statuses_of(records), book.say)
        if len(records) == len(ledger.keys):
            parquet = form is BookFormat.PARQUET
            content = as_parquet(records) if parquet else rendered(records, form, wide, Screen()).encode()
            about = {"format": described, "exit_code": code, "taken_up": taken_up}
            manifest = {**about, **manifest_of(book, inputs, records, start)}
            ledger.finish(content, manifest)
    return code


def _run_into(ledger: Ledger, book: Book, progress: BookProgress) -> None:
    """Prices the trades that the ledger does not have yet."""
    if ledger.rows:
        book.say(f"going on after {len(ledger.rows):,} of {len(ledger.keys):,} trades", "info")
    expected = len(ledger.keys) - len(ledger.rows)
    try:
        for done, record in enumerate(book.finished(skip=set(ledger.rows)), start=1):
            ledger.append(record)
            progress(done, expected, record)
    except KeyboardInterrupt:
        kept = f"{ledger.kept:,} of {len(ledger.keys):,} trades are kept"
        raise KeyboardInterrupt(f"interrupted; {kept}; the same command goes on from there") from None


def manifest_of(
    book: Book, inputs: Mapping[str, str], records: Sequence[dict[str, Any]], start: Start
) -> dict[str, Any]:
    """The manifest of a book's results: command, inputs, environment, devices, executor, seeds, times and counts."""
    valid = [trade for trade in book.trades if isinstance(trade, Trade)]
    return {
        "command": ["greeks", *sys.argv[1:]],
        "inputs": dict(inputs),
        "environment": dict(facts()),
        "devices": [] if book.scheduler else devices_of(valid),
        "executor": executors_of(valid),
        "seeds": sorted({record["simulation"]["seed"] for record in records if "simulation" in record}),
        "processes": book.processes,
        "scheduler": book.scheduler,
        "started": start.stamp,
        "elapsed_seconds": start.elapsed_seconds,
        "succeeded": sum(record["status"] == "ok" for record in records),
        "not_met": sum(record["status"] == "not met" for record in records),
        "failed": sum("error" in record and "trades" not in record for record in records),
    }
