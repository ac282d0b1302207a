"""Bridges: the dates of a simulation between which a path that is watched at all times is a Brownian bridge."""

from math import ceil

_FEWEST, _PER_YEAR, _MOST = 16, 32, 128
"""Bridges of a path, at least, those of a year, and at most, where no number of steps is given."""
_PER_JUMP = 4
"""Bridges for each jump, at least: few bridges have more than one."""
MOST_JUMPS = 100
"""The mean number of jumps until expiry, beyond which bridges would be too many."""
_MULTIPLE = 4
"""The number of bridges is a multiple: pairs are joined to bridges of twice the length, and jumps lie within pairs."""
_STEPS = 2
"""Time steps of a bridge, under models that have any."""


def bridge_ends(start: float, end: float, n: int) -> tuple[float, ...]:
    """The times at which n equal bridges between two times meet."""
    return tuple(start + (end - start) * i / n for i in range(1, n))


def n_bridges(years: float, jumps: float, steps: int | None) -> int:
    """The number of bridges in some years with a mean number of jumps; ``steps`` are the time steps, where given."""
    usual = min(max(_FEWEST, ceil(_PER_YEAR * years)), _MOST)
    wanted = max(usual if steps is None else ceil(steps / _STEPS), ceil(_PER_JUMP * jumps))
    return _MULTIPLE * max(1, ceil(wanted / _MULTIPLE))
