"""Chunks of a program of several trades: calls common to all trades run once, the others a few trades at a time.

The arrays of a whole book need not be in memory at once.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, NamedTuple, Self

import numpy as np

from greeks_cli.engine.backends.backend import Device, Stack
from greeks_cli.engine.backends.backend import Rows as ResultRows
from greeks_cli.engine.compiler.batching import PerTrade, chosen, of_trades
from greeks_cli.engine.compiler.ir import Array, Name, Program, Shape, Source, depending_on, per_path, readers
from greeks_cli.engine.execution.numbers import Numbers, Widths
from greeks_cli.engine.simulation.any_market import AnyMarkets, AnyPathData, data_of
from greeks_cli.engine.simulation.gbm import parameters_of
from greeks_cli.engine.simulation.markets import Markets
from greeks_cli.engine.simulation.path_data import Motion
from greeks_cli.engine.simulation.sources import Latent, PathSource


class Common(NamedTuple):
    """An array that the programs of several trades read: a result of the common program, a source of the others."""

    slot: int


@dataclass(frozen=True)
class InMarkets:
    """A source that is an array of a block's paths in some markets."""

    source: PathSource
    markets: AnyMarkets


class _Arrays:
    """The path arrays of a motion, each made once."""

    def __init__(self, motion: Motion, others: Mapping[Any, Array], markets: AnyMarkets):
        self._motion, self._others, self._markets = motion, others, markets
        self._data: dict[AnyMarkets, AnyPathData] = {}

    def __call__(self, source: Source) -> Array:
        if isinstance(source, Common):
            return self._others[source]
        own: Any = source.source if isinstance(source, InMarkets) else source
        markets = source.markets if isinstance(source, InMarkets) else self._markets
        if markets not in self._data:
            self._data[markets] = data_of(self._motion, markets)
        return own.of(self._data[markets])


_NO_MARKETS = Markets(dict.fromkeys(parameters_of(()), np.empty(0)), np.empty((0, 0)))
"""The markets of arrays that do not depend on the market."""


def latents_of(program: Program[Any]) -> set[Latent]:
    """The sums over time steps that a program reads."""
    sources = (source.source if isinstance(source, InMarkets) else source for source in program.sources)
    return {source for source in sources if isinstance(source, Latent)}


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


def is_one_by_one(program: Program[Any], numbers: set[int], markets: AnyMarkets) -> bool:
    """True if the trades of a batch must be computed one by one: a call works on whole arrays of one trade.

    The slots of ``numbers`` have one for each trade.
    """
    sources = program.sources.items() if markets.count > 1 else ()
    arrays = {source: slot for source, slot in sources if isinstance(source, PathSource) and source.of_market}
    if any(not source.is_row for source in arrays):
        return True
    return not program.is_elementwise and readers(program, numbers | {*arrays.values()})[1]


def _is_batched(source: Source) -> bool:
    return isinstance(source, InMarkets) and source.markets.count > 1


@dataclass(frozen=True)
class Chunked(Generic[Name]):
    """A program divided into a common part and stacks of trades, each stack with its numbers."""

    common: Program[Any]
    """Results of single trades, and the arrays that several stacks read, which are named ``Common``."""
    stacks: tuple[Program[Name], ...]
    sizes: tuple[int, ...]
    """The number of trades of each stack."""
    markets: AnyMarkets = _NO_MARKETS
    """The markets of sources that name none, as those of a single trade."""

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
        sizes: list[int] = []
        needed: set[int] = set()
        for batch in batches:
            own, read = _of_batch(whole, batched, batch[0].results.values())
            needed |= read
            stacks += (_of_rows(own, rows, dtype) for rows in batch)
            sizes += (rows.which.stop - rows.which.start for rows in batch)
        results: dict[Any, int] = {**single, **{Common(slot): slot for slot in needed}}
        return cls(replace(whole, results=results).only(results), tuple(stacks), tuple(sizes))

    def results(self) -> Iterator[Name]:
        """The names of all results."""
        yield from (name for name in self.common.results if not isinstance(name, Common))
        for stack in self.stacks:
            yield from stack.results

    @property
    def n_latents(self) -> int:
        """The number of sums over time steps that the programs read."""
        return sum(len(latents_of(program)) for program in (self.common, *self.stacks))

    def run(self, motion: Motion, device: Device, sums: bool = False) -> Iterator[tuple[Name, ResultRows]]:
        """Yields each result as soon as it is computed; ``sums`` if their sums suffice."""
        for program in (self.common, *self.stacks):
            motion.wanted |= latents_of(program)
        common: dict[Any, Array] = {}
        single = (
            frozenset(name for name in self.common.results if not isinstance(name, Common)) if sums else frozenset()
        )
        fetch, n_paths, dtype = _Arrays(motion, common, self.markets), motion.n_paths, motion.dtype
        for name, array in device.results(self.common, fetch, n_paths, dtype, Stack(1, single)):
            if isinstance(name, Common):
                common[name] = array
            else:
                yield name, array
        for program, n_trades in zip(self.stacks, self.sizes, strict=True):
            stack = Stack(n_trades, frozenset(program.results) if sums else frozenset())
            yield from device.results(program, _Arrays(motion, common, self.markets), n_paths, dtype, stack)


def _of_batch(whole: Program[Any], batched: Collection[int], slots: Iterable[int]) -> tuple[Program[Any], set[int]]:
    """The part of a program that has a row for each trade, and the slots of the common part that it reads."""
    own = replace(whole, results={slot: slot for slot in slots}).only(slots)
    calls = [call for call in own.calls if call.result in batched]
    arrays = {source: slot for source, slot in own.sources.items() if _is_batched(source)}
    read = {slot for call in calls for slot in call.inputs} | {*own.results}
    read -= {*own.constants, *arrays.values(), *(call.result for call in calls)}
    sources: dict[Source, int] = {Common(slot): slot for slot in read} | arrays
    rows = depending_on(whole.sources.values(), whole)
    return replace(own, sources=sources, calls=tuple(calls), same_shape=rows).only(own.results), read


def _of_rows(own: Program[Any], rows: Rows[Name], dtype: type[np.floating]) -> Program[Name]:
    """The program of some trades of a batch, with their numbers and markets."""
    is_one = rows.which.stop - rows.which.start == 1
    sources = {
        InMarkets(source.source, source.markets.some(rows.which)) if isinstance(source, InMarkets) else source: slot
        for source, slot in own.sources.items()
    }
    constants = {slot: of_trades(c, rows.which, dtype) for slot, c in own.constants.items()}
    # The rows of several trades are all of one shape; what is made of numbers of the trades alone has a column.
    same_shape = per_path(own) if is_one else own.same_shape
    return replace(own, sources=sources, constants=constants, same_shape=same_shape, results=rows.results)


class Stacked:
    """Trades of one structure on the same paths, a row of paths for each."""

    def __init__(self, numbers: Numbers, motion: Motion, rows: list[int] | None = None):
        """``rows`` are the places of the trades among those of ``numbers``, by default all."""
        self._rows = [*range(len(numbers.requests))] if rows is None else rows
        self.numbers, self._motion = numbers.some(self._rows), motion
        """The numbers of these trades."""
        self._data = data_of(motion, self.numbers.markets)

    def run(self, program: Program[Name], widths: Widths) -> dict[Name, Array]:
        """The results of a simplified program for some widths: a row for each trade, or one row where all are equal."""
        return self.bound(program, self.numbers.late(widths))

    def bound(self, program: Program[Name], bind: Callable[[Source], Any]) -> dict[Name, Array]:
        """The results of a program for the numbers that ``bind`` gives its open sources."""
        self._motion.wanted |= latents_of(program)
        n = len(self._rows)
        values = {source: bind(source) for source in program.sources if not isinstance(source, PathSource)}
        own_each = {slot: c for slot, c in program.constants.items() if type(c) in (PerTrade, Shape)}
        constants = {slot: chosen(constant, self._rows, np.float64) for slot, constant in own_each.items()}

        def run(which: slice) -> dict[Name, Array]:
            data = self._data_of(which)

            def fetch(source: Source) -> Any:
                return (
                    source.of(data) if isinstance(source, PathSource) else of_trades(values[source], which, np.float64)
                )

            own = {slot: of_trades(constant, which, np.float64) for slot, constant in constants.items()}
            return dict(program.run(fetch, self._motion.n_paths, {**program.constants, **own}))

        if n == 1 or not self._is_one_by_one(program, values, constants):
            return run(slice(0, n))
        found = [run(slice(i, i + 1)) for i in range(n)]
        shape = (self._motion.n_paths,)
        return {name: np.array([np.broadcast_to(one[name], shape) for one in found]) for name in program.results}

    def _is_one_by_one(self, program: Program[Any], values: Mapping[Source, Any], constants: Mapping[int, Any]) -> bool:
        numbers = {slot for slot, constant in constants.items() if isinstance(constant, PerTrade)}
        numbers |= {program.sources[source] for source, value in values.items() if isinstance(value, PerTrade)}
        return is_one_by_one(program, numbers, self.numbers.markets)

    def _data_of(self, which: slice) -> AnyPathData:
        """The paths in the markets of some trades."""
        markets = self.numbers.markets
        if markets.count == 1 or which == slice(0, markets.count):
            return self._data
        return data_of(self._motion, markets.some(which))
