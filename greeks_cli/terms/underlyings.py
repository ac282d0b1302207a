"""Names of the parameters of several underlyings: ``vol[A]``, a node of its curve ``vol[A:0.5]``, ``correlation[A,B]``.

A parameter of one underlying has its name alone, ``vol`` and ``vol[0.5]``. The rate and calendar time are common to all
underlyings.
"""

import re
from collections.abc import Iterable, Sequence

from greeks_cli.terms.nodes import curve_of, label_of_node, node_name

CORRELATION = "correlation"
"""The parameter of a pair of underlyings, and the key of the correlations among the fields of a market."""
_COMMON = ("rate", "time", CORRELATION)
_NAME = re.compile(r"[A-Za-z_]\w*")


def is_name(text: str) -> bool:
    """True for the name that an underlying among several may have: letters, digits and _, a letter first."""
    return bool(_NAME.fullmatch(text)) and text.isascii()


def is_common(name: str) -> bool:
    """True for a parameter that belongs to no single underlying."""
    return curve_of(name) in _COMMON


def is_node(name: str) -> bool:
    """True for a node of a curve or of dividends, of one underlying or among several."""
    own = local(name)
    return curve_of(own) not in (own, CORRELATION)


def named(name: str, underlying: str) -> str:
    """The name of an underlying's parameter among several underlyings."""
    curve = curve_of(name)
    if curve in _COMMON:
        return name
    return node_name(curve, underlying if curve == name else f"{underlying}:{label_of_node(name)}")


def underlying_of(name: str) -> str | None:
    """The underlying of a parameter among several; None for a parameter of all, or of one underlying alone."""
    if is_common(name) or curve_of(name) == name:
        return None
    label = label_of_node(name).partition(":")[0]
    return label if is_name(label) else None


def local(name: str) -> str:
    """The name of a parameter of several underlyings in the market of its own underlying."""
    if underlying_of(name) is None:
        return name
    label = label_of_node(name).partition(":")[2]
    return node_name(curve_of(name), label) if label else curve_of(name)


def correlation_name(one: str, other: str) -> str:
    """The name of the correlation of two underlyings, such as ``correlation[A,B]``."""
    return node_name(CORRELATION, pair_name(one, other))


def is_correlation(name: str) -> bool:
    """True for the name of the correlation of a pair."""
    return curve_of(name) == CORRELATION and name != CORRELATION


def pair_name(one: str, other: str) -> str:
    """The name of a pair of underlyings, such as ``A,B``."""
    return ",".join(in_order(one, other))


def in_order(one: str, other: str) -> tuple[str, str]:
    """Two names in alphabetical order."""
    return (one, other) if one <= other else (other, one)


def pair_of(text: str) -> tuple[str, str]:
    """The two names of a text such as ``A,B``, in alphabetical order. Raises ValueError."""
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 2 or not all(map(is_name, parts)) or parts[0] == parts[1]:
        raise ValueError(f"'{text}' is no pair of underlyings; write A,B=0.5")
    return in_order(*parts)


def correlated(name: str) -> tuple[str, str]:
    """The underlyings of the name of a correlation."""
    first, _, second = label_of_node(name).partition(",")
    return first, second


def underlyings_in(parameters: Sequence[str]) -> list[str]:
    """The underlyings among several that parameters belong to, each once."""
    found: list[str] = []
    for name in parameters:
        if is_correlation(name):
            found += correlated(name)
        elif underlying := underlying_of(name):
            found.append(underlying)
    return list(dict.fromkeys(found))


def names_of(text: object) -> tuple[str, ...]:
    """Names from ``"A,B"``, from a cell of CSV such as ``A;B``, or a list. Raises ValueError."""
    parts: Iterable[object] = (
        re.split("[,;]", text) if isinstance(text, str) else text if isinstance(text, list | tuple) else ()
    )
    found = tuple(str(part).strip() for part in parts)
    for name in found:
        if not is_name(name):
            raise ValueError(f"'{name}' is no name of an underlying; use letters, digits and _, a letter first")
    if twice := [name for name in found if found.count(name) > 1]:
        raise ValueError(f"{twice[0]} is named twice")
    return found
