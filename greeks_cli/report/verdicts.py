"""The table of ``greeks check``: methods beside each other."""

from collections.abc import Sequence
from typing import Protocol

from greeks_cli.report.table import Screen, framed, rounded, text_of


class Heard(Protocol):
    """One method's word on one Greek."""

    @property
    def greek(self) -> str: ...
    @property
    def method(self) -> str: ...
    @property
    def value(self) -> float: ...
    @property
    def stderr(self) -> float: ...
    @property
    def bias(self) -> float: ...
    @property
    def z(self) -> float | None: ...


def verdicts(title: str, heard: Sequence[Heard], limit: float, screen: Screen) -> str:
    """One row per Greek and method; ``z`` beyond the limit is marked."""
    grid = framed(screen, ["Greek", "method", "estimate", "stderr", "bias", "z", "verdict"], left=("method", "verdict"))
    previous = ""
    for opinion in heard:
        grid.add_row(
            "" if opinion.greek == previous else opinion.greek,
            opinion.method,
            rounded(opinion.value, opinion.stderr),
            f"{opinion.stderr:.2g}",
            f"{opinion.bias:.1g}",
            "-" if opinion.z is None else f"{opinion.z:+.2f}",
            _verdict(opinion, limit),
        )
        previous = opinion.greek
    return text_of(screen, title, grid)


def _verdict(opinion: Heard, limit: float) -> str:
    if opinion.z is None:
        return "reference"
    return "agrees" if abs(opinion.z) <= limit else "DISAGREES"
