"""Parts: programs that are simplified as one, in which equal calls are made once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

from greeks_cli.engine.compiler.ir import Name, Program, Source
from greeks_cli.engine.compiler.scaled import Factored, Scaled
from greeks_cli.engine.compiler.simplify import Bind, Simplifier
from greeks_cli.engine.compiler.template import Templates, open_slots

Own = TypeVar("Own")


@dataclass(frozen=True, slots=True, eq=False)
class Part(Generic[Own, Name]):
    """A program, the numbers of its open sources, and the names of its results in the whole."""

    program: Program[Own]
    bind: Bind
    results: tuple[tuple[Name, Own], ...]
    less: int | None = None
    """The number of an earlier part, from whose results these are subtracted."""
    always_defined: bool = True
    """True if no call of the program fails on any path."""


def together(parts: Sequence[Part[Any, Name]]) -> Factored[Name]:
    """The simplified program of all parts. Raises Diverging where trades of a batch need different programs."""
    return _simplified(parts, Simplifier(), partial(_bound, parts))


def together_by_template(parts: Sequence[Part[Any, Name]], templates: Templates) -> Factored[Name]:
    """The simplified program of all parts for the numbers of one trade, by a template of the parts' programs."""
    structure = tuple(
        (part.program.origin or part.program, part.results, part.less, part.always_defined) for part in parts
    )
    return templates.filled(structure, partial(_bound, parts), partial(_simplified, parts))


def _bound(parts: Sequence[Part[Any, Name]], source: tuple[int, Any]) -> Any:
    """The number of a source of a part, or of the slot of a constant."""
    number, name = source
    part = parts[number]
    return part.program.constants[name] if type(name) is int else part.bind(name)


def _of_part(bind: Bind, number: int, source: Source) -> Any:
    return bind((number, source))


def _simplified(parts: Sequence[Part[Any, Name]], simplifier: Simplifier, bind: Bind) -> Factored[Name]:
    found: list[Mapping[Any, Scaled]] = []
    results: dict[Name, Scaled] = {}
    for number, part in enumerate(parts):
        constants = {slot: bind((number, slot)) for slot in open_slots(part.program)}
        program = part.program.with_constants({**part.program.constants, **constants}) if constants else part.program
        own = simplifier.include(program, partial(_of_part, bind, number), part.always_defined)
        found.append(own)
        for name, index in part.results:
            whole = own[index] if part.less is None else simplifier.difference(found[part.less][index], own[index])
            results[name] = whole
    return simplifier.factored(results)
