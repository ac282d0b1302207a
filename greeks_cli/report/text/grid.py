"""Tables of text: columns as wide as their cells, and a rule below the headings."""

from collections.abc import Collection, Iterator, Sequence

from greeks_cli.report.text.screen import BOLD, CYAN, Screen, width_of

_NARROWEST = 8
"""Width to which the first column shrinks before other cells are cut."""


class Grid:
    """Rows of cells below headings: names on the left, numbers aligned to the right."""

    def __init__(self, headings: Sequence[str], left: Collection[str] = (), folds: bool = False):
        """``left`` are headings of columns of text besides the first, which is folded or cut on a narrow screen."""
        self._rows = [tuple(headings)]
        self._is_left = [i == 0 or heading in left for i, heading in enumerate(headings)]
        self._folds = folds

    def add(self, *cells: str) -> None:
        """Add a row."""
        self._rows.append(cells)

    @property
    def width(self) -> int:
        """The columns of a terminal that the table takes where nothing is cut."""
        return _of_line(self._natural)

    @property
    def _natural(self) -> list[int]:
        return [max(map(width_of, column)) for column in zip(*self._rows, strict=True)]

    def lines(self, screen: Screen) -> Iterator[str]:
        """The lines of the table on a screen."""
        widths = _shrunk(self._natural, screen.width)
        edge, between, rule = ("|", " | ", "-+-") if screen.ascii_only else (" ", "   ", "───")
        outside = f"+{'-' * (_of_line(widths) - 2)}+" if screen.ascii_only else " " * _of_line(widths)
        yield outside
        for number, row in enumerate(self._rows):
            for cells in self._folded(row, widths, screen):
                first, *others = (_aligned(*one) for one in zip(cells, widths, self._is_left, strict=True))
                style = "" if number else BOLD
                shown = [screen.styled(first, style or CYAN), *(screen.styled(cell, style) for cell in others)]
                yield f"{edge}{between.join(shown)}{edge}"
            if number == 0:
                yield f"{edge}{rule.join(rule[0] * width for width in widths)}{edge}"
        yield outside

    def _folded(self, row: Sequence[str], widths: Sequence[int], screen: Screen) -> Iterator[list[str]]:
        """The lines of a row: one, or as many as its first cell is folded into."""
        first, width = row[0], max(1, widths[0])
        pieces = [first[start : start + width] for start in range(0, len(first), width)] if self._folds else []
        rest = [screen.cut(cell, room) for cell, room in zip(row[1:], widths[1:], strict=True)]
        for number, piece in enumerate(pieces or [screen.cut(first, widths[0])]):
            yield [piece, *(rest if number == 0 else [""] * len(rest))]


def _of_line(widths: Sequence[int]) -> int:
    return sum(widths) + 3 * (len(widths) - 1) + 2


def _shrunk(widths: list[int], most: int | None) -> list[int]:
    """Widths of columns that fit the screen: the first shrinks first, then the widest."""
    excess = 0 if most is None else _of_line(widths) - most
    if excess <= 0:
        return widths
    first = max(min(widths[0], _NARROWEST), widths[0] - excess)
    found = [first, *widths[1:]]
    for _ in range(excess - (widths[0] - first)):
        widest = max(range(len(found)), key=found.__getitem__)
        found[widest] = max(0, found[widest] - 1)
    return found


def _aligned(text: str, width: int, is_left: bool) -> str:
    space = " " * (width - width_of(text))
    return text + space if is_left else space + text
