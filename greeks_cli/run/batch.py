"""Many trades: priced one after the other, or several at a time by an executor's workers."""

import multiprocessing
import signal
import threading
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import islice

from greeks_cli.run.cores import available_cores
from greeks_cli.run.local import run
from greeks_cli.terms.accuracy import Accuracy
from greeks_cli.terms.errors import GreeksError
from greeks_cli.terms.result import Result
from greeks_cli.terms.trade import Trade

_WORTH_PROCESSES = 20
"""Trades below which starting processes takes longer than they save."""
_TRIED, _PATHS_TRIED = 8, 1 << 16

Answer = Result | str
"""A result, or why there is none."""


class WorkerLost(GreeksError):
    """A process that was pricing has died."""


def usual_processes(n_trades: int) -> int:
    """As many as there are cores, where there is enough to do."""
    return available_cores() if n_trades >= _WORTH_PROCESSES else 1


@contextmanager
def worker_processes(count: int) -> Iterator[Executor]:
    """Processes that price. Raises WorkerLost when one dies."""
    # Spawned, not forked: a fork would copy whatever threads and locks this process has.
    spawn = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(count, spawn)
    with _interrupts_ignored():  # by the processes from their start: Ctrl-C is for the one that writes
        for _ in range(count):
            pool.submit(int)
    try:
        yield pool
    except BaseException as ending:
        # Nobody waits for what they are pricing any more. (Cancelled futures would upset the pool's own thread.)
        for child in multiprocessing.active_children():
            child.terminate()
        if not isinstance(ending, BrokenProcessPool):
            raise
        raise WorkerLost(
            "a process that was pricing has died, perhaps for want of memory; "
            "run the same command again to go on, with fewer --processes"
        ) from None
    finally:
        pool.shutdown(wait=False)


def price_trades(
    trades: Sequence[Trade], threads: int | None = None, executor: Executor | None = None, workers: int = 1
) -> Generator[tuple[Trade, Answer], None, None]:
    """Each trade with its answer, in the order of the book; the numbers do not depend on who computes them.

    On an ``executor`` a few trades are in flight for each of its workers, each on one thread unless told;
    whoever made it ends what is still in flight when this is left early.
    """
    if executor is None:
        yield from ((trade, _answer(trade, threads)) for trade in trades)
        return
    waiting = iter(trades)
    flying: list[tuple[Trade, Future[Answer]]] = []
    while True:
        wanted = 4 * workers - len(flying)
        flying += [(trade, executor.submit(_answer, trade, threads or 1)) for trade in islice(waiting, wanted)]
        if not flying:
            return
        trade, future = flying.pop(0)
        yield trade, future.result()


def forecast_seconds(trades: Sequence[Trade], processes: int) -> float:
    """What a book may take, from a few of its trades with few paths each."""
    few = trades[:: max(1, len(trades) // _TRIED)][:_TRIED]
    seconds = 0.0
    for trade in few:
        paths = trade.request.simulation.paths
        tried = min(paths, _PATHS_TRIED)
        simulation = trade.request.simulation.model_copy(update={"paths": tried})
        shorter = replace(trade.request, simulation=simulation, accuracy=Accuracy())
        with suppress(GreeksError):  # it will have its row of its own
            run(shorter, 1)  # the first of its kind also loads what it needs
            seconds += run(shorter, 1).elapsed_seconds * paths / tried
    return seconds / max(1, len(few)) * len(trades) / processes


def _answer(trade: Trade, threads: int | None) -> Answer:
    try:
        return run(trade.request, threads)
    except GreeksError as error:
        return str(error).replace("\n", "; ")
    except MemoryError:
        return "out of memory; use fewer processes, steps or dates"
    except Exception as error:  # one bad trade never sinks the book
        return f"internal error, please report it: {type(error).__name__}: {error}"


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():  # only that one may say so
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
