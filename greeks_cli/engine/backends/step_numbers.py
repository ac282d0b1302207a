"""Numbers of time steps: calls of a step on its numbers alone are NumPy's, once for all paths."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from greeks_cli.engine.compiler.ir import Array, Call, Program, Source


class StepNumbers:
    """The calls of a step that no path changes, and the others."""

    def __init__(self, program: Program[Any], names: Sequence[Source], sample: Mapping[Source, float]):
        """``names`` are those of the step's numbers; ``sample`` has those of any step."""
        numbers = {slot for source, slot in program.sources.items() if source in names}
        known, own = {*program.constants, *numbers}, list[Call]()
        self.calls: list[Call] = []
        """The calls on paths."""
        for call in program.calls:
            if known.issuperset(call.inputs):
                known.add(call.result)
                own.append(call)
            else:
                self.calls.append(call)
        read = {slot for call in self.calls for slot in call.inputs} | {*program.results.values()}
        self.slots = sorted((read & known) - {*program.constants})
        """Slots that no path changes, and that are results or that calls on paths read."""
        whole = replace(program, calls=tuple(own), results={slot: slot for slot in self.slots})
        self._program = whole.only(self.slots)
        self.samples = self._of(sample)
        """The values of the slots in any step."""

    def _of(self, numbers: Mapping[Source, float]) -> dict[int, Any]:
        return dict(self._program.run(numbers.__getitem__, 1))

    def rows(self, numbers: Mapping[Source, Array], count: int) -> dict[int, Array]:
        """The values of each slot, a row for each of some steps; ``numbers`` are none where they are folded."""
        columns = {name: column.tolist() for name, column in numbers.items()}
        each = [self._of({name: column[k] for name, column in columns.items()}) for k in range(count if columns else 1)]
        rows = {slot: np.array([np.ravel(one[slot]) for one in each], np.float64) for slot in self.slots}
        return {slot: np.repeat(own, count // len(each), axis=0) for slot, own in rows.items()}
