"""SVG heat map of numbers in rows and columns."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

from greeks_cli.report.pages.markup import Markup, tag
from greeks_cli.report.text.table import estimate_cell, plain

Place = tuple[str, str]
"""The names of a row and of a column."""
Cells = Mapping[Place, tuple[float, float]]
"""The value and the standard error at each place that has one."""

_WIDTH, _HEIGHT, _TOP, _LETTER = 74.0, 34.0, 22.0, 8.5
_LONGEST_NAME, _MOST_WRITTEN = 14, 12
"""Characters of a name, and columns with numbers in their cells, at most."""
_DIGITS = 3


@dataclass(frozen=True, slots=True)
class MatrixMap:
    """Numbers in rows and columns, with a title, a unit, and what rows and columns are."""

    title: str
    unit: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: Cells
    of: str

    def render(self) -> Markup:
        """Figure with a cell for each number, deeper for larger numbers, in two colours by sign."""
        left = _LETTER * max(len(_short(name)) for name in self.rows) + 12
        wide = _WIDTH if self._is_written else _LETTER * max(len(_short(name)) for name in self.columns) + 4
        largest = max(abs(value) for value, _ in self.cells.values())
        width, height = left + wide * len(self.columns) + 1, _TOP + _HEIGHT * len(self.rows) + 1
        places = product(range(len(self.rows)), range(len(self.columns)))
        picture = tag(
            "svg",
            self._names(left, wide),
            *(self._cell(place, left, wide, largest) for place in places),
            viewBox=f"0 0 {width:.0f} {height:.0f}",
            width=f"{width:.0f}",
            height=f"{height:.0f}",
            role="img",
            aria_label=f"{self.title} by {self.of}",
        )
        caption = tag("figcaption", tag("b", self.title), f" {self.unit}")
        box = tag("div", picture, class_="scroll", tabindex=0, role="region", aria_label=self.title)
        return tag("figure", caption, box, class_="pairs")

    @property
    def _is_written(self) -> bool:
        return len(self.columns) <= _MOST_WRITTEN

    def _names(self, left: float, wide: float) -> Markup:
        across = (
            tag("text", _short(name), x=f"{left + wide * (number + 0.5):.1f}", y=_TOP - 8, class_="across")
            for number, name in enumerate(self.columns)
        )
        up = (
            tag("text", _short(name), x=f"{left - 8:.1f}", y=f"{_TOP + _HEIGHT * (number + 0.5) + 4:.1f}", class_="up")
            for number, name in enumerate(self.rows)
        )
        return tag("g", *across, *up, class_="labels")

    def _cell(self, place: tuple[int, int], left: float, wide: float, largest: float) -> Markup | None:
        row, column = place
        named = self.rows[row], self.columns[column]
        if named not in self.cells:
            return None
        value, stderr = self.cells[named]
        x, y = left + wide * column, _TOP + _HEIGHT * row
        depth = abs(value) / largest if largest else 0.0
        text = tag("text", plain(value, _DIGITS), x=f"{x + wide / 2:.1f}", y=f"{y + _HEIGHT / 2 + 4:.1f}")
        return tag(
            "g",
            tag("title", f"{', '.join(named)}: {estimate_cell(value, stderr)}"),
            tag(
                "rect",
                x=f"{x:.1f}",
                y=f"{y:.1f}",
                width=f"{wide - 1:.1f}",
                height=_HEIGHT - 1,
                fill_opacity=f"{0.08 + 0.62 * depth:.2f}",
            ),
            text if self._is_written else None,
            class_="above" if value >= 0 else "below",
        )


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
