"""Time steps of a recursion by compiled loops, one for the steps of each kind that follow each other."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from threading import RLock
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from greeks_cli.engine.autodiff.mixed_partials import Derivatives
from greeks_cli.engine.backends.operation_text import LANES
from greeks_cli.engine.backends.step_loops import Names, StepLoop, Taken
from greeks_cli.engine.compiler.ir import Array, Program, Source
from greeks_cli.engine.compiler.operations import Unfit
from greeks_cli.engine.simulation.models.recursion import NORMAL, STATE, Partial, Recursion, Sums
from greeks_cli.engine.simulation.models.stepped import TimeStep, Values

_LOCK = RLock()
_LOOPS: WeakKeyDictionary[Program[Any], dict[Hashable, StepLoop | None]] = WeakKeyDictionary()
"""Loops by the program of the usual step, then by the rare one and the type of paths; None where steps are unfit."""
_MET: WeakKeyDictionary[Program[Any], bool] = WeakKeyDictionary()
"""Programs of usual steps beside which some paths have taken rare ones."""

Numbers = Mapping[Any, float]


@dataclass(frozen=True)
class CompiledSteps:
    """Steps of a recursion in a market; ``folds`` is as in ``Recursion.after``."""

    recursion: Recursion
    values: Values
    folds: bool

    def through(
        self, steps: Sequence[TimeStep], numbers: Sequence[Numbers], state: Derivatives, normals: Array
    ) -> tuple[Derivatives, Sums] | None:
        """The state after some steps, and the sums over them; None where a step cannot be compiled.

        ``normals`` has a row for each step.
        """
        if normals.shape[-1] < LANES:
            return None
        total: Sums = {}
        cases = [self.recursion.model.bounds(self.values, step) for step in steps]
        first = 0
        while first < len(steps):
            usual = self._program(cases[first], numbers[first], 0)
            last = first
            while last < len(steps) and self._program(cases[last], numbers[last], 0) is usual:
                last += 1
            found = self._taken(usual, cases[first:last], numbers[first:last], state, normals[first:last])
            if found is None:
                return None
            state, sums = found
            total = {partial: total[partial] + array if total else array for partial, array in sums.items()}
            first = last
        return state, total

    def _program(self, cases: Sequence[tuple[Hashable, float]], numbers: Numbers, place: int) -> Program[Partial]:
        return self.recursion.program(self.values, numbers, self.folds, cases[place][0])

    def _taken(
        self,
        usual: Program[Partial],
        cases: Sequence[Sequence[tuple[Hashable, float]]],
        numbers: Sequence[Numbers],
        state: Derivatives,
        normals: Array,
    ) -> tuple[Derivatives, Sums] | None:
        """Takes usual steps, and takes them again with rare ones where a path meets the bound."""
        arrays: dict[Source, Array] = {(NORMAL, ()): normals}
        arrays.update({(STATE, index): array for index, array in state.items()})
        sample = {} if self.folds else numbers[0]
        rows: dict[Source, Array] = {name: np.array([own[name] for own in numbers]) for name in sample}
        bounds = np.array([own[1][1] if len(own) > 1 else -np.inf for own in cases])
        found: Taken | None = None
        for is_rare in (False, True):
            if not is_rare and usual in _MET:
                continue
            rare = self._program(cases[0], numbers[0], 1) if is_rare else None
            loop = self._loop(usual, rare, sample, normals)
            if loop is None:
                return None
            found = loop.taken(arrays, rows, bounds)
            if not found.meets:
                break
            _MET[usual] = True
        assert found is not None
        after = {index: found.state[STATE, index] for index in self.recursion.indices}
        return after, dict(found.sums)  # type: ignore[arg-type]

    def _loop(
        self, usual: Program[Partial], rare: Program[Partial] | None, numbers: Numbers, normals: Array
    ) -> StepLoop | None:
        model, indices = self.recursion.model, self.recursion.indices
        kept = tuple((name, index) for name in model.kept for index in indices)
        names = Names(tuple((STATE, index) for index in indices), ((NORMAL, ()),), tuple(numbers), kept)
        programs = [usual] if rare is None else [usual, rare]
        with _LOCK:
            loops = _LOOPS.setdefault(usual, {})
            key = rare, normals.dtype.name
            if key not in loops:
                try:
                    loops[key] = StepLoop(programs, names, normals.dtype.name, dict(numbers))
                except (Unfit, TypeError, ValueError, IndexError):
                    loops[key] = None
            return loops[key]
