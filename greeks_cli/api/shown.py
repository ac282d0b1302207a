"""Answers that print as the command line prints them, show as HTML in a notebook, and turn into frames."""

import shutil
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from greeks_cli.api.frames import frame_of
from greeks_cli.report.pages.markup import Markup, tag
from greeks_cli.report.text.screen import Screen


@dataclass(frozen=True)
class HtmlTable:
    """A table with a title and notes, as a notebook shows it."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()

    def render(self) -> Markup:
        """The HTML, in which every text is escaped."""
        head = tag("tr", *(tag("th", name) for name in self.columns))
        body = [tag("tr", tag("th", first), *(tag("td", cell) for cell in rest)) for first, *rest in self.rows]
        notes = [tag("p", note) for note in self.notes]
        table = tag("table", tag("thead", head), tag("tbody", *body), class_="dataframe", border="0")
        return tag("div", tag("p", tag("strong", self.title)), table, *notes)


class Shown(ABC):
    """Answer with a text, a page and rows."""

    notes: tuple[str, ...]

    @abstractmethod
    def text(self, screen: Screen) -> str:
        """The table for a screen, as the command prints it."""

    @abstractmethod
    def rows(self) -> list[dict[str, Any]]:
        """Rows of plain values, one for each estimate."""

    @abstractmethod
    def _html(self) -> HtmlTable:
        """The table for a notebook."""

    def __str__(self) -> str:
        notes = "".join(f"note: {note}\n" for note in self.notes)
        return (self.text(_screen()) + notes).removesuffix("\n")

    def _repr_html_(self) -> str:
        return self._html().render()

    def to_frame(self, library: str = "pandas") -> Any:
        """The rows as a frame of ``pandas``, ``polars`` or ``arrow``. Raises MissingExtra without the library."""
        return frame_of(self.rows(), library)


def _screen() -> Screen:
    """A screen as wide as the terminal, where there is one."""
    if sys.stdout is not None and sys.stdout.isatty():
        return Screen(shutil.get_terminal_size().columns)
    return Screen()


def cells(row: Mapping[str, Any]) -> list[str]:
    """The values of a row as texts; nothing where there is none."""
    return [
        "" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value) for value in row.values()
    ]
