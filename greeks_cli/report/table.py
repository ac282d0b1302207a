"""A result as a table for people."""

import io
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import floor, log10

from rich.box import ASCII, SIMPLE_HEAD
from rich.console import Console, JustifyMethod, RenderableType
from rich.table import Table

from greeks_cli.report.headline import headline
from greeks_cli.report.rows import Row, rows
from greeks_cli.terms.greek import Units
from greeks_cli.terms.result import Result

COLUMNS = ("estimate", "stderr", "interval", "bias", "exact", "z", "estimator", "unit")
"""Of a table, after the Greek's name."""
_DISPENSABLE = ("unit", "estimator", "bias", "interval", "z", "exact", "stderr")
"""What a narrow terminal goes without, first to last."""
_LARGE = 1e6
"""From here on numbers are told by powers of ten."""


@dataclass(frozen=True, slots=True)
class Screen:
    """Where a table is shown: columns of text (None: as wide as it needs) and whether in colour."""

    width: int | None = None
    colour: bool = False
    ascii_only: bool = False


def table(result: Result, units: Units, screen: Screen) -> str:
    """The table, with fewer columns where the screen is narrow."""
    lines = rows(result, units)
    cells = [cells_of(row) for row in lines]
    level = f"{100 * result.request.simulation.confidence:g}% interval"
    left_out: list[str] = []
    grid = _grid(cells, left_out, level, screen)
    while screen.width and natural_width(grid) > screen.width and len(left_out) < len(_DISPENSABLE):
        left_out.append(_DISPENSABLE[len(left_out)])
        grid = _grid(cells, left_out, level, screen)
    notes = [f"{row.name}: {row.warning}" for row in lines if row.warning]
    if left_out:
        notes.append(f"left out for width: {', '.join(left_out)}; --format json has all")
    return text_of(screen, headline(result.request, result.paths).line, grid, notes)


def text_of(screen: Screen, title: str, grid: RenderableType, notes: Sequence[str] = ()) -> str:
    """A title, a table and notes as the screen shows them."""
    console = Console(
        file=io.StringIO(),
        width=screen.width or 240,
        force_terminal=screen.colour,
        no_color=not screen.colour,
        legacy_windows=False,
    )
    console.print(title, highlight=False, markup=False, style="bold", soft_wrap=screen.width is None)
    console.print(grid)
    for note in notes:
        console.print(note, style="yellow", highlight=False, markup=False)
    return console.file.getvalue()  # type: ignore[attr-defined]  # it is the StringIO above


def framed(screen: Screen, columns: Sequence[str], left: Collection[str]) -> Table:
    """An empty table in the house style: names first, numbers to the right."""
    grid = Table(box=ASCII if screen.ascii_only else SIMPLE_HEAD, pad_edge=False)
    for i, column in enumerate(columns):
        justify: JustifyMethod = "left" if i == 0 or column in left else "right"
        grid.add_column(column, justify=justify, no_wrap=True, style="cyan" if i == 0 else None)
    return grid


def natural_width(grid: Table) -> int:
    return Console(width=1000).measure(grid).maximum


def _grid(cells: list[dict[str, str]], left_out: list[str], level: str, screen: Screen) -> Table:
    columns = [column for column in COLUMNS if column not in left_out]
    titles = [level if column == "interval" else column for column in columns]
    grid = framed(screen, ["Greek", *titles], left=("estimator", "unit"))
    for row in cells:
        grid.add_row(row["name"], *(row[column] for column in columns))
    return grid


def cells_of(row: Row) -> dict[str, str]:
    """An estimate's row as text, by column."""
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
    """An estimate with its standard error in one cell."""
    return f"{rounded(value, stderr)} ± {plain(stderr, 1)}"


def rounded(value: float, stderr: float) -> str:
    """The digits that the standard error leaves meaningful: two of it."""
    if not 1e-300 < stderr < _LARGE:
        return f"{value:z.8g}"
    decimals = 1 - floor(log10(stderr))
    if decimals > 8:
        return f"{value:z.{min(16, max(0, decimals + floor(log10(abs(value) or 1))))}e}"
    return f"{value:z,.{max(0, decimals)}f}"


def plain(value: float, digits: int) -> str:
    """So many digits of a number: 60 and 3,000, and powers of ten from a million on."""
    text = f"{value:z.{digits}g}"
    return f"{float(text):,.0f}" if "e+" in text and abs(value) < _LARGE else text
