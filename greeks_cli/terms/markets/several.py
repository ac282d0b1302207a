"""Fields of a market that has several underlyings, as flags and files write them."""

import re
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from greeks_cli.terms.fields import Term
from greeks_cli.terms.markets.curve import number_from
from greeks_cli.terms.underlyings import pair_name, pair_of

UNDERLYING = "underlying"
"""The key of the tables of several underlyings among the fields of a market."""
_EXAMPLE = "A:spot=100,vol=0.2"
_NEXT_FIELD = re.compile(r",(?!\s*[^,=:]+:[^=]*?(?:,|$))")
"""The commas between fields, and not those between the nodes of a curve: the part before a node has an = sign."""


def tables_of(value: object) -> object:
    """The fields of each underlying, from tables or from texts such as ``A:spot=100,vol=0.2``. Raises ValueError."""
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list | tuple):
        return value
    found: dict[str, dict[str, str]] = {}
    for text in map(str, value):
        name, colon, fields = (part.strip() for part in text.partition(":"))
        if name in found:
            raise ValueError(f"{name} is given twice")
        pairs = [part.partition("=") for part in _NEXT_FIELD.split(fields) if part.strip()]
        if not colon or any(not equals for _, equals, _ in pairs):
            raise ValueError(f"'{text}' is no market of an underlying; write {_EXAMPLE}")
        found[name] = {key.strip(): number.strip() for key, _, number in pairs}
    return found


class Several(Term):
    """The markets of several underlyings and their correlations."""

    underlying: Annotated[Mapping[str, Mapping[str, Any]], BeforeValidator(tables_of)] = Field(
        default={}, description=f"market of one underlying among several, such as {_EXAMPLE}; repeatable"
    )
    correlation: Any = Field(
        None,
        description="correlation of two underlyings, such as A,B=0.5, of all, such as 0.5, or matrix.csv; repeatable",
    )


def correlations_of(given: object, names: Sequence[str]) -> dict[tuple[str, str], float]:
    """The correlation of each pair that is given, by sorted names: a number for all, a table, or texts ``A,B=0.5``.

    Raises ValueError.
    """
    if isinstance(given, Mapping):
        entries = [(pair_of(str(pair)), number) for pair, number in given.items()]
    elif isinstance(given, list | tuple):
        entries = [_entry(one) for one in given]
    elif isinstance(given, str) and "=" in given:
        entries = [_entry(given)]
    else:
        number = number_from(given, "a number is wanted, or pairs such as A,B=0.5")
        return dict.fromkeys(combinations(sorted(names), 2), number)
    found: dict[tuple[str, str], float] = {}
    for pair, number in entries:
        value = number_from(number, f"the correlation of {pair_name(*pair)} should be a number")
        if found.setdefault(pair, value) != value:
            raise ValueError(f"the correlation of {pair_name(*pair)} is given twice")
    return found


def _entry(one: object) -> tuple[tuple[str, str], object]:
    """A pair of underlyings and its number, from ``A,B=0.5`` or from a row of a file."""
    if isinstance(one, tuple):
        first, second, number = one
        return pair_of(f"{first},{second}"), number
    pair, equals, number = str(one).partition("=")
    if not equals:
        raise ValueError(f"'{one}' is no correlation; write A,B=0.5")
    return pair_of(pair), number
