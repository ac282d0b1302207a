"""JSON as books hold it: a constant or a doubled key that JSON does not have is kept, as a flaw of its value."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class _Constant:
    """A constant that JSON does not have, such as NaN."""

    name: str


class _Doubled(dict[str, Any]):
    """An object with a key that is there twice."""

    def __init__(self, pairs: list[tuple[str, Any]]):
        super().__init__(pairs)
        self.twice = next(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)


def parsed(text: str) -> Any:
    """The value of a JSON text, with its flaws. Raises ValueError."""
    return json.loads(text, parse_constant=_Constant, object_pairs_hook=_object)


def no_constant(name: str) -> float:
    """Refuses a constant that JSON does not have: a hook for ``json.loads``."""
    raise ValueError(f"{name} is not a number that JSON has")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else _Doubled(pairs)


def flaws(value: object, but_for: str = "") -> Iterator[tuple[str, str]]:
    """The key and the problem of every flaw in a value; the value of the key ``but_for`` is left out."""
    match value:
        case _Constant(name=name):
            yield "", f"{name} is not a number that JSON has"
        case Mapping():
            if isinstance(value, _Doubled):
                yield value.twice, f"'{value.twice}' is there twice"
            for key, one in value.items():
                if key != but_for:
                    yield from ((key, f"{key}: {problem}") for _, problem in flaws(one))
        case list():
            for one in value:
                yield from flaws(one)
