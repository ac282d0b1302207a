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

from greeks_cli.engine.cohort import paths_key
from greeks_cli.run.cores import available_cores
from greeks_cli.run.local import run
from greeks_cli.run.together import run_alongside
from greeks_cli.terms.accuracy import Accuracy
from greeks_cli.terms.errors import GreeksError
from greeks_cli.terms.result import Answer
from greeks_cli.terms.trade import Trade

_WORTH_PROCESSES = 20
"""Trades below which starting processes takes longer than they save."""
_TRIED, _PATHS_TRIED = 8, 1 << 16

_TOGETHER, _WINDOW = 16, 64
"""Trades that may share their paths, out of so many that follow each other."""
_NUMBERS_TOGETHER = 1 << 28
"""Normals that such trades use together, at most: a second or two of work, which a crash may lose."""
_ROUNDS = 4
"""Every worker prices so many parties at least, so that all end together."""

Party = tuple[int, ...]
"""Places in the book of trades that are priced together."""


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

    Trades of the same simulation and dates that are near each other share their paths.
    On an ``executor`` a few parties are in flight for each of its workers, each on one thread unless told;
    whoever made it ends what is still in flight when this is left early.
    """
    ready: dict[int, Answer] = {}
    position = 0
    for places, answers in _answered(trades, threads, executor, workers):
        ready |= zip(places, answers, strict=True)
        while position in ready:
            yield trades[position], ready.pop(position)
            position += 1


def _answered(
    trades: Sequence[Trade], threads: int | None, executor: Executor | None, workers: int
) -> Iterator[tuple[Party, list[Answer]]]:
    parties = _parties(trades, min(_TOGETHER, max(1, len(trades) // (_ROUNDS * workers))))
    if executor is None:
        yield from ((places, _answers([trades[place] for place in places], threads)) for places in parties)
        return
    flying: list[tuple[Party, Future[list[Answer]]]] = []
    while True:
        for places in islice(parties, 4 * workers - len(flying)):
            flying.append((places, executor.submit(_answers, [trades[place] for place in places], threads or 1)))
        if not flying:
            return
        places, future = flying.pop(0)
        yield places, future.result()


def _parties(trades: Sequence[Trade], most: int) -> Iterator[Party]:
    """Places of trades that share their paths, from window to window of the book."""
    for start in range(0, len(trades), _WINDOW):
        gathering: dict[object, list[int]] = {}
        for place in range(start, min(start + _WINDOW, len(trades))):
            request = trades[place].request
            key = paths_key(request) if not request.accuracy.tol else place
            party = gathering.setdefault(key, [])
            party.append(place)
            numbers = request.simulation.paths * max(len(request.contract.dates), request.simulation.steps or 0)
            if len(party) >= min(most, max(1, _NUMBERS_TOGETHER // numbers)):
                yield tuple(gathering.pop(key))
        yield from map(tuple, gathering.values())


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


def _answers(trades: Sequence[Trade], threads: int | None) -> list[Answer]:
    if len(trades) > 1:
        with suppress(Exception):  # whatever one of them does to the others, it does not do to them alone
            return run_alongside([trade.request for trade in trades], threads)
    return [_answer(trade, threads) for trade in trades]


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
