"""Batches of trades: priced one after the other, or several at a time by an executor's workers."""

from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import replace
from itertools import islice, pairwise
from math import ceil
from typing import Any, Protocol

from greeks_cli.engine.execution.shared_normals import paths_key
from greeks_cli.run.books.paths import answer_of, run_together
from greeks_cli.run.machine.cores import available_cores
from greeks_cli.run.machine.executors import seconds_by_numpy
from greeks_cli.run.machine.interrupts import Stop, never
from greeks_cli.run.price import run
from greeks_cli.terms.accuracy import Accuracy
from greeks_cli.terms.books.trade import Trade
from greeks_cli.terms.errors import GreeksError
from greeks_cli.terms.results.result import Answer

_WORTH_PROCESSES = 3.0
"""Seconds of work on one core from which on starting processes saves more than it takes."""
_SECONDS_PER_TRADE = 3e-3
"""A rough forecast for each trade, beside the time of its paths."""
_TRIED, _PATHS_TRIED = 8, 1 << 16

_LARGEST_TASK = 256
"""Trades of a task, which share their paths, at most."""
_NUMBERS_OF_TASK = 1 << 25
"""Normals of the trades of a task, at most: a second of work, which a crash may lose and Ctrl-C waits for."""
_ROUNDS = 4
"""Tasks of every worker, at least, so that all workers end together."""

Task = tuple[int, ...]
"""Places in the book of trades that are priced together."""


class Workers(Protocol):
    """Executor of tasks outside this process."""

    @property
    def in_flight(self) -> int:
        """The number of tasks in flight that keeps all workers busy."""

    def submit(self, work: Callable[..., Any], /, *args: Any) -> "Future[Any]":
        """Submits a task, as in ``concurrent.futures``; the future raises BrokenProcessPool where a worker dies."""


def usual_processes(trades: Sequence[Trade]) -> int:
    """The number of cores where the forecast for the trades is longer than starting processes takes, else 1."""
    seconds = sum(_SECONDS_PER_TRADE + seconds_by_numpy(trade.request) for trade in trades)
    return available_cores() if seconds >= _WORTH_PROCESSES else 1


def price_trades(
    trades: Sequence[Trade],
    threads: int | None = None,
    executor: Workers | None = None,
    workers: int = 1,
    stop: Stop = never,
) -> Generator[tuple[Trade, Answer], None, None]:
    """Yields each trade with its answer as soon as it is finished; the numbers do not depend on the workers.

    Trades of the same simulation and dates share their paths, at any place in the book. An ``executor`` has ``workers``
    workers, each task on one thread unless ``threads`` is given. When a worker dies, the trades in flight are priced
    again, one at a time. When ``stop`` becomes true, tasks in flight are finished and no other begins; the caller ends
    the executor and its tasks.
    """
    tasks = iter(_tasks(trades, len(trades) if executor is None else max(1, len(trades) // (_ROUNDS * workers))))
    answered = _in_this_process(trades, tasks, threads, stop)
    if executor is not None:
        answered = _by_executor(trades, tasks, threads or 1, executor, stop)
    for places, answers in answered:
        yield from zip((trades[place] for place in places), answers, strict=True)


Answered = Iterator[tuple[Task, list[Answer]]]


def _in_this_process(trades: Sequence[Trade], tasks: Iterator[Task], threads: int | None, stop: Stop) -> Answered:
    for places in tasks:
        if stop():
            return
        yield places, _answers([trades[place] for place in places], threads)


def _by_executor(
    trades: Sequence[Trade], tasks: Iterator[Task], threads: int, executor: Workers, stop: Stop
) -> Answered:
    in_flight: dict[Future[list[Answer]], Task] = {}
    interrupted: list[int] = []
    while True:
        room = 0 if interrupted or stop() else executor.in_flight - len(in_flight)
        for places in islice(tasks, max(0, room)):
            in_flight[executor.submit(_answers, [trades[place] for place in places], threads)] = places
        if not in_flight:
            return
        for future in wait(in_flight, return_when=FIRST_COMPLETED).done:
            places = in_flight.pop(future)
            if isinstance(future.exception(), BrokenProcessPool):
                interrupted += places
            else:
                yield places, future.result()
        while interrupted and not (in_flight or stop()):
            yield (interrupted[0],), [_alone(trades[interrupted.pop(0)], threads, executor)]


def _alone(trade: Trade, threads: int, executor: Workers) -> Answer:
    """The answer of a trade priced with nothing else in flight, after a process died while it was in flight."""
    try:
        return executor.submit(answer_to, trade, threads).result()
    except BrokenProcessPool:
        return "the process that priced it died twice, perhaps for want of memory; use fewer steps or dates"


def _tasks(trades: Sequence[Trade], most: int) -> list[Task]:
    """The places of trades that share their paths, divided into tasks, in the order of their first trades."""
    groups: dict[object, list[int]] = {}
    for place, trade in enumerate(trades):
        request = trade.request
        groups.setdefault(paths_key(request) if not request.accuracy.tol else place, []).append(place)
    tasks: list[Task] = []
    for places in groups.values():
        request = trades[places[0]].request
        numbers = request.simulation.paths * max(len(request.path_dates), request.simulation.steps or 0)
        largest = max(1, min(most, _LARGEST_TASK, _NUMBERS_OF_TASK // numbers))
        count = ceil(len(places) / largest)
        ends = [len(places) * i // count for i in range(count + 1)]
        tasks += (tuple(places[start:end]) for start, end in pairwise(ends))
    return sorted(tasks)


def forecast_seconds(trades: Sequence[Trade], workers: int) -> float:
    """Forecast of the seconds of a book on ``workers`` processes or threads, from a few trades with few paths each."""
    few = trades[:: max(1, len(trades) // _TRIED)][:_TRIED]
    seconds = 0.0
    for trade in few:
        paths = trade.request.simulation.paths
        tried = min(paths, _PATHS_TRIED)
        simulation = trade.request.simulation.model_copy(update={"paths": tried})
        shorter = replace(trade.request, simulation=simulation, accuracy=Accuracy())
        with suppress(GreeksError):  # the error has its row in the book
            run(shorter, 1)  # the first run of a structure also imports and traces
            seconds += run(shorter, 1).elapsed_seconds * paths / tried
    return seconds / max(1, len(few)) * len(trades) / workers


def _answers(trades: Sequence[Trade], threads: int | None) -> list[Answer]:
    if len(trades) > 1:
        try:
            return [answer_of(one) for one in run_together([trade.request for trade in trades], threads)]
        except MemoryError:  # one trade at a time needs less
            pass
        except Exception as error:  # a bug, which pricing the trades one by one would hide
            return [_internal(error)] * len(trades)
    return [answer_to(trade, threads) for trade in trades]


def answer_to(trade: Trade, threads: int | None) -> Answer:
    """The result of a trade, or the reason why there is none."""
    try:
        return run(trade.request, threads)
    except GreeksError as error:
        return error.in_one_line
    except MemoryError:
        return "out of memory; use fewer processes, steps or dates"
    except Exception as error:  # one bad trade never sinks the book
        return _internal(error)


def _internal(error: Exception) -> str:
    return f"internal error, please report it: {type(error).__name__}: {error}"
