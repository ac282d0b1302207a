"""Recursions of a model's state over time steps, with the partial derivatives of the state in the model's parameters.

Chainer differentiates one step: its trace has the partial derivatives of the state as inputs and as results. A run
repeats the trace on every step, so that what Chainer records does not depend on the number of steps.
"""

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from threading import RLock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.autodiff.chainer_runtime import chainer
from greeks_cli.engine.autodiff.known import known
from greeks_cli.engine.autodiff.mixed_partials import Derivatives, MultiIndex, by_grad
from greeks_cli.engine.autodiff.ops import make_leaves
from greeks_cli.engine.compiler import elementary
from greeks_cli.engine.compiler.batching import PerTrade
from greeks_cli.engine.compiler.ir import Array, Program, Source, per_path
from greeks_cli.engine.compiler.simplify import simplified
from greeks_cli.engine.compiler.tracer import Tracer
from greeks_cli.engine.simulation.grid import Grid
from greeks_cli.engine.simulation.models.stepped import Stepped, TimeStep, Values
from greeks_cli.terms.greek import TIME

_TRACED_PATHS, _KEPT = 5, 256
_FEW = 4
"""Unlike steps of a run, at most, whose numbers are folded: a program of each takes time to simplify."""
STATE, NORMAL = "state", "normal"
"""Inputs of a step, beside numbers: the state and its normal."""

Partial = tuple[str, MultiIndex]
"""A quantity of a step, and the multi-index of a partial derivative."""
Sums = dict[Partial, Array]


class Recursion:
    """One step of a model with partial derivatives by some multi-indices, and by all that these need."""

    def __init__(self, model: Stepped, indices: Collection[MultiIndex]):
        self.model, self.indices = model, closed(indices)
        self._traces: dict[Hashable, Program[Partial]] = {}
        self._programs: dict[Hashable, Program[Partial]] = {}
        self._lock = RLock()

    def run(self, grid: Grid, dates: tuple[float, ...], values: Mapping[str, float], normals: Array) -> Sums:
        """The partial derivatives of sums between dates, shape (n_dates, n_paths), from normals (n_rows, n_paths)."""
        found = {
            (name, index): np.zeros_like(normals[: grid.n_dates]) for name in self.model.kept for index in self.indices
        }
        steps = Steps(self, grid, dates, values, normals[0])
        for interval, own in enumerate(steps.intervals):
            sums = steps.together(own, normals[grid.rows_of(interval).start : grid.rows_of(interval).stop])
            if sums is not None:
                for partial, array in sums.items():
                    found[partial][interval] = array
                continue
            for step, number in zip(own, grid.rows_of(interval), strict=True):
                for partial, array in steps.taken(step, {(): normals[number]}).items():
                    found[partial][interval] += array
        return found

    @np.errstate(all="ignore")  # a case may have no value for paths that a later case replaces
    def after(
        self,
        values: Values,
        step: TimeStep,
        numbers: Mapping[str, float],
        folds: bool,
        state: Derivatives,
        normals: Derivatives,
    ) -> Sums:
        """The partial derivatives after a step; ``folds`` if its numbers are folded in a program of their own.

        Raises Diverging where underlyings need different programs.
        """
        found: Sums = {}
        for case, paths in self.model.cases(values, step, state[()]):
            program = self.program(values, numbers, folds, case)
            if paths is None:
                found = _run(program, numbers, state, normals)
                continue
            near, of_near = (
                {index: array.reshape(-1)[paths] for index, array in of.items()} for of in (state, normals)
            )
            for partial, array in _run(program, numbers, near, of_near, paths // state[()].shape[-1]).items():
                found[partial].reshape(-1)[paths] = array
        return found

    def program(self, values: Values, numbers: Mapping[str, float], folds: bool, case: Hashable) -> Program[Partial]:
        """The program of a case, with parameters folded."""
        folded: dict[Source, Any] = {name: values[name] for name in self.model.parameters if name in values}
        names = [*folded, *numbers]
        if folds:
            folded.update(numbers)
        key = elementary.are_own(), case, tuple(map(_key, folded.values()))
        with self._lock:
            if key not in self._programs:
                if len(self._programs) >= _KEPT:
                    del self._programs[next(iter(self._programs))]
                trace = self._traced(case, names)
                program = simplified(trace, lambda source: folded.get(source, source), True)
                rows = [slot for source, slot in program.sources.items() if source not in numbers]
                self._programs[key] = replace(program, same_shape=per_path(program, rows))
            return self._programs[key]

    def _traced(self, case: Hashable, names: Collection[Source]) -> Program[Partial]:
        if case not in self._traces:
            with chainer.using_config("enable_backprop", True), np.errstate(all="ignore"):
                self._traces[case] = self._trace(case, names)
        return self._traces[case]

    def _trace(self, case: Hashable, names: Collection[Source]) -> Program[Partial]:
        tracer, row = Tracer(_TRACED_PATHS), np.ones(_TRACED_PATHS)
        samples = {str(name): tracer.source(name, np.float64(0.0 if name == TIME else 0.1)) for name in names}
        live = {name for index in self.indices for name in index}
        values = {name: samples[name] for name in self.model.parameters}
        of_normal = sorted(live - {*values})
        leaves = make_leaves({**values, **dict.fromkeys(of_normal, 0.1)}, live, _TRACED_PATHS, np.float64)
        state = known(lambda index: tracer.source((STATE, index), 0.1 * row), {name: leaves[name] for name in live})
        normal = known(lambda index: tracer.source((NORMAL, index), row), {name: leaves[name] for name in of_normal})
        after = self.model.step(leaves, samples, state, normal, case)
        results: dict[Partial, Array] = {}
        for name in (STATE, *self.model.kept):
            found = by_grad(chainer.as_variable(getattr(after, name)), leaves, self.indices)
            results |= {(name, index): array for index, array in found.items()}
        return tracer.program(results)


class Steps:
    """The time steps of a recursion in a market, taken one after the other."""

    def __init__(
        self,
        recursion: Recursion,
        grid: Grid,
        dates: tuple[float, ...],
        values: Values,
        like: Array,
        until: float | None = None,
    ):
        """``like`` is an array of one number per path, or has a row of paths for each underlying.

        ``until`` is the time until which steps move, by default that of the model.
        """
        model, dtype = recursion.model, like.dtype.type
        self._recursion, self._values = recursion, values
        self._state = {index: np.zeros_like(like) for index in recursion.indices}
        level, parameter = model.start(values)
        self._state[()] += _of_rows(level, like)
        if (parameter,) in self._state:
            self._state[parameter,] += dtype(1)
        self.intervals = TimeStep.all(grid, dates, model.moves_until if until is None else until)
        """The steps of each interval between dates."""
        self._numbers = {step: model.numbers(values, step) for steps in self.intervals for step in steps}
        self._folds = len({tuple(own.values()) for own in self._numbers.values()}) <= _FEW

    def together(self, steps: Sequence[TimeStep], normals: Array) -> Sums | None:
        """The partial derivatives of sums over some steps, by compiled code; None where there is none.

        ``normals`` has a row for each step.
        """
        if type(normals) is not np.ndarray or not elementary.are_own():
            return None
        from greeks_cli.engine.simulation.models.compiled_steps import (
            CompiledSteps,  # NumPy's executor has no need of it
        )

        numbers = [self._numbers[step] for step in steps]
        compiled = CompiledSteps(self._recursion, self._values, self._folds)
        found = compiled.through(steps, numbers, self._state, normals)
        if found is None:
            return None
        self._state, sums = found
        return sums

    def taken(self, step: TimeStep, normals: Derivatives) -> Sums:
        """The partial derivatives of what a step adds to sums; ``normals`` are those of the step's normals."""
        after = self._recursion.after(self._values, step, self._numbers[step], self._folds, self._state, normals)
        self._state = {index: after.pop((STATE, index)) for index in self._recursion.indices}
        return after


def _key(number: float | PerTrade) -> Hashable:
    return tuple(number.values.tolist()) if isinstance(number, PerTrade) else number


def _of_rows(number: Any, like: Array, rows: NDArray[np.intp] | None = None) -> Any:
    """A number in the type of paths: a column where underlyings have rows; ``rows`` are the places of single paths."""
    if not isinstance(number, PerTrade):
        return like.dtype.type(number) if isinstance(number, float) else number
    own = number.values[:, None] if rows is None else number.values[rows]
    return np.asarray(own.astype(like.dtype), like=like)


def _run(
    program: Program[Partial],
    numbers: Mapping[str, float],
    state: Derivatives,
    normals: Derivatives,
    rows: NDArray[np.intp] | None = None,
) -> Sums:
    """The results of a program; ``rows`` are the places of the underlyings of single paths."""
    inputs: dict[Source, Any] = {(STATE, index): array for index, array in state.items()}
    inputs |= {(NORMAL, index): array for index, array in normals.items()}
    inputs.update(numbers)
    like = normals[()]
    n_paths, row = like.shape[-1], like.shape
    several = {slot: _of_rows(one, like, rows) for slot, one in program.constants.items() if isinstance(one, PerTrade)}
    constants = {**program.constants, **several} if several else None
    if not isinstance(like, np.ndarray):  # numbers and tables go to the device of the paths
        constants = {
            slot: np.asarray(one, like=like) if isinstance(one, float | np.floating | np.ndarray) else one
            for slot, one in {**program.constants, **several}.items()
        }
        inputs.update({name: np.asarray(number, like=like) for name, number in numbers.items()})
    return {
        partial: array if getattr(array, "shape", ()) == row else np.zeros_like(like) + array
        for partial, array in program.run(inputs.__getitem__, n_paths, constants)
    }


def closed(indices: Iterable[MultiIndex]) -> tuple[MultiIndex, ...]:
    """The indices and all parts of each, in order of size."""
    found = {part for index in indices for size in range(len(index) + 1) for part in combinations(index, size)}
    return tuple(sorted(found | {()}, key=lambda index: (len(index), index)))
