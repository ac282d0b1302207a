"""A template gives the program that the simplifier would make anew, for any numbers."""

import itertools

import numpy as np
import pytest

from greeks_cli.engine.compiler.builder import key_of
from greeks_cli.engine.compiler.folded import Folded, as_number
from greeks_cli.engine.compiler.parts import Part, together, together_by_template
from greeks_cli.engine.compiler.scaled import Factored
from greeks_cli.engine.compiler.simplify import simplified
from greeks_cli.engine.compiler.template import Templates, open_slots
from greeks_cli.engine.compiler.tracer import Tracer

NUMBERS = {"k": 0.7, "m": -1.3, "dates": np.array([[0.5], [2.0]])}
X = np.random.default_rng(5).standard_normal((2, 300))

CALCULATIONS = {
    "sum": lambda x, k, m, dates: k * x[0] + m * x[1] - x[0],
    "factors": lambda x, k, m, dates: (x[0] * k + x[1] * (3 * m)) / (2 * k + 1.5) - m,
    "terms that may cancel": lambda x, k, m, dates: (x[0] * k + np.exp(x[1])) - (m * x[0] + np.exp(x[1])),
    "kinks": lambda x, k, m, dates: np.maximum(k * x[0], 0) + (m * x[1] > 0).astype(float) * k,
    "numbers alone": lambda x, k, m, dates: np.exp(k * m) * x[0] + np.sqrt(k * k) * x[1] * 2.0,
    "arrays": lambda x, k, m, dates: (dates * x * k).sum(axis=0) + np.sqrt(dates * dates)[0] * x[1],
    "far out of range": lambda x, k, m, dates: (x[0] * (k * 1e-100)) * (x[1] * (m * 1e-101)) * 1e200,
}
VALUES = (0.7, -0.7, 1.0, -1.0, 2.0, 0.0, -0.0, 1.5, 3.0, 0.1 + 0.2, 0.3)


def traced(calculation):
    tracer = Tracer(5)
    x = tracer.source("x", np.linspace(-1.0, 2.0, 10).reshape(2, 5))
    numbers = {name: tracer.source(name, sample) for name, sample in NUMBERS.items()}
    return tracer.program({"found": calculation(x, **numbers)})


def binding(**numbers):
    given = NUMBERS | numbers
    return lambda source: given.get(source, source)


def described(program):
    """All that tells one program from another."""
    calls = [(call.function, call.arguments, call.keywords, call.result, call.last_uses) for call in program.calls]
    constants = {slot: key_of(constant) for slot, constant in program.constants.items()}
    return calls, constants, program.sources, program.results, program.flat


def made_of(program):
    return lambda simplifier, bind: Factored(simplifier.whole(program, bind, True), {})


def by_template(templates, program, bind):
    return templates.filled(
        "", bind, lambda simplifier, own: Factored(simplifier.whole(program, own, True), {})
    ).program


@pytest.mark.parametrize("name", CALCULATIONS)
@np.errstate(all="ignore")
def test_programs_are_those_that_are_simplified_anew(name):
    program, templates = traced(CALCULATIONS[name]), Templates()
    for k, m in itertools.product(VALUES, VALUES):
        bind = binding(k=k, m=m)
        assert described(by_template(templates, program, bind)) == described(simplified(program, bind, True))


def test_arrays_of_numbers_take_the_place_of_others():
    program, templates = traced(CALCULATIONS["arrays"]), Templates()
    for dates in (NUMBERS["dates"], np.array([[0.25], [3.0]]), np.array([[1.0], [1.0]])):
        bind = binding(dates=dates)
        assert described(by_template(templates, program, bind)) == described(simplified(program, bind, True))


def test_a_structure_is_simplified_once_where_no_comparison_has_another_answer(monkeypatch):
    program, templates = traced(CALCULATIONS["factors"]), Templates()
    made = [by_template(templates, program, binding(k=k)) for k in (0.7, 0.8, 0.9, 0.0, 1.1, 0.0)]
    assert [one.origin is None for one in made] == [True, *[False] * 5]
    assert len({id(one.calls) for one in made[1:]}) == 2
    monkeypatch.setattr("greeks_cli.engine.compiler.simplify.Simplifier.include", None)
    by_template(templates, program, binding(k=1.2, m=-7.0))


def test_an_early_template_is_dropped_where_there_are_many():
    program, templates = traced(CALCULATIONS["sum"]), Templates()
    for structure in range(200):
        templates.filled(structure, binding(), made_of(program))
    assert len(templates._kept) == 64


@np.errstate(all="ignore")
def test_parts_together_are_those_that_are_simplified_anew():
    programs = {name: traced(CALCULATIONS[name]) for name in ("sum", "factors", "numbers alone")}
    of_each, whole = Templates(), Templates()
    made = 0
    for k, m, width in itertools.product(VALUES, VALUES, (0.5, -1.3)):
        parts = []
        for number, (name, program) in enumerate(programs.items()):
            bind = binding(k=k, dates=NUMBERS["dates"])

            def early(source, bind=bind):
                return source if source == "m" else bind(source)

            own = of_each.filled(name, early, made_of(program))
            late = binding(m=m * width if number else m)
            parts.append(Part(own.program, late, ((number, "found"),), less=0 if number else None))
        found, fresh = together_by_template(parts, whole), together(parts)
        assert described(found.program) == described(fresh.program)
        assert [*map(key_of, found.factors.values())] == [*map(key_of, fresh.factors.values())]
        made += any(open_slots(part.program) for part in parts)
    assert made


def test_a_number_is_noted_with_the_type_that_it_has():
    def make(simplifier, bind):
        number = bind("k")
        made.append(type(number))
        if made[1:]:
            assert as_number(number) is 1.0 * number is number * 1.0 is number
        return Factored(simplifier.whole(traced(CALCULATIONS["sum"]), bind, True), {"": number * 2})

    templates, made = Templates(), []
    for k in (0.7, 0.7, 0.9):
        assert templates.filled("", binding(k=k), make).factors == {"": 2 * k}
    assert made == [float, Folded]
