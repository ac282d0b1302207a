"""Chunks of a program of several trades: calls common to all trades run once, the others a few trades at a time.

The arrays of a whole book need not be in memory at once.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, NamedTuple, Self

import numpy as np

from greeks_cli.engine.backends.backend import Device
from greeks_cli.engine.compiler.batching import PerTrade, of_trades
from greeks_cli.engine.compiler.ir import Array, Name, Program, Source, readers
from greeks_cli.engine.execution.numbers import Numbers, Widths
from greeks_cli.engine.simulation.gbm import parameters_of
from greeks_cli.engine.simulation.laws import Markets
from greeks_cli.engine.simulation.path_data import Motion, PathData
from greeks_cli.engine.simulation.sources import PathSource


class Common(NamedTuple):
    """An array that the programs of several trades read: a result of the common program, a source of the others."""

    slot: int


@dataclass(frozen=True)
class InMarkets:
    """A source that is an array of a block's paths in some markets."""

    source: PathSource
    markets: Markets


class _Arrays:
    """The path arrays of a motion, each made once."""

    def __init__(self, motion: Motion, others: Mapping[Any, Array]):
        self._motion, self._others = motion, others
        self._data: dict[Markets, PathData] = {}

    def __call__(self, source: Source) -> Array:
        if isinstance(source, InMarkets):
            if source.markets not in self._data:
                self._data[source.markets] = PathData(self._motion, source.markets)
            return source.source.of(self._data[source.markets])
        if isinstance(source, PathSource):
            return source.of(PathData(self._motion, _NO_MARKETS))
        return self._others[source]


_NO_MARKETS = Markets(dict.fromkeys(parameters_of(()), np.empty(0)), np.empty((0, 0)))
"""The markets of arrays that do not depend on the market."""


@dataclass(frozen=True)
class Rows(Generic[Name]):
    """The trades of a batch that are computed at once, a row of paths each."""

    which: slice
    results: Mapping[Name, int]
    """The program's slots of their results."""


def batched_slots(program: Program[Any]) -> frozenset[int]:
    """The slots with a value, or a row of paths, for each trade of a batch."""
    constants = {slot for slot, constant in program.constants.items() if isinstance(constant, PerTrade)}
    arrays = {slot for source, slot in program.sources.items() if _is_batched(source)}
    return readers(program, constants | arrays)[0]


def is_one_by_one(program: Program[Any]) -> bool:
    """True if the trades of a batch must be computed one by one: a call works on whole arrays of one trade."""
    constants = {slot for slot, constant in program.constants.items() if isinstance(constant, PerTrade)}
    arrays = {source: slot for source, slot in program.sources.items() if _is_batched(source)}
    crosses = readers(program, constants | {*arrays.values()})[1]
    return crosses or any(not source.source.is_row for source in arrays)  # type: ignore[attr-defined]


def _is_batched(source: Source) -> bool:
    return isinstance(source, InMarkets) and source.markets.count > 1


@dataclass(frozen=True)
class Chunked(Generic[Name]):
    """A program divided into a common part and stacks of trades, each stack with its numbers."""

    common: Program[Any]
    """Results of single trades, and the arrays that several stacks read, which are named ``Common``."""
    stacks: tuple[Program[Name], ...]

    @classmethod
    def of(
        cls,
        whole: Program[Any],
        dtype: type[np.floating],
        single: Mapping[Name, int],
        batches: Iterable[Sequence[Rows[Name]]],
    ) -> Self:
        """Divides a program, of which ``single`` are the results of one trade, ``batches`` the others.

        The stacks of a batch have their results in the same slots.
        """
        batched = batched_slots(whole)
        stacks: list[Program[Name]] = []
        needed: set[int] = set()
        for batch in batches:
            own, read = _of_batch(whole, batched, batch[0].results.values())
            needed |= read
            stacks += (_of_rows(own, rows, dtype) for rows in batch)
        results: dict[Any, int] = {**single, **{Common(slot): slot for slot in needed}}
        return cls(replace(whole, results=results).only(results), tuple(stacks))

    def results(self) -> Iterator[Name]:
        """The names of all results."""
        yield from (name for name in self.common.results if not isinstance(name, Common))
        for stack in self.stacks:
            yield from stack.results

    def run(self, motion: Motion, device: Device) -> Iterator[tuple[Name, Array]]:
        """Yields each result as soon as it is computed."""
        common: dict[Any, Array] = {}
        for name, array in device.results(self.common, _Arrays(motion, common), motion.n_paths, motion.dtype):
            if isinstance(name, Common):
                common[name] = array
            else:
                yield name, array
        for stack in self.stacks:
            yield from device.results(stack, _Arrays(motion, common), motion.n_paths, motion.dtype)


def _of_batch(whole: Program[Any], batched: Collection[int], slots: Iterable[int]) -> tuple[Program[Any], set[int]]:
    """The part of a program that has a row for each trade, and the slots of the common part that it reads."""
    own = replace(whole, results={slot: slot for slot in slots}).only(slots)
    calls = [call for call in own.calls if call.result in batched]
    arrays = {source: slot for source, slot in own.sources.items() if _is_batched(source)}
    read = {slot for call in calls for slot in call.inputs} | {*own.results}
    read -= {*own.constants, *arrays.values(), *(call.result for call in calls)}
    sources: dict[Source, int] = {Common(slot): slot for slot in read} | arrays
    return replace(own, sources=sources, calls=tuple(calls)).only(own.results), read


def _of_rows(own: Program[Any], rows: Rows[Name], dtype: type[np.floating]) -> Program[Name]:
    """The program of some trades of a batch, with their numbers and markets."""
    is_one = rows.which.stop - rows.which.start == 1
    sources = {
        InMarkets(source.source, source.markets.some(rows.which)) if isinstance(source, InMarkets) else source: slot
        for source, slot in own.sources.items()
    }
    constants = {slot: of_trades(c, rows.which, dtype) for slot, c in own.constants.items()}
    # The rows of several trades are all of one shape.
    same_shape = per_path(own) if is_one else frozenset(call.result for call in own.calls)
    return replace(own, sources=sources, constants=constants, same_shape=same_shape, results=rows.results)


def per_path(program: Program[Any]) -> frozenset[int]:
    """The slots of calls that certainly hold one number per path: flat slots that depend on a flat source."""
    sources = program.flat.intersection(program.sources.values())
    found = set(sources)
    for call in program.calls:
        if call.result in program.flat and not found.isdisjoint(call.inputs):
            found.add(call.result)
    return frozenset(found - sources)


def run_batch(program: Program[Name], motion: Motion, numbers: Numbers, widths: Widths) -> dict[Name, Array]:
    """The results of a simplified program on some paths: a row for each trade, or one row where all are equal."""
    n, late = len(numbers.requests), numbers.late(widths)
    values = {source: late(source) for source in program.sources if not isinstance(source, PathSource)}
    sources = {
        InMarkets(source, numbers.markets) if isinstance(source, PathSource) and source.of_market else source: slot
        for source, slot in program.sources.items()
    }
    # The open numbers are constants of the batch, which are read per trade.
    open_slots = {program.sources[source]: value for source, value in values.items()}
    whole = replace(program, sources=sources, constants={**program.constants, **open_slots})

    def run(which: slice) -> dict[Name, Array]:
        markets = numbers.markets if numbers.markets.count == 1 else numbers.markets.some(which)
        arrays = _Arrays(motion, {source: of_trades(value, which, np.float64) for source, value in values.items()})
        placed = _Placed(arrays, markets)
        constants = {slot: of_trades(c, which, np.float64) for slot, c in program.constants.items()}
        return dict(program.run(placed, motion.n_paths, constants))

    if n == 1 or not is_one_by_one(whole):
        return run(slice(0, n))
    found = [run(slice(i, i + 1)) for i in range(n)]
    return {
        name: np.array([np.broadcast_to(one[name], (motion.n_paths,)) for one in found]) for name in program.results
    }


class _Placed:
    """Path arrays in some markets, by the sources of a simplified program."""

    def __init__(self, arrays: Callable[[Source], Array], markets: Markets):
        self._arrays, self._markets = arrays, markets

    def __call__(self, source: Source) -> Array:
        if isinstance(source, PathSource) and source.of_market:
            return self._arrays(InMarkets(source, self._markets))
        return self._arrays(source)
