"""The table of ``greeks check``: methods beside each other."""

from collections.abc import Sequence

from greeks_cli.report.table import Screen, framed, plain, rounded, text_of
from greeks_cli.terms.studies import Opinion


def verdicts(title: str, heard: Sequence[Opinion], limit: float, screen: Screen) -> str:
    """One row per Greek and method; ``z`` beyond the limit is marked."""
    grid = framed(screen, ["Greek", "method", "estimate", "stderr", "bias", "z", "verdict"], left=("method", "verdict"))
    previous = ""
    for opinion in heard:
        grid.add_row(
            "" if opinion.greek == previous else opinion.greek,
            opinion.method,
            rounded(opinion.value, opinion.stderr),
            plain(opinion.stderr, 2),
            plain(opinion.bias, 1),
            "-" if opinion.z is None else f"{opinion.z:+.2f}",
            _verdict(opinion, limit),
        )
        previous = opinion.greek
    return text_of(screen, title, grid)


def _verdict(opinion: Opinion, limit: float) -> str:
    if opinion.z is None:
        return "reference"
    return "agrees" if abs(opinion.z) <= limit else "DISAGREES"
