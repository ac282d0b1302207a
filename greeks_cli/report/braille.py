"""Dots in a terminal: a canvas of braille characters, or of plain ones where there is no Unicode."""

from collections.abc import Iterator

_BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""Of the dots of a braille character, by row and column."""
_BLANK = 0x2800


class Canvas:
    """A grid of dots, ``across`` x ``down`` to a character; the origin is at the lower left."""

    def __init__(self, width: int, height: int, ascii_only: bool = False):
        self.across, self.down = (1, 1) if ascii_only else (2, 4)
        self._ascii = ascii_only
        self.columns, self.rows = width * self.across, height * self.down
        self._curve: set[tuple[int, int]] = set()
        self._band: set[tuple[int, int]] = set()

    def curve(self, heights: list[float]) -> None:
        """A line through one height (0 to 1) for every column of dots, without gaps."""
        dots = [self._row(height) for height in heights]
        for column, dot in enumerate(dots):
            before = dots[column - 1] if column else dot
            nearer = before + (dot > before) - (dot < before)
            for row in range(min(nearer, dot), max(nearer, dot) + 1):
                self._curve.add((column, row))

    def band(self, low: list[float], high: list[float]) -> None:
        """Every other dot between two heights for every column."""
        for column, ends in enumerate(zip(low, high, strict=True)):
            bottom, top = map(self._row, ends)
            self._band |= {(column, row) for row in range(bottom, top + 1) if (column + row) % 2 == 0 or self._ascii}

    def lines(self) -> Iterator[str]:
        """From top to bottom."""
        for top in range(self.rows - self.down, -1, -self.down):
            yield "".join(self._character(left, top) for left in range(0, self.columns, self.across))

    def _row(self, height: float) -> int:
        return round(min(1.0, max(0.0, height)) * (self.rows - 1))

    def _character(self, left: int, bottom: int) -> str:
        if self._ascii:
            return "*" if (left, bottom) in self._curve else ":" if (left, bottom) in self._band else " "
        dots = self._curve | self._band
        bits = (
            _BITS[self.down - 1 - up][right]
            for up in range(self.down)
            for right in range(self.across)
            if (left + right, bottom + up) in dots
        )
        code = sum(bits)
        return chr(_BLANK + code) if code else " "
