"""Dots in a terminal: a canvas of braille characters, or of plain ones where there is no Unicode."""

import enum
from collections.abc import Iterator

_BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""Of the dots of a braille character, by row and column."""
_BLANK = 0x2800
_BETWEEN = 4
"""Characters from one cross to the next."""


class Ink(enum.Enum):
    """What a character shows."""

    CURVE = "curve"
    BAND = "band"
    CROSS = "cross"
    NOTHING = "nothing"


class Canvas:
    """A grid of dots, ``across`` x ``down`` to a character; the origin is at the lower left."""

    def __init__(self, width: int, height: int, ascii_only: bool = False):
        self.across, self.down = (1, 1) if ascii_only else (2, 4)
        self._ascii = ascii_only
        self.columns, self.rows = width * self.across, height * self.down
        self._curve: set[tuple[int, int]] = set()
        self._band: set[tuple[int, int]] = set()
        self._crosses: set[tuple[int, int]] = set()

    def curve(self, heights: list[float]) -> None:
        """A line through one height (0 to 1) for every column of dots, without gaps."""
        dots = [self._row(height) for height in heights]
        for column, dot in enumerate(dots):
            before = dots[column - 1] if column else dot
            nearer = before + (dot > before) - (dot < before)
            for row in range(min(nearer, dot), max(nearer, dot) + 1):
                self._curve.add((column, row))

    def band(self, low: list[float], high: list[float]) -> None:
        """Every other dot of every other column between two heights: no line is as thin."""
        for column, ends in enumerate(zip(low, high, strict=True)):
            bottom, top = map(self._row, ends)
            if column % 2 == 0 or self._ascii:
                self._band |= {(column, row) for row in range(bottom, top + 1) if row % 2 == 0 or self._ascii}

    def crosses(self, heights: list[float | None]) -> None:
        """A cross in every fourth character, at a height for every column of dots where there is one."""
        for column in range(_BETWEEN // 2 * self.across, self.columns, _BETWEEN * self.across):
            height = heights[column]
            if height is not None:
                self._crosses.add((column, self._row(height) // self.down * self.down))

    def lines(self) -> Iterator[list[tuple[str, Ink]]]:
        """The characters from top to bottom, each with what it shows."""
        for top in range(self.rows - self.down, -1, -self.down):
            yield [self._character(left, top) for left in range(0, self.columns, self.across)]

    def _row(self, height: float) -> int:
        return round(min(1.0, max(0.0, height)) * (self.rows - 1))

    def _character(self, left: int, bottom: int) -> tuple[str, Ink]:
        cell = {(left + right, bottom + up) for up in range(self.down) for right in range(self.across)}
        if (left, bottom) in self._crosses:
            return "x", Ink.CROSS
        if curve := cell & self._curve:
            return "*" if self._ascii else _braille(curve, left, bottom), Ink.CURVE
        if band := cell & self._band:
            return ":" if self._ascii else _braille(band, left, bottom), Ink.BAND
        return " ", Ink.NOTHING


def _braille(dots: set[tuple[int, int]], left: int, bottom: int) -> str:
    return chr(_BLANK + sum(_BITS[3 - (row - bottom)][column - left] for column, row in dots))
