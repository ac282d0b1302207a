"""Units as they are printed."""

import re
import textwrap

_LONGEST = 28
"""Letters of a line that stands beside the smallest panel."""
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_BOUND = "\N{NO-BREAK SPACE}"


def raised(unit: str) -> str:
    """With raised powers: per spot² for ``per spot^2``."""
    return re.sub(r"\^(\d)", lambda power: power[1].translate(_RAISED), re.sub(r"^1e(\S+)", _ten_to_the, unit))


def upright(unit: str) -> str:
    """The same in lines that are no longer than a panel is high, broken before a ``per``."""
    lines = textwrap.wrap(re.sub(r" (?!per )", _BOUND, raised(unit)), _LONGEST)
    return "\n".join(lines).replace(_BOUND, " ")


def _ten_to_the(power: re.Match[str]) -> str:
    return f"10{power[1].translate(_RAISED)}"
