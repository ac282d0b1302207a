"""Canvas for curves in a terminal: braille characters, or ASCII where there is no Unicode."""

import enum
from collections.abc import Iterator

_BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""Bits of the dots of a braille character, by row and column."""
_BLANK = 0x2800
_CROSS_SPACING = 4
"""Characters from one cross to the next."""


class Ink(enum.Enum):
    """Kind of mark that a character shows."""

    CURVE = "curve"
    BAND = "band"
    CROSS = "cross"
    NOTHING = "nothing"


class Canvas:
    """Grid of dots, ``across`` x ``down`` per character; the origin is at the lower left."""

    def __init__(self, width: int, height: int, ascii_only: bool = False):
        self.across, self.down = (1, 1) if ascii_only else (2, 4)
        self._ascii = ascii_only
        self.columns, self.rows = width * self.across, height * self.down
        self._curve: set[tuple[int, int]] = set()
        self._band: set[tuple[int, int]] = set()
        self._crosses: set[tuple[int, int]] = set()

    def curve(self, heights: list[float]) -> None:
        """Draw a line without gaps through one height (0 to 1) per column of dots."""
        dots = [self._row(height) for height in heights]
        for column, dot in enumerate(dots):
            before = dots[column - 1] if column else dot
            nearer = before + (dot > before) - (dot < before)
            for row in range(min(nearer, dot), max(nearer, dot) + 1):
                self._curve.add((column, row))

    def band(self, low: list[float], high: list[float]) -> None:
        """Shade between two heights: every other dot of every other column, sparser than any line."""
        for column, ends in enumerate(zip(low, high, strict=True)):
            bottom, top = map(self._row, ends)
            if column % 2 == 0 or self._ascii:
                self._band |= {(column, row) for row in range(bottom, top + 1) if row % 2 == 0 or self._ascii}

    def crosses(self, heights: list[float | None]) -> None:
        """Draw a cross in every fourth character, at the height of the column of dots; None leaves the cross out."""
        for column in range(_CROSS_SPACING // 2 * self.across, self.columns, _CROSS_SPACING * self.across):
            height = heights[column]
            if height is not None:
                self._crosses.add((column, self._row(height) // self.down * self.down))

    def lines(self) -> Iterator[list[tuple[str, Ink]]]:
        """Lines from top to bottom: each character with the ink."""
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
