"""Table of ``greeks check``: one row per Greek and method."""

from collections.abc import Sequence

from greeks_cli.report.text.grid import Grid
from greeks_cli.report.text.screen import Screen
from greeks_cli.report.text.table import narrowed, plain, rounded, text_of
from greeks_cli.terms.results.studies import MethodResult

_COLUMNS = ("Greek", "method", "estimate", "stderr", "bias", "z", "result")
_LEFT_OUT_FIRST = ("bias", "result", "stderr")
"""Columns that a narrow terminal leaves out, first to last."""


def check_table(title: str, results: Sequence[MethodResult], limit: float, screen: Screen) -> str:
    """Text of the table; a method whose ``z`` is beyond the limit disagrees. A narrow screen shows fewer columns."""
    grid, left_out = narrowed(screen, _LEFT_OUT_FIRST, lambda left_out: _grid(results, limit, left_out))
    notes = [f"left out for width: {', '.join(left_out)}; a wider terminal shows all"] if left_out else []
    return text_of(screen, title, [grid], notes)


def _grid(results: Sequence[MethodResult], limit: float, left_out: Sequence[str]) -> Grid:
    columns = [column for column in _COLUMNS if column not in left_out]
    grid = Grid(columns, left=("method", "result"))
    previous = ""
    for result in results:
        cells = {
            "Greek": "" if result.greek == previous else result.greek,
            "method": result.method,
            "estimate": rounded(result.value, result.stderr),
            "stderr": plain(result.stderr, 2),
            "bias": plain(result.bias, 1),
            "z": "-" if result.z is None else f"{result.z:+.2f}",
            "result": _agreement(result, limit),
        }
        grid.add(*(cells[column] for column in columns))
        previous = result.greek
    return grid


def _agreement(result: MethodResult, limit: float) -> str:
    if result.z is None:
        return "reference"
    return "agrees" if abs(result.z) <= limit else "DISAGREES"
