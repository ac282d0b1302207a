"""Time steps of a model as a loop of machine code: the state of eight paths stays in registers from step to step.

The loop takes any number of steps. Most paths take the usual step. The rare step, of paths whose state is at most a
bound, is computed where one of eight paths takes it.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.backends.launch import Launch
from greeks_cli.engine.backends.step_numbers import StepNumbers
from greeks_cli.engine.compiler.expand import Expansion
from greeks_cli.engine.compiler.ir import Array, Call, Program, Source
from greeks_cli.engine.compiler.look_ups import Table
from greeks_cli.engine.compiler.operations import ANY, CARRIED, CHOSEN, Graph, Kind, Node, Unfit
from greeks_cli.engine.compiler.row_loops import at, running, spread

_MOST_HALVES = 16
_BOUND = "bound"
"""The source of the bound of each step."""


@dataclass(frozen=True)
class Names:
    """Names in the program of a step."""

    state: tuple[Source, ...]
    """The state, as sources and as results; the first is compared with the bound."""
    normals: tuple[Source, ...]
    numbers: tuple[Source, ...]
    """Numbers of a step."""
    kept: tuple[Source, ...]
    """Results that are summed over steps."""


class Taken(NamedTuple):
    """The state after some steps, the sums over them, and True if a path met the bound and took the usual step."""

    state: Mapping[Source, Array]
    sums: Mapping[Source, Array]
    meets: bool


class StepLoop:
    """Compiled loop of steps. Raises Unfit where a step has calls that are no operations on numbers of one path."""

    def __init__(self, programs: Sequence[Program[Any]], names: Names, kind: Kind, sample: Mapping[Source, float]):
        """``programs`` are the usual step, and the rare one where there is one; ``kind`` is the type of paths.

        ``sample`` has the numbers of any step.
        """
        self._names, self._sample, self._expansion = names, sample, Expansion(1)
        self._numbers: list[tuple[StepNumbers, dict[int, int]]] = []
        """The numbers of each program, with their slots."""
        inputs = (*names.state, *names.normals, _BOUND)
        self._slots = {name: slot for slot, name in enumerate(inputs)}
        self._n_slots = len(inputs)
        self._constants: dict[int, Any] = {}
        state = self._inputs(kind)
        results = [self._results(program, is_usual=not place) for place, program in enumerate(programs)]
        self._launch = self._made(state, results, kind)

    def _new(self) -> int:
        self._n_slots += 1
        return self._n_slots - 1

    def _constant(self, value: Any) -> int:
        """The slot of a constant, a new one."""
        slot = self._new()
        self._constants[slot] = value
        self._expansion.give(slot, value)
        return slot

    def _inputs(self, kind: Kind) -> list[Node]:
        """Makes the nodes of the inputs. Returns those of the state."""
        names, values, graph = self._names, self._expansion.values, self._expansion.graph
        values[self._slots[_BOUND]] = _row(graph.per_row(self._slots[_BOUND]))
        for name in names.normals:
            values[self._slots[name]] = _row(graph.load(self._slots[name], 0, kind, ANY, 1))
        state = []
        for name in names.state:
            first = graph.load(self._slots[name], 0, kind)
            state.append(graph.node(CARRIED, (first,), kind, 0, ANY))
            values[self._slots[name]] = _row(state[-1])
        return state

    def _results(self, program: Program[Any], is_usual: bool) -> dict[Source, Node]:
        """Runs the calls of a step on nodes.

        A division of the usual step is a multiplication by an inverse, which several divisions share. Rare steps may
        divide by numbers so small that they have no inverse.
        """
        expansion = self._expansion
        numbers = StepNumbers(program, self._names.numbers, self._sample)
        slots = {slot: self._slots[source] for source, slot in program.sources.items() if source in self._slots}
        slots |= {slot: self._constant(constant) for slot, constant in program.constants.items()}
        slots |= self._placed(numbers)
        unit = expansion.operand(expansion.values[self._constant(1.0)])
        for call in numbers.calls:
            slots[call.result] = result = self._new()
            arguments = tuple([slots[argument] for argument in call.arguments])
            if call.function is np.divide and is_usual:
                above, below = (expansion.operand(expansion.values[slot]) for slot in arguments)
                inverse = expansion.graph.call(np.divide, (unit, below))
                expansion.values[result] = _row(expansion.graph.call(np.multiply, (above, inverse)))
            elif call.function is np.power:
                base = expansion.operand(expansion.values[arguments[0]])
                expansion.values[result] = _row(_power(expansion.graph, base, self._constants.get(arguments[1]), unit))
            else:
                expansion.call(Call(call.function, arguments, call.keywords, result))
        return {name: expansion.operand(expansion.values[slots[slot]]) for name, slot in program.results.items()}

    def _placed(self, numbers: StepNumbers) -> dict[int, int]:
        """Gives slots to the numbers of a step. Raises Unfit for integers."""
        found = {slot: self._new() for slot in numbers.slots}
        self._numbers.append((numbers, found))
        for slot, sample in numbers.samples.items():
            kind = (
                "number"
                if isinstance(sample, int | float) and not isinstance(sample, np.floating)
                else sample.dtype.name
            )
            if kind not in ("number", "float64", "float32"):
                raise Unfit
            node, shape = self._expansion.graph.per_row(found[slot], kind), np.shape(sample)
            self._expansion.values[found[slot]] = Table(node, shape) if shape else _row(node)
        return found

    def _made(self, state: Sequence[Node], results: Sequence[Mapping[Source, Node]], kind: Kind) -> Launch:
        names, values, graph = self._names, self._expansion.values, self._expansion.graph
        is_rare = graph.call(np.less_equal, (state[0], values[self._slots[_BOUND]][0]))

        def result(name: Source) -> Node:
            found = [own[name] for own in results]
            usual, *rare = [graph.converted(one if one.count else spread(graph, one, ANY), kind) for one in found]
            if not rare or rare[0] is usual:
                return usual
            return graph.node(CHOSEN, (is_rare, rare[0], usual), kind, 0, ANY)

        after = [result(name) for name in names.state]
        kept = [running(graph, np.add, result(name)) for name in names.kept]
        if len(results) == 1:
            kept.append(running(graph, np.maximum, graph.converted(is_rare, kind)))
        self._outputs = [self._new() for _ in (*after, *kept)]
        rows = {slot: _row(at(graph, one, ANY - 1)) for slot, one in zip(self._outputs, (*after, *kept), strict=True)}
        return Launch.of(self._expansion, rows, {}, 1, [*zip(state, after, strict=True)])

    def taken(self, arrays: Mapping[Source, Array], numbers: Mapping[Source, Array], bounds: Array) -> Taken:
        """Takes as many steps as there are bounds, from ``arrays`` of the state and of normals, a row for each step."""
        names = self._names
        values = {**self._constants, self._slots[_BOUND]: bounds}
        values |= {self._slots[name]: arrays[name] for name in (*names.state, *names.normals)}
        for own, slots in self._numbers:
            values |= {slots[slot]: rows for slot, rows in own.rows(numbers, len(bounds)).items()}
        n_paths = arrays[names.state[0]].shape[-1]
        deque(self._launch.run(values, n_paths, len(bounds)), 0)
        names_of = (*names.state, *names.kept)
        found = {name: values[slot] for name, slot in zip(names_of, self._outputs, strict=False)}
        is_told = len(self._outputs) > len(names_of)
        meets = is_told and bool(values[self._outputs[-1]].any())
        return Taken({name: found[name] for name in names.state}, {name: found[name] for name in names.kept}, meets)


def _power(graph: Graph, base: Node, exponent: Any, unit: Node) -> Node:
    """A power by multiplications and a root. Raises Unfit but for a small whole number or half of one."""
    halves = 2 * exponent if isinstance(exponent, int | float) else np.inf
    if halves % 1 or not 1 <= abs(halves) <= _MOST_HALVES:
        raise Unfit
    whole, is_half = divmod(int(abs(halves)), 2)
    factors = [base] * whole + [graph.call(np.sqrt, (base,))] * is_half
    found = reduce(lambda x, y: graph.call(np.multiply, (x, y)), factors)
    return graph.call(np.divide, (unit, found)) if exponent < 0 else found


def _row(node: Node) -> NDArray[np.object_]:
    found = np.empty(1, object)
    found[0] = node
    return found
