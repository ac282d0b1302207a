"""Recursions of a model's state over time steps, with the partial derivatives of the state in the model's parameters.

Chainer differentiates one step: its trace has the partial derivatives of the state as inputs and as results. A run
repeats the trace on every step, so that what Chainer records does not depend on the number of steps.
"""

from collections.abc import Collection, Hashable, Iterable, Mapping
from functools import lru_cache
from itertools import combinations
from threading import RLock

import numpy as np

from greeks_cli.engine.autodiff.chainer_runtime import chainer
from greeks_cli.engine.autodiff.known import known
from greeks_cli.engine.autodiff.mixed_partials import MultiIndex, by_grad
from greeks_cli.engine.autodiff.ops import make_leaves
from greeks_cli.engine.compiler.ir import Array, Program, Source
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
        self._traces: dict[bool, Program[Partial]] = {}
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
            years = (date - before) / grid.steps[interval]
            per_time = 0.0 if interval else 1 / grid.steps[interval]
            for number in grid.rows_of(interval):
                program = self._program(values, years, per_time, nears_zero=self._nears_zero(values, years, state[()]))
                inputs: dict[Source, Array] = {(_STATE, index): array for index, array in state.items()} | {
                    _NORMAL: normals[number]
                }
                for (name, index), array in program.run(inputs.__getitem__, n_paths):
                    if name == _STATE:
                        state[index] = array
                    else:
                        found[name, index][interval] += array
            before = date
        return found

    def _nears_zero(self, values: Mapping[str, float], years: float, state: Array) -> bool:
        return True

    def _program(
        self, values: Mapping[str, float], years: float, per_time: float, nears_zero: bool
    ) -> Program[Partial]:
        numbers: dict[Source, float] = {name: values[name] for name in heston.PARAMETERS if name != TIME}
        numbers |= {TIME: 0.0, _STEP: years, _FIRST_STEP: per_time}
        key = nears_zero, tuple(numbers.values())
        with self._lock:
            if key not in self._programs:
                if len(self._programs) >= _KEPT:
                    del self._programs[next(iter(self._programs))]
                trace = self._traced(nears_zero)
                self._programs[key] = simplified(trace, lambda source: numbers.get(source, source), True)
            return self._programs[key]

    def _traced(self, nears_zero: bool) -> Program[Partial]:
        if nears_zero not in self._traces:
            with chainer.using_config("enable_backprop", True), np.errstate(all="ignore"):
                self._traces[nears_zero] = self._trace(nears_zero)
        return self._traces[nears_zero]

    def _trace(self, nears_zero: bool) -> Program[Partial]:
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
        after = heston.step(leaves, state, tracer.source(_NORMAL, row), dt, nears_zero)
        results: dict[Partial, Array] = {}
        for name, one in after._asdict().items():
            found = by_grad(chainer.as_variable(one), leaves, self.indices)
            results |= {(name, index): array for index, array in found.items()}
        return tracer.program(results)


@lru_cache(_KEPT)
def recursion(indices: frozenset[MultiIndex]) -> Recursion:
    """The recursion of some partial derivatives."""
    return Recursion(indices)


def _closed(indices: Iterable[MultiIndex]) -> tuple[MultiIndex, ...]:
    """The indices and all parts of each, in order of size."""
    found = {part for index in indices for size in range(len(index) + 1) for part in combinations(index, size)}
    return tuple(sorted(found | {()}, key=lambda index: (len(index), index)))
