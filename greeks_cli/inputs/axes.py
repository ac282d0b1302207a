"""Axes of a profile, and the values that they give to a source."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from greeks_cli.inputs.source import Source
from greeks_cli.terms.axis import Axis, parse_axis, points, section_of
from greeks_cli.terms.contracts.catalogue import DEFAULT_CONTRACT
from greeks_cli.terms.errors import InvalidInput, Problem
from greeks_cli.terms.joint_axis import middle_of_market
from greeks_cli.terms.markets.models import foreign_of
from greeks_cli.terms.quote import GIVES
from greeks_cli.terms.request import Request


def parsed_axes(over: Sequence[str], option: str) -> list[Axis]:
    """The axes of texts such as ``spot=60:140:41``. Raises InvalidInput, naming the option."""
    if not 1 <= len(over) <= 2:
        message = "say once or twice what to vary, such as spot=60:140:41; a book has grids of any size"
        raise InvalidInput([Problem((option,), message)])
    axes = []
    for text in over:
        try:
            axes.append(parse_axis(text))
        except ValueError as error:
            raise InvalidInput([Problem((option,), str(error), text)]) from None
    return axes


def request_over(source: Source, axes: Iterable[Axis], option: str) -> Request:
    """The request of a source, whose missing values are the middles of axes. Raises InvalidInput, also for points."""
    for axis in axes:
        _give_middle(source, axis, option)
    request = source.build()
    if request.accuracy.tol:
        message = "would give every point random numbers of its own; leave it out, and use more paths"
        raise InvalidInput([Problem((source.place(("accuracy", "tol")),), message)])
    try:
        points(request, list(axes))
    except InvalidInput as error:
        placed = [replace(problem, path=(f"{option} {problem.path[0]}",)) for problem in error.problems]
        raise InvalidInput(placed) from None
    return request


def _give_middle(source: Source, axis: Axis, option: str) -> None:
    """Set the middle value of the axis where the source has no value of its parameter, and its model has one."""
    middle = axis.values[len(axis.values) // 2]
    for field, value in middle_of_market(source.sections["market"], axis.name, middle).items():
        source.set("market", field, value, f"{option} {axis.name}={middle:g}")
    section = section_of(str(source.sections["contract"].get("kind", DEFAULT_CONTRACT)), axis.name)
    if section == "market" and foreign_of({"model": source.sections["market"].get("model"), axis.name: 1.0}):
        return
    if section and axis.name not in source.sections[section]:
        given = (name for name in GIVES if name in source.sections["market"] and GIVES[name] != axis.name)
        if quoted := next(given, None):
            by = source.name_of(("market", quoted))
            message = f"is wanted, because {GIVES[quoted]} follows from {by} at one value of it"
            raise InvalidInput([Problem((source.name_of((section, axis.name)),), message)])
        source.set(section, axis.name, middle, f"{option} {axis.name}={middle:g}")
