"""Table of a result, and the layout and number formats of all tables."""

from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from math import floor, inf, log10

from greeks_cli.report.headline import headline
from greeks_cli.report.rows import Row, rows
from greeks_cli.report.text.grid import Grid
from greeks_cli.report.text.screen import BOLD, YELLOW, Screen
from greeks_cli.terms.results.result import Result
from greeks_cli.terms.units import Units

COLUMNS = ("estimate", "stderr", "interval", "bias", "exact", "z", "estimator", "unit")
"""Columns of a table, after the Greek's name."""
_WIDTH_OF_NOTES = 240
"""Width of notes on a screen without a limit."""
_LEFT_OUT_FIRST = ("unit", "estimator", "bias", "interval", "z", "exact", "stderr")
"""Columns that a narrow terminal leaves out, first to last."""
_LARGE = 1e6
"""Numbers from here on are printed with a power of ten."""


def table(result: Result, units: Units, screen: Screen, currency: str | None = None) -> str:
    """Table of a result; a narrow screen shows fewer columns."""
    lines = rows(result, units, currency)
    cells = [cells_of(row) for row in lines]
    level = f"{100 * result.request.simulation.confidence:g}% interval"
    grid, left_out = narrowed(screen, _LEFT_OUT_FIRST, lambda left_out: _grid(cells, left_out, level))
    notes = [*map(between, lines), *(f"{row.name}: {row.warning}" for row in lines if row.warning)]
    notes = [note for note in (*notes, exercised(result)) if note]
    if left_out:
        notes.append(f"left out for width: {', '.join(left_out)}; --format json has all")
    return text_of(screen, headline(result.request, result.paths, result.shift, result.steps).line, [grid], notes)


def exercised(result: Result) -> str:
    """The law of early exercise in words; empty where there is none."""
    law = result.exercise
    if law is None:
        return ""
    if law.expected_time == 0:
        return "exercise: now"
    when = "" if law.expected_time is None else f", then after {law.expected_time:.3g} years on average"
    return f"exercise: with a probability of {estimate_cell(law.probability, law.stderr)}{when}"


def between(row: Row) -> str:
    """The two bounds of an estimate in words; empty where there is no upper one."""
    if row.upper is None or row.upper_stderr is None:
        return ""
    low, high = estimate_cell(row.value, row.stderr), estimate_cell(row.upper, row.upper_stderr)
    return f"{row.name}: between {low}, by the exercise policy, and {high}, for whoever knows the future"


def narrowed(
    screen: Screen, left_out_first: Sequence[str], grid_without: Callable[[Sequence[str]], Grid]
) -> tuple[Grid, Sequence[str]]:
    """A table that fits the screen, and the columns that it is without; all that may be, where nothing fits."""
    for count in range(len(left_out_first) + 1):
        left_out = left_out_first[:count]
        grid = grid_without(left_out)
        if not screen.width or grid.width <= screen.width:
            break
    return grid, left_out


def text_of(screen: Screen, title: str, grids: Sequence[Grid], notes: Sequence[str] = ()) -> str:
    """Text of a title, tables and notes for a screen."""
    width = max(_WIDTH_OF_NOTES, *(grid.width for grid in grids))
    return framed(screen, title, chain.from_iterable(grid.lines(screen) for grid in grids), notes, width)


def framed(screen: Screen, title: str, lines: Iterable[str], notes: Sequence[str], width: int = _WIDTH_OF_NOTES) -> str:
    """Text of a title, lines, and notes that are wrapped to a width where the screen has no limit."""
    above = (screen.styled(line, BOLD) for line in screen.wrapped(title, None))
    below = (screen.styled(line, YELLOW) for note in notes for line in screen.wrapped(note, width))
    return "".join(f"{line}\n" for line in (*above, *lines, *below))


def _grid(cells: list[dict[str, str]], left_out: Sequence[str], level: str) -> Grid:
    columns = [column for column in COLUMNS if column not in left_out]
    titles = [level if column == "interval" else column for column in columns]
    grid = Grid(["Greek", *titles], left=("estimator", "unit"), folds=True)
    for row in cells:
        grid.add(row["name"], *(row[column] for column in columns))
    return grid


def cells_of(row: Row) -> dict[str, str]:
    """Cells of an estimate's row as text, by column."""
    return {
        "name": row.name,
        "estimate": rounded(row.value, row.stderr),
        "stderr": plain(row.stderr, 2),
        "interval": f"{rounded(row.low, row.stderr)} .. {rounded(row.high, row.stderr)}",
        "bias": plain(row.bias, 1),
        "exact": "-" if row.exact is None else rounded(row.exact, row.stderr / 10),
        "z": "-" if row.z is None else f"{row.z:+z.2f}" if abs(row.z) < 1000 else f"{row.z:+.0e}",
        "estimator": row.estimator,
        "unit": row.unit,
    }


def estimate_cell(value: float, stderr: float) -> str:
    """Estimate and standard error in one cell."""
    return f"{rounded(value, stderr)} ± {plain(stderr, 1)}"


def rounded(value: float, stderr: float) -> str:
    """Value rounded to the second digit of the standard error."""
    if not 1e-300 < stderr < inf:
        return f"{value:z.8g}"
    decimals = 1 - floor(log10(stderr))
    if stderr >= _LARGE:
        return f"{value:z.{max(1, floor(log10(abs(value) or 1)) + decimals + 1)}g}"
    if decimals > 8:
        return f"{value:z.{min(16, max(0, decimals + floor(log10(abs(value) or 1))))}e}"
    return f"{value:z,.{max(0, decimals)}f}"


def plain(value: float, digits: int) -> str:
    """Value with ``digits`` significant digits: 60, 3,000, and a power of ten from a million on."""
    text = f"{value:z.{digits}g}"
    return f"{float(text):,.0f}" if "e+" in text and abs(value) < _LARGE else text
