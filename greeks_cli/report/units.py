"""Units as they are printed."""

import re
import textwrap

_MOST_CHARACTERS = 28
"""Characters of a line beside the smallest panel, at most."""
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"


def superscripted(unit: str) -> str:
    """Unit with superscript powers: per spot² for ``per spot^2``."""
    return re.sub(r"\^(\d)", lambda power: power[1].translate(_SUPERSCRIPTS), re.sub(r"^1e(\S+)", _ten_to_the, unit))


def wrapped_unit(unit: str) -> str:
    """Unit with superscript powers, in lines no longer than a panel is high, broken before a ``per``."""
    lines = textwrap.wrap(re.sub(r" (?!per )", _NO_BREAK_SPACE, superscripted(unit)), _MOST_CHARACTERS)
    return "\n".join(lines).replace(_NO_BREAK_SPACE, " ")


def _ten_to_the(power: re.Match[str]) -> str:
    return f"10{power[1].translate(_SUPERSCRIPTS)}"
