"""Grids: the values of several fields, and the fields of a trade at every point."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from math import prod
from typing import Any

from greeks_cli.book.fields import FIELDS
from greeks_cli.book.joint_trades import is_of_one_among_several
from greeks_cli.terms.axis import spaced
from greeks_cli.terms.errors import InvalidInput, Problem, did_you_mean, few, printable

_MOST_TRADES = 1_000_000

Axes = Mapping[str, Sequence[Any]]


def axes_of(grid: Mapping[str, Any], place: Callable[[str], str], problems: list[Problem]) -> Axes:
    """Values of every field of a grid. Mistakes are added to ``problems``, each with its place."""
    count = prod(_count(values) for name, values in grid.items() if _is_known(name))
    if count > _MOST_TRADES:  # before a list of so many values is made
        problems.append(_too_many(count, place(next(iter(grid)))))
        return {}
    axes, wrong = {}, list[Problem]()
    for name, values in grid.items():
        try:
            axes[name] = _axis(name, values)
        except InvalidInput as error:
            wrong += [replace(problem, path=(f"{place(name)}: [grid] {name}",)) for problem in error.problems]
    problems += few(wrong, len(wrong))
    return axes


def _is_known(name: str) -> bool:
    return name in FIELDS or is_of_one_among_several(name)


def few_enough(axes: Axes, place: str, problems: list[Problem]) -> Axes:
    """The axes; where they have too many points, no axes, and one more problem."""
    if (count := prod(len(axis) for axis in axes.values())) <= _MOST_TRADES:
        return axes
    problems.append(_too_many(count, place))
    return {}


def _too_many(count: int, place: str) -> Problem:
    counted = f"{count:,}" if count < 10**18 else "more than 10**18"
    return Problem((f"{place}: [grid]",), f"{counted} trades, which are more than {_MOST_TRADES:,}; use fewer")


def _count(values: object) -> int:
    """The number of values of a list or of ``start:stop:count``; 1 where they are neither."""
    if isinstance(values, list):
        return len(values) or 1
    count = str(values).rpartition(":")[2].strip()
    return max(1, int(count)) if count.isdecimal() and len(count) < 10 else 1


def points(axes: Axes) -> Iterator[tuple[str, dict[str, Any]]]:
    """The suffix of a trade's id, and the fields, at every point."""
    for values in product(*axes.values()):
        at = dict(zip(axes, values, strict=True))
        yield printable(f"[{','.join(f'{name}={value}' for name, value in at.items())}]") if at else "", at


def _axis(name: str, values: object) -> list[Any]:
    if not _is_known(name) or name in ("id", "grid"):
        raise InvalidInput([Problem((), f"unknown key; {did_you_mean(name, FIELDS)}")])
    try:
        found = values if isinstance(values, list) and values else spaced(str(values))
    except ValueError as error:
        raise InvalidInput([Problem((), f"a list is wanted, or {error}", values)]) from None
    value, count = Counter(map(str, found)).most_common(1)[0]
    if count > 1:
        raise InvalidInput([Problem((), f"{value} is there {count} times; each value is wanted once", values)])
    return found
