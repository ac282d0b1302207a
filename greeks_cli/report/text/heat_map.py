"""Heat map of a surface in a terminal: numbers on a background that deepens with their size."""

from collections.abc import Iterator, Sequence
from math import floor, log10

from greeks_cli.report.series import Series, axis_label
from greeks_cli.report.text.screen import BOLD, DIM, Line, Screen
from greeks_cli.report.text.table import plain
from greeks_cli.terms.results.profile import Profile

_MOST_ROWS = 17
_POSITIVE, _NEGATIVE = (107, 174, 214), (253, 174, 97)
"""Blue and orange, light enough for black digits."""


def heat_map(series: Series, profile: Profile, screen: Screen, width: int) -> Iterator[Line]:
    """Lines of a heat map with the first axis to the right and the second upwards, thinned to a width."""
    across, up = (axis.values for axis in profile.axes)
    cells = _cells(series.values)
    each, margin = max(map(len, cells)) + 2, max(len(f"{value:g}") for value in up) + 1
    columns, rows = _thinned(across, max(2, (width - margin) // each)), _thinned(up, _MOST_ROWS)
    each = max(each, *(len(f"{across[i]:g}") + 2 for i in columns))
    yield [(series.name, BOLD), (f"  {series.unit}, standard error up to {plain(max(series.stderr), 2)}", "")]
    axes = f"{axis_label(profile, 1)} upwards, {axis_label(profile, 0)} to the right"
    yield from ([(line, DIM)] for line in screen.wrapped(axes, None))
    largest = max(map(abs, series.values))
    for row in reversed(rows):
        numbers = [column * len(up) + row for column in columns]
        coloured = [(f"{cells[n]:>{each}}", screen.on(_background(series.values[n], largest))) for n in numbers]
        yield [(f"{up[row]:>{margin}g}", DIM), *coloured]
    yield [(" " * margin + "".join(f"{across[column]:>{each}g}" for column in columns), DIM)]
    yield []


def _thinned(values: Sequence[float], most: int) -> list[int]:
    """Indices of at most ``most`` values, sorted by value: every nth value if more than half of ``most`` remain."""
    order = sorted(range(len(values)), key=values.__getitem__)
    fitting = range(min(len(order), most), max(1, most // 2), -1)
    count = next((count for count in fitting if (len(order) - 1) % (count - 1) == 0), min(len(order), most))
    return [order[round(i * (len(order) - 1) / (count - 1))] for i in range(count)]


def _cells(values: Sequence[float]) -> list[str]:
    """Values with the decimals that give the largest value three digits."""
    largest = max(map(abs, values))
    decimals = max(0, 2 - floor(log10(largest))) if largest else 0
    return [f"{value:z.{decimals}f}" for value in values]


def _background(value: float, largest: float) -> tuple[int, int, int]:
    depth = min(1.0, abs(value) / largest) if largest else 0.0
    red, green, blue = (round(255 + depth * (part - 255)) for part in (_POSITIVE if value >= 0 else _NEGATIVE))
    return red, green, blue
