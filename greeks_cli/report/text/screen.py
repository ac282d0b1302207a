"""Output devices of text: width, colours, characters."""

import textwrap
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

BOLD, DIM, CYAN, YELLOW = "1", "2", "36", "33"
"""Styles of ECMA-48; several are joined by semicolons."""
_WIDE = ("W", "F")
"""Characters of East Asia that take two columns of a terminal."""
_LEVELS = (0, 95, 135, 175, 215, 255)
"""Intensities of the 216 colours that all terminals have."""

Line = list[tuple[str, str]]
"""Runs of text, each with its style."""


@dataclass(frozen=True, slots=True)
class Screen:
    """Output device of text: width in characters (None: no limit), colour, and ASCII or Unicode."""

    width: int | None = None
    colour: bool = False
    ascii_only: bool = False
    true_colour: bool = False
    """True if the screen has all colours, not only 216."""

    def styled(self, text: str, style: str) -> str:
        """The text in a style, where the screen has colour."""
        return f"\x1b[{style}m{text}\x1b[0m" if self.colour and style else text

    def line(self, runs: Iterable[tuple[str, str]]) -> str:
        """A line of text; neighbours of one style are one run."""
        grouped = groupby(runs, key=lambda run: run[1])
        return "".join(self.styled("".join(text for text, _ in same), style) for style, same in grouped)

    def wrapped(self, text: str, otherwise: int | None) -> list[str]:
        """The lines of a text that is as wide as the screen; ``otherwise`` is the width of a screen without a limit."""
        width = self.width or otherwise
        if width is None:
            return text.split("\n")
        parts = (textwrap.wrap(part, width, break_on_hyphens=False) or [""] for part in text.split("\n"))
        return [line for part in parts for line in part]

    def cut(self, text: str, width: int) -> str:
        """The text, cut to a width with a mark at its end."""
        if width_of(text) <= width:
            return text
        while text and width_of(text) >= width:
            text = text[:-1]
        return (text + ("~" if self.ascii_only else "…"))[:width] if width > 0 else ""

    def on(self, colour: tuple[int, int, int]) -> str:
        """The style of black text on a background, whose parts are from 0 to 255."""
        if self.true_colour:
            return "30;48;2;" + ";".join(map(str, colour))
        red, green, blue = (min(range(6), key=lambda level: abs(_LEVELS[level] - part)) for part in colour)
        return f"30;48;5;{16 + 36 * red + 6 * green + blue}"


def width_of(text: str) -> int:
    """The columns that a text takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(1 + (unicodedata.east_asian_width(c) in _WIDE) for c in text if not unicodedata.combining(c))


def fitted(line: Line, width: int) -> Line:
    """A line of narrow characters, cut or filled to a width."""
    found, free = Line(), width
    for text, style in line:
        found.append((text[:free], style))
        free -= len(found[-1][0])
    return [*found, (" " * free, "")]
