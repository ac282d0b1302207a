"""Templates: programs that are simplified once for all numbers of a structure.

The simplifier combines numbers, and compares them: is a factor 0, are two constants equal? What it does to them is a
program of numbers, whose results are the constants of the simplified program and the answers of the comparisons. Run
for other numbers, it gives their constants. Where an answer differs, so may the simplified program: it is made anew.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, NamedTuple

import numpy as np

from greeks_cli.engine.compiler.builder import Builder, key_of
from greeks_cli.engine.compiler.elementary import EVALUATED
from greeks_cli.engine.compiler.folded import Folded, value_of
from greeks_cli.engine.compiler.ir import Name, Program, Source, getter
from greeks_cli.engine.compiler.scaled import Factored
from greeks_cli.engine.compiler.simplify import Bind, Simplifier

_KEPT, _VARIANTS = 64, 8
"""Structures that are kept, and templates of each: some numbers are 0, or equal to others by chance."""


class _Open(NamedTuple):
    """A constant or factor of a template: the slot of its number."""

    slot: int


def open_slots(program: Program[Any]) -> list[int]:
    """The slots of the constants that a template leaves open; none of another program."""
    constants = program.origin.constants if program.origin else {}
    return [slot for slot, constant in constants.items() if type(constant) is _Open]


class _Notes:
    """Notes of what is made of the numbers of a simplification."""

    def __init__(self) -> None:
        self._builder = Builder()
        self._answers: dict[int, bool] = {}
        self._kept: dict[tuple[int, int], None] = {}
        self._fixed: dict[Hashable, int] = {}

    def bound(self, source: Source, value: Any) -> Any:
        """A number with the name of its source; what is no number stays as it is."""
        is_number = isinstance(value, float) or (isinstance(value, np.ndarray) and value.dtype.kind == "f")
        return Folded(value, self._builder.source(source), self) if is_number else value

    def call(self, function: Callable[..., Any], operands: tuple[Any, ...]) -> Folded:
        """Notes a function of numbers, and gives its result."""
        return Folded(EVALUATED.get(function, function)(*map(value_of, operands)), self._slot(function, operands), self)

    def answer(self, function: Callable[..., Any], operands: tuple[Any, ...]) -> bool:
        """Notes a comparison of numbers, and gives its answer."""
        is_true = bool(function(*map(value_of, operands)))
        self._answers[self._slot(function, operands)] = is_true
        return is_true

    def keep(self, constant: Any, slot: int) -> None:
        """Notes the slot of the simplified program that a constant has."""
        if type(constant) is Folded:
            self._kept[constant.number, slot] = None
        else:
            self._fixed[key_of(constant)] = slot

    def _slot(self, function: Callable[..., Any], operands: tuple[Any, ...]) -> int:
        slots = tuple([one.number if type(one) is Folded else self._builder.constant(one) for one in operands])
        return self._builder.call(function, slots, {})

    def template(self, made: Factored[Name], constants: Mapping[int, Any]) -> "Template[Name]":
        """The template of what was made; ``constants`` are all that the simplifier met."""
        opened = {slot: _opened(one) for slot, one in made.program.constants.items()}
        program = replace(made.program, constants=opened)
        factors = {name: _opened(one) for name, one in made.factors.items()}
        open_ones = [one.slot for one in (*program.constants.values(), *factors.values()) if type(one) is _Open]
        wanted = dict.fromkeys((*open_ones, *(number for number, _ in self._kept), *self._answers))
        numbers = self._builder.program({slot: slot for slot in wanted})
        steps = [
            (EVALUATED.get(c.function, c.function), getter(c.arguments), c.result, self._answers.get(c.result))
            for c in numbers.calls
        ]
        plain = {key_of(value): slot for slot, value in constants.items() if type(value) is not Folded}
        fixed = self._fixed | plain
        return Template(Factored(program, factors), numbers, steps, tuple(self._kept), fixed)


def _opened(constant: Any) -> Any:
    return _Open(constant.number) if type(constant) is Folded else constant


@dataclass(frozen=True, slots=True, eq=False)
class Template(Generic[Name]):
    """A simplified program with open constants and factors, and the program of their numbers."""

    made: Factored[Name]
    numbers: Program[int]
    """The program of the numbers and of the answers of comparisons, by their slots."""
    steps: list[tuple[Callable[..., Any], Callable[[list[Any]], Any], int, bool | None]]
    """The calls of the numbers: function, arguments, slot of the result, and the answer where it is a comparison."""
    kept: tuple[tuple[int, int], ...]
    """Numbers that are constants of the simplified program, with their slots there."""
    fixed: Mapping[Hashable, int]
    """The slots of the constants that are the same for all numbers, by their keys."""

    def filled(self, bind: Bind) -> Factored[Name] | None:
        """The program for other numbers; None where they need another program."""
        values = self._values(bind)
        if values is None or not self._are_distinct(values):
            return None

        def number(constant: Any) -> Any:
            return values[constant.slot] if type(constant) is _Open else constant

        program, factors = self.made
        constants = {slot: number(constant) for slot, constant in program.constants.items()}
        return Factored(program.with_constants(constants), {name: number(one) for name, one in factors.items()})

    def _values(self, bind: Bind) -> list[Any] | None:
        """The numbers by slot; None where a comparison has another answer."""
        values = [None] * self.numbers.n_slots
        for slot, constant in self.numbers.constants.items():
            values[slot] = constant
        for source, slot in self.numbers.sources.items():
            values[slot] = bind(source)
        for function, arguments, result, answer in self.steps:
            found = values[result] = function(*arguments(values))
            if answer is not None and bool(found) is not answer:
                return None
        return values

    def _are_distinct(self, values: Sequence[Any]) -> bool:
        """True if constants are equal where they were, and nowhere else: equal ones share a slot."""
        slots, keys = dict(self.fixed), {slot: key for key, slot in self.fixed.items()}
        for number, slot in self.kept:
            key = key_of(values[number])
            if slots.setdefault(key, slot) != slot or keys.setdefault(slot, key) != key:
                return False
        return True


class Templates:
    """The templates of some structures."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, list[Template[Any]]] = {}

    def filled(
        self, structure: Hashable, bind: Bind, make: Callable[[Simplifier, Bind], Factored[Name]]
    ) -> Factored[Name]:
        """The program that ``make`` simplifies, for the numbers that ``bind`` gives its sources.

        What is made depends on the structure and on these numbers alone. The second request of a structure makes a
        template: most processes have one request, and notes take as long as what they note.
        """
        is_first = structure not in self._kept
        templates = self._kept.pop(structure, [])
        self._kept[structure] = templates  # the last one used is the last one dropped
        if len(self._kept) > _KEPT:
            del self._kept[next(iter(self._kept))]
        if is_first:
            return make(Simplifier(), bind)
        for place, template in enumerate(templates):
            if (found := template.filled(bind)) is not None:
                templates.insert(0, templates.pop(place))
                return found
        notes, simplifier = _Notes(), Simplifier()
        made = make(simplifier, lambda source: notes.bound(source, bind(source)))
        template = notes.template(made, simplifier.constants)
        templates.insert(0, template)
        del templates[_VARIANTS:]
        constants = {slot: value_of(constant) for slot, constant in made.program.constants.items()}
        factors = {name: value_of(factor) for name, factor in made.factors.items()}
        return Factored(template.made.program.with_constants(constants), factors)
