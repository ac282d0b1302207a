"""Names of the nodes of curves: ``rate[0.25]`` is the value of the curve ``rate`` at its node ``0.25``."""

import re
from functools import lru_cache

Nodes = tuple[tuple[str, tuple[str, ...]], ...]
"""The parameters that are curves, each with the names of its nodes."""

_KEPT = 1 << 12
"""Names whose curves are kept."""
_NODE = re.compile(r"(\w+)\[([^\[\]]+)\]")


def label_of(time: float) -> str:
    """The name of a node by its time in years."""
    return f"{time:.12g}"


def node_name(parameter: str, label: str) -> str:
    """The name of a node's value, such as ``rate[0.25]``."""
    return f"{parameter}[{label}]"


def places(count: int) -> tuple[str, ...]:
    """Labels of nodes by their places: the first is 0."""
    return tuple(map(str, range(count)))


@lru_cache(_KEPT)
def curve_of(name: str) -> str:
    """The parameter that a node belongs to; any other name as it is."""
    found = _NODE.fullmatch(name)
    return found[1] if found else name


def label_of_node(name: str) -> str:
    """The name of a node within its curve: ``0.25`` of ``rate[0.25]``."""
    return name[len(curve_of(name)) + 1 : -1]
