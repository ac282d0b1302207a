"""Recursions of a model's state over time steps, with the partial derivatives of the state in the model's parameters.

Chainer differentiates one step: its trace has the partial derivatives of the state as inputs and as results. A run
repeats the trace on every step, so that what Chainer records does not depend on the number of steps.
"""

from collections.abc import Collection, Hashable, Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from itertools import combinations
from threading import RLock

import numpy as np

from greeks_cli.engine.autodiff.chainer_runtime import chainer
from greeks_cli.engine.autodiff.known import known
from greeks_cli.engine.autodiff.mixed_partials import MultiIndex, by_grad
from greeks_cli.engine.autodiff.ops import make_leaves
from greeks_cli.engine.compiler.ir import Array, Program, Source, per_path
from greeks_cli.engine.compiler.simplify import simplified
from greeks_cli.engine.compiler.tracer import Tracer
from greeks_cli.engine.simulation import heston
from greeks_cli.engine.simulation.grid import Grid
from greeks_cli.terms.greek import TIME

_TRACED_PATHS, _KEPT = 5, 64
_STATE, _NORMAL, _STEP, _FIRST_STEP = "state", "normal", "step", "per time"
"""Inputs of a step: the state, its normal, its length in years, and the length's decrease per year that passes."""

Partial = tuple[str, MultiIndex]
"""A quantity of a step, and the multi-index of a partial derivative."""
Sums = dict[Partial, Array]
"""Partial derivatives of a model's mean and variance over each interval, shape (n_dates, n_paths)."""


class Recursion:
    """One step of the variance with its partial derivatives of some multi-indices, and all that these need."""

    def __init__(self, indices: Collection[MultiIndex]):
        self.indices = _closed(indices)
        self._traces: dict[heston.Case, Program[Partial]] = {}
        self._programs: dict[Hashable, Program[Partial]] = {}
        self._lock = RLock()

    def run(self, grid: Grid, dates: tuple[float, ...], values: Mapping[str, float], normals: Array) -> Sums:
        """The partial derivatives of mean and variance, from normals of shape (n_rows, n_paths)."""
        dtype, (_, n_paths) = normals.dtype.type, normals.shape
        row = np.empty((n_paths,), dtype, like=normals)
        state = {index: np.zeros_like(row) for index in self.indices}
        state[()] += dtype(values[heston.START])
        if (heston.START,) in state:
            state[heston.START,] += dtype(1)
        found = {
            (name, index): np.zeros((grid.n_dates, n_paths), dtype, like=normals)
            for name in ("mean", "variance")
            for index in self.indices
        }
        before = 0.0
        for interval, date in enumerate(dates):
            step = _Step(values, (date - before) / grid.steps[interval], 0.0 if interval else 1 / grid.steps[interval])
            for number in grid.rows_of(interval):
                after = self._after(step, state, normals[number])
                state = {index: after.pop((_STATE, index)) for index in self.indices}
                for partial, array in after.items():
                    found[partial][interval] += array
            before = date
        return found

    def _after(self, step: "_Step", state: Mapping[MultiIndex, Array], normals: Array) -> Sums:
        """The partial derivatives after a step. Where few paths come near 0, only these take the steps for that."""
        near = np.flatnonzero(state[()] <= step.least_quadratic)
        if 2 * len(near) > len(normals):
            return self._run(step, True, state, normals)
        found = self._run(step, False, state, normals)
        if len(near):
            some = {index: array[near] for index, array in state.items()}
            for partial, array in self._run(step, True, some, normals[near]).items():
                found[partial][near] = array
        return found

    def _run(self, step: "_Step", nears_zero: bool, state: Mapping[MultiIndex, Array], normals: Array) -> Sums:
        program = self._program(step, step.case(nears_zero))
        inputs: dict[Source, Array] = {(_STATE, index): array for index, array in state.items()}
        inputs[_NORMAL] = normals
        return dict(program.run(inputs.__getitem__, len(normals)))

    def _program(self, step: "_Step", case: heston.Case) -> Program[Partial]:
        key = case, step.key
        with self._lock:
            if key not in self._programs:
                if len(self._programs) >= _KEPT:
                    del self._programs[next(iter(self._programs))]
                numbers = step.numbers
                program = simplified(self._traced(case), lambda source: numbers.get(source, source), True)
                self._programs[key] = replace(program, same_shape=per_path(program))
            return self._programs[key]

    def _traced(self, case: heston.Case) -> Program[Partial]:
        if case not in self._traces:
            with chainer.using_config("enable_backprop", True), np.errstate(all="ignore"):
                self._traces[case] = self._trace(case)
        return self._traces[case]

    def _trace(self, case: heston.Case) -> Program[Partial]:
        tracer, row = Tracer(_TRACED_PATHS), np.ones(_TRACED_PATHS)

        def number(name: str, sample: float) -> Array:
            return tracer.source(name, np.float64(sample))

        samples = dict.fromkeys(heston.PARAMETERS, 0.5) | {TIME: 0.0}
        values = {name: number(name, sample) for name, sample in samples.items()}
        live = {name for index in self.indices for name in index}
        leaves = make_leaves(values, live, _TRACED_PATHS, np.float64)

        def partial(index: MultiIndex) -> Array:
            return tracer.source((_STATE, index), 0.1 * row)

        state = known(partial, {name: leaves[name] for name in live})
        dt = number(_STEP, 0.1) - number(_FIRST_STEP, 0.1) * leaves[TIME]
        after = heston.step(leaves, state, tracer.source(_NORMAL, row), dt, case)
        results: dict[Partial, Array] = {}
        for name, one in after._asdict().items():
            found = by_grad(chainer.as_variable(one), leaves, self.indices)
            results |= {(name, index): array for index, array in found.items()}
        return tracer.program(results)


class _Step:
    """The numbers of a step: its length in years, and the length's decrease per year that passes."""

    def __init__(self, values: Mapping[str, float], years: float, per_time: float):
        self._values, self._years = values, years - per_time * values[TIME]
        self.numbers: dict[Source, float] = {name: values[name] for name in heston.PARAMETERS}
        self.numbers |= {_STEP: years, _FIRST_STEP: per_time}
        self.key = tuple(self.numbers.values())
        self.least_quadratic = heston.least_quadratic(values, self._years)

    def case(self, nears_zero: bool) -> heston.Case:
        return heston.case_of(self._values, self._years, nears_zero)


@lru_cache(_KEPT)
def recursion(indices: frozenset[MultiIndex]) -> Recursion:
    """The recursion of some partial derivatives."""
    return Recursion(indices)


def _closed(indices: Iterable[MultiIndex]) -> tuple[MultiIndex, ...]:
    """The indices and all parts of each, in order of size."""
    found = {part for index in indices for size in range(len(index) + 1) for part in combinations(index, size)}
    return tuple(sorted(found | {()}, key=lambda index: (len(index), index)))
