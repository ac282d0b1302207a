"""Table of a result, and the layout and number formats of all tables."""

import io
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from math import floor, log10

from rich.box import ASCII, SIMPLE_HEAD
from rich.console import Console, JustifyMethod, RenderableType
from rich.table import Table
from rich.text import Text

from greeks_cli.report.headline import headline
from greeks_cli.report.rows import Row, rows
from greeks_cli.terms.greek import Units
from greeks_cli.terms.result import Result

COLUMNS = ("estimate", "stderr", "interval", "bias", "exact", "z", "estimator", "unit")
"""Columns of a table, after the Greek's name."""
_WIDEST = 100_000
_LEFT_OUT_FIRST = ("unit", "estimator", "bias", "interval", "z", "exact", "stderr")
"""Columns that a narrow terminal leaves out, first to last."""
_LARGE = 1e6
"""Numbers from here on are printed with a power of ten."""


@dataclass(frozen=True, slots=True)
class Screen:
    """Output device of a table: width in characters (None: no limit), colour, and ASCII or Unicode."""

    width: int | None = None
    colour: bool = False
    ascii_only: bool = False


def table(result: Result, units: Units, screen: Screen) -> str:
    """Table of a result; a narrow screen shows fewer columns."""
    lines = rows(result, units)
    cells = [cells_of(row) for row in lines]
    level = f"{100 * result.request.simulation.confidence:g}% interval"
    grid, left_out = narrowed(screen, _LEFT_OUT_FIRST, lambda left_out: _grid(cells, left_out, level, screen))
    notes = [f"{row.name}: {row.warning}" for row in lines if row.warning]
    if left_out:
        notes.append(f"left out for width: {', '.join(left_out)}; --format json has all")
    return text_of(screen, headline(result.request, result.paths, result.shift, result.steps).line, grid, notes)


def narrowed(
    screen: Screen, left_out_first: Sequence[str], grid_without: Callable[[Sequence[str]], Table]
) -> tuple[Table, Sequence[str]]:
    """A table that fits the screen, and the columns that it is without; all that may be, where nothing fits."""
    for count in range(len(left_out_first) + 1):
        left_out = left_out_first[:count]
        grid = grid_without(left_out)
        if not screen.width or natural_width(grid) <= screen.width:
            break
    return grid, left_out


def text_of(screen: Screen, title: str, grid: RenderableType, notes: Sequence[str] = ()) -> str:
    """Text of a title, a table and notes for a screen."""
    console = Console(
        file=io.StringIO(),
        width=screen.width or max(240, natural_width(grid)),
        force_terminal=screen.colour,
        no_color=not screen.colour,
        legacy_windows=False,
        markup=False,  # names such as delta[a] are no tags
    )
    console.print(title, highlight=False, style="bold", soft_wrap=screen.width is None)
    console.print(grid)
    for note in notes:
        console.print(note, style="yellow", highlight=False)
    return console.file.getvalue()  # type: ignore[attr-defined]  # file is the StringIO above


def empty_table(screen: Screen, columns: Sequence[str], left: Collection[str]) -> Table:
    """Empty table in the common style: names on the left, numbers aligned to the right."""
    grid = Table(box=ASCII if screen.ascii_only else SIMPLE_HEAD, pad_edge=False)
    for i, column in enumerate(columns):
        justify: JustifyMethod = "left" if i == 0 or column in left else "right"
        grid.add_column(Text(column), justify=justify, no_wrap=True, style="cyan" if i == 0 else None)
    return grid


def natural_width(grid: RenderableType) -> int:
    """Characters of the widest line, where nothing is cut."""
    return Console(width=_WIDEST, markup=False).measure(grid).maximum


def _grid(cells: list[dict[str, str]], left_out: Sequence[str], level: str, screen: Screen) -> Table:
    columns = [column for column in COLUMNS if column not in left_out]
    titles = [level if column == "interval" else column for column in columns]
    grid = empty_table(screen, ["Greek", *titles], left=("estimator", "unit"))
    grid.columns[0].no_wrap, grid.columns[0].overflow = False, "fold"  # a long name breaks before a number is cut
    for row in cells:
        grid.add_row(row["name"], *(row[column] for column in columns))
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
    if not 1e-300 < stderr < _LARGE:
        return f"{value:z.8g}"
    decimals = 1 - floor(log10(stderr))
    if decimals > 8:
        return f"{value:z.{min(16, max(0, decimals + floor(log10(abs(value) or 1))))}e}"
    return f"{value:z,.{max(0, decimals)}f}"


def plain(value: float, digits: int) -> str:
    """Value with ``digits`` significant digits: 60, 3,000, and a power of ten from a million on."""
    text = f"{value:z.{digits}g}"
    return f"{float(text):,.0f}" if "e+" in text and abs(value) < _LARGE else text
