"""Segments of a program: kernels, each of as many calls as fit, and calls of NumPy between them.

Segments are found on the first run, when the shapes of all arrays are known, and depend on the structure alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from threading import RLock
from typing import Any

import numpy as np

from greeks_cli.engine.backends.backend import Rows, SlicedSums, slice_length
from greeks_cli.engine.backends.launch import Launch, Values
from greeks_cli.engine.compiler.elementary import EVALUATED
from greeks_cli.engine.compiler.expand import MOST_NODES, Expansion
from greeks_cli.engine.compiler.ir import Array, Call, Shape
from greeks_cli.engine.compiler.operations import Unfit


class Segments:
    """A program's calls as kernels and calls of NumPy."""

    def __init__(self, calls: Sequence[Call], results: frozenset[int], summed: frozenset[int], n_trades: int):
        """``results`` are slots; sums suffice of those in ``summed``. ``n_trades`` are the rows of arrays of trades."""
        self._calls, self._results, self._summed, self._n_trades = calls, results, summed, n_trades
        self._found: list[Launch | Call] | None = None
        self._sums: frozenset[int] = frozenset()
        """The slots that kernels sum."""
        self._lock = RLock()

    def run(self, constants: Mapping[int, Any], sources: Values, n_paths: int) -> Iterator[tuple[int, Rows]]:
        """Yields the slot and the rows, or the sums, of every result."""
        values = {slot: one.of(n_paths) if isinstance(one, Shape) else one for slot, one in constants.items()}
        values |= sources
        found: list[tuple[int, Rows]] | None = None
        if self._found is None:
            with self._lock:
                if self._found is None:
                    found = list(self._searched(constants, values, n_paths))
        if found is not None:
            yield from found
        else:
            for step in self._found or ():
                yield from _made(step, values, n_paths)
        for slot in self._results - self._sums:
            is_number = slot in self._summed and not _is_of_paths(values[slot], n_paths)
            yield slot, self._sums_of_number(values[slot], n_paths) if is_number else values[slot]

    def _sums_of_number(self, value: Any, n_paths: int) -> SlicedSums:
        """The sums of a result that is one number on all paths of a trade, in the slices of other results."""
        length = slice_length(n_paths)
        nothing = np.zeros((self._n_trades, -(-n_paths // length)))
        centres = np.broadcast_to(np.ravel(value).astype(np.float64), self._n_trades)
        return SlicedSums(n_paths, length, centres, nothing, nothing)

    def _searched(self, constants: Mapping[int, Any], values: Values, n_paths: int) -> Iterator[tuple[int, Rows]]:
        """Finds the segments, running each. Yields sums."""
        found: list[Launch | Call] = []
        sums: set[int] = set()
        left = list(self._calls)
        for call in _of_constants(left, constants):  # their arrays have no axis of paths
            found.append(call)
            yield from _made(call, values, n_paths)
        left = [call for call in left if call.result not in values]
        apart: set[int] = set()
        while left:
            group, expansion = self._group(left, constants, values, apart, n_paths)
            if group:
                left = [call for call in left if call.result not in group]
                found.append(self._launch(expansion, group, left))
                sums |= group & self._summed
                yield from _made(found[-1], values, n_paths)
            ready = [call for call in left if call.result in apart and values.keys() >= {*call.inputs}]
            for call in ready:
                found.append(call)
                yield from _made(call, values, n_paths)
            done = {call.result for call in ready}
            left = [call for call in left if call.result not in done]
        arrays = [s for s in self._summed - sums if s not in constants and _is_of_paths(values[s], n_paths)]
        if arrays:
            found.append(_sum_of(arrays, values, self._n_trades))
            yield from _made(found[-1], values, n_paths)
        self._sums = frozenset(sums.union(arrays))
        self._found = found

    def _group(
        self, left: Sequence[Call], constants: Mapping[int, Any], values: Values, apart: set[int], n_paths: int
    ) -> tuple[set[int], Expansion]:
        """The calls that one kernel makes, and their expansion; adds to ``apart`` the calls that none makes."""
        expansion = Expansion(self._n_trades)
        for slot in {slot for call in left for slot in call.inputs} & values.keys():
            value = values[slot]
            if slot in constants or not _is_of_paths(value, n_paths):
                expansion.give(slot, constants.get(slot, value))
                continue
            with suppress(Unfit):
                expansion.load(slot, value)
        group: set[int] = set()
        for call in left:
            if call.result in apart or not expansion.values.keys() >= {*call.inputs}:
                if all(slot in values for slot in call.inputs):
                    apart.add(call.result)
                continue
            try:
                expansion.call(call)
            except (Unfit, TypeError, ValueError, IndexError):
                apart.add(call.result)
                continue
            if len(expansion.graph.nodes) > MOST_NODES and group:
                break
            group.add(call.result)
        return group, expansion

    def _launch(self, expansion: Expansion, group: set[int], left: Sequence[Call]) -> "Launch":
        read = {slot for call in left for slot in call.inputs}
        outputs = {slot: expansion.values[slot] for slot in group if slot in read or slot in self._results}
        arrays = {slot: nodes for slot, nodes in outputs.items() if slot in read or slot not in self._summed}
        sums = {slot: nodes for slot, nodes in outputs.items() if slot in self._summed}
        return Launch.of(expansion, arrays, sums, self._n_trades)


def _sum_of(slots: Sequence[int], values: Values, n_trades: int) -> "Launch":
    """The kernel that sums arrays which no kernel makes."""
    expansion = Expansion(n_trades)
    for slot in slots:
        expansion.load(slot, values[slot])
    return Launch.of(expansion, {}, {slot: expansion.values[slot] for slot in slots}, n_trades)


def sums_of_rows(rows: Array) -> SlicedSums:
    """The sums of rows of samples, shape (n_trades, n_samples) or (n_samples,), as kernels that make rows sum them."""
    values = {0: np.atleast_2d(rows)}
    n_trades, count = values[0].shape
    ((_, found),) = _sum_of([0], values, n_trades).run(values, count)
    return replace(
        found,
        centres=found.centres.reshape(rows.shape[:-1]),
        deviations=found.deviations.reshape(*rows.shape[:-1], -1),
        squares=found.squares.reshape(*rows.shape[:-1], -1),
    )


def _of_constants(calls: Sequence[Call], constants: Mapping[int, Any]) -> list[Call]:
    """The calls on constants alone that broadcast nothing over the paths."""
    known, found = {*constants}, []
    for call in calls:
        if known.issuperset(call.inputs) and call.function is not np.broadcast_to:
            known.add(call.result)
            found.append(call)
    return found


def _made(step: "Launch | Call", values: Values, n_paths: int) -> Iterator[tuple[int, Rows]]:
    """Makes a step, whose results it puts among the values. Yields sums."""
    if not isinstance(step, Call):
        yield from step.run(values, n_paths)
        return
    arguments = [[values[i] for i in a] if type(a) is tuple else values[a] for a in step.arguments]
    values[step.result] = EVALUATED.get(step.function, step.function)(*arguments, **step.keywords)


def _is_of_paths(value: Any, n_paths: int) -> bool:
    return isinstance(value, np.ndarray) and value.ndim > 0 and value.shape[-1] == n_paths
