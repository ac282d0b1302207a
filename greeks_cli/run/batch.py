"""Many trades: priced one after the other, or several at a time by an executor's workers."""

from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from typing import Any, Protocol

from greeks_cli.engine.execution.path_group import paths_key
from greeks_cli.run.cores import available_cores
from greeks_cli.run.interrupts import Stop, never
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


class Workers(Protocol):
    """Who prices beside this process."""

    @property
    def in_flight(self) -> int:
        """Tasks that keep all of them busy."""

    def submit(self, work: Callable[..., Any], /, *args: Any) -> "Future[Any]":
        """As in ``concurrent.futures``; raises BrokenProcessPool by way of the future where a worker dies for good."""


def usual_processes(n_trades: int) -> int:
    """As many as there are cores, where there is enough to do."""
    return available_cores() if n_trades >= _WORTH_PROCESSES else 1


def price_trades(
    trades: Sequence[Trade],
    threads: int | None = None,
    executor: Workers | None = None,
    workers: int = 1,
    stop: Stop = never,
) -> Generator[tuple[Trade, Answer], None, None]:
    """Each trade with its answer, as they are finished; the numbers do not depend on who computes them.

    Trades of the same simulation and dates that are near each other share their paths.
    An ``executor`` of so many ``workers`` is kept busy, each task on one thread unless told; when a worker dies, what
    was in flight is priced again, one trade at a time. What is in flight when ``stop`` becomes true is finished, and
    nothing else; whoever made the executor ends what this leaves behind.
    """
    parties = _parties(trades, min(_TOGETHER, max(1, len(trades) // (_ROUNDS * workers))))
    answered = _here(trades, parties, threads, stop)
    if executor is not None:
        answered = _elsewhere(trades, parties, threads or 1, executor, stop)
    for places, answers in answered:
        yield from zip((trades[place] for place in places), answers, strict=True)


Answered = Iterator[tuple[Party, list[Answer]]]


def _here(trades: Sequence[Trade], parties: Iterator[Party], threads: int | None, stop: Stop) -> Answered:
    for places in parties:
        if stop():
            return
        yield places, _answers([trades[place] for place in places], threads)


def _elsewhere(
    trades: Sequence[Trade], parties: Iterator[Party], threads: int, executor: Workers, stop: Stop
) -> Answered:
    flying: dict[Future[list[Answer]], Party] = {}
    suspects: list[int] = []
    while True:
        room = 0 if suspects or stop() else executor.in_flight - len(flying)
        for places in islice(parties, max(0, room)):
            flying[executor.submit(_answers, [trades[place] for place in places], threads)] = places
        if not flying:
            return
        for future in wait(flying, return_when=FIRST_COMPLETED).done:
            places = flying.pop(future)
            if isinstance(future.exception(), BrokenProcessPool):
                suspects += places
            else:
                yield places, future.result()
        while suspects and not (flying or stop()):
            yield (suspects[0],), [_alone(trades[suspects.pop(0)], threads, executor)]


def _alone(trade: Trade, threads: int, executor: Workers) -> Answer:
    """What one trade's pricing comes to with nothing else in flight, after it was in flight when a process died."""
    try:
        return executor.submit(_answer, trade, threads).result()
    except BrokenProcessPool:
        return "the process that priced it died twice, perhaps for want of memory; use fewer steps or dates"


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


def forecast_seconds(trades: Sequence[Trade], workers: int) -> float:
    """What a book may take on so many processes or threads, from a few of its trades with few paths each."""
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
    return seconds / max(1, len(few)) * len(trades) / workers


def _answers(trades: Sequence[Trade], threads: int | None) -> list[Answer]:
    if len(trades) > 1:
        with suppress(Exception):  # whatever one of them does to the others, it does not do to them alone
            return run_alongside([trade.request for trade in trades], threads)
    return [_answer(trade, threads) for trade in trades]


def _answer(trade: Trade, threads: int | None) -> Answer:
    try:
        return run(trade.request, threads)
    except GreeksError as error:
        return error.in_one_line
    except MemoryError:
        return "out of memory; use fewer processes, steps or dates"
    except Exception as error:  # one bad trade never sinks the book
        return f"internal error, please report it: {type(error).__name__}: {error}"
