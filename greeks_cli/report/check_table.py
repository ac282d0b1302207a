"""Table of ``greeks check``: one row per Greek and method."""

from collections.abc import Sequence

from greeks_cli.report.table import Screen, empty_table, plain, rounded, text_of
from greeks_cli.terms.studies import MethodResult


def check_table(title: str, results: Sequence[MethodResult], limit: float, screen: Screen) -> str:
    """Text of the table; a method whose ``z`` is beyond the limit disagrees."""
    grid = empty_table(
        screen, ["Greek", "method", "estimate", "stderr", "bias", "z", "verdict"], left=("method", "verdict")
    )
    previous = ""
    for result in results:
        grid.add_row(
            "" if result.greek == previous else result.greek,
            result.method,
            rounded(result.value, result.stderr),
            plain(result.stderr, 2),
            plain(result.bias, 1),
            "-" if result.z is None else f"{result.z:+.2f}",
            _agreement(result, limit),
        )
        previous = result.greek
    return text_of(screen, title, grid)


def _agreement(result: MethodResult, limit: float) -> str:
    if result.z is None:
        return "reference"
    return "agrees" if abs(result.z) <= limit else "DISAGREES"
