"""SVG heat map of Greeks by pairs of underlyings: the Hessian, and the derivatives in correlations."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from greeks_cli.report.markup import Markup, tag
from greeks_cli.report.table import estimate_cell, plain
from greeks_cli.terms.book_row import Summed
from greeks_cli.terms.greek import parse_greek
from greeks_cli.terms.nodes import curve_of
from greeks_cli.terms.underlyings import CORRELATION, in_order, underlyings_in

Pair = tuple[str, str]
Cells = Mapping[Pair, tuple[float, float]]
"""The value and the standard error of each pair, in alphabetical order."""

_WIDTH, _HEIGHT, _TOP, _LETTER = 74.0, 34.0, 22.0, 8.5
_LONGEST_NAME, _MOST_WRITTEN = 14, 12
"""Characters of a name, and underlyings with numbers in their cells, at most."""
_DIGITS = 3


@dataclass(frozen=True, slots=True)
class PairMap:
    """Numbers of pairs of underlyings, with a title and a unit."""

    title: str
    unit: str
    names: tuple[str, ...]
    cells: Cells

    def render(self) -> Markup:
        """Figure with a cell for each pair, deeper for larger numbers, in two colours by sign."""
        longest = _LETTER * max(len(_short(name)) for name in self.names)
        left, wide = longest + 12, _WIDTH if self._is_written else longest + 4
        largest = max(abs(value) for value, _ in self.cells.values())
        width, height = left + wide * len(self.names) + 1, _TOP + _HEIGHT * len(self.names) + 1
        picture = tag(
            "svg",
            *(self._name(number, left, wide) for number in range(len(self.names))),
            *(
                self._cell((row, column), left, wide, largest)
                for row in range(len(self.names))
                for column in range(len(self.names))
            ),
            viewBox=f"0 0 {width:.0f} {height:.0f}",
            width=f"{width:.0f}",
            height=f"{height:.0f}",
            role="img",
            aria_label=f"{self.title} by pairs of {', '.join(self.names)}",
        )
        caption = tag("figcaption", tag("b", self.title), f" {self.unit}")
        box = tag("div", picture, class_="scroll", tabindex=0, role="region", aria_label=self.title)
        return tag("figure", caption, box, class_="pairs")

    @property
    def _is_written(self) -> bool:
        return len(self.names) <= _MOST_WRITTEN

    def _name(self, number: int, left: float, wide: float) -> Markup:
        name = _short(self.names[number])
        across = tag("text", name, x=f"{left + wide * (number + 0.5):.1f}", y=_TOP - 8, class_="across")
        up = tag("text", name, x=f"{left - 8:.1f}", y=f"{_TOP + _HEIGHT * (number + 0.5) + 4:.1f}", class_="up")
        return tag("g", across, up, class_="labels")

    def _cell(self, place: tuple[int, int], left: float, wide: float, largest: float) -> Markup | None:
        row, column = place
        pair = in_order(self.names[row], self.names[column])
        if pair not in self.cells:
            return None
        value, stderr = self.cells[pair]
        x, y = left + wide * column, _TOP + _HEIGHT * row
        depth = abs(value) / largest if largest else 0.0
        text = tag("text", plain(value, _DIGITS), x=f"{x + wide / 2:.1f}", y=f"{y + _HEIGHT / 2 + 4:.1f}")
        return tag(
            "g",
            tag("title", f"{self.names[row]}, {self.names[column]}: {estimate_cell(value, stderr)}"),
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


def pair_maps(
    estimates: Iterable[Summed], names: Sequence[str], spots: Mapping[str, float], gammas: Cells | None = None
) -> list[PairMap]:
    """The maps of the estimates that are derivatives in pairs of underlyings; ``gammas`` are more of the Hessian.

    The Hessian is in cash, so that underlyings of different prices compare: times both spots, per 1% of the spot.
    """
    hessian: dict[Pair, tuple[float, float]] = dict(gammas or {})
    correlations: dict[Pair, tuple[float, float]] = {}
    for one in estimates:
        parameters = parse_greek(one.name).parameters if one.name.startswith(("d(", "gamma[")) else ()
        pair = underlyings_in(parameters)
        if [curve_of(name) for name in parameters] == ["spot", "spot"] and pair:
            hessian[in_order(pair[0], pair[-1])] = one.value, one.stderr
        elif [curve_of(name) for name in parameters] == [CORRELATION]:
            correlations[in_order(*pair)] = one.value, one.stderr
    hessian = {pair: numbers for pair, numbers in hessian.items() if set(pair) <= spots.keys()}
    in_cash = {(a, b): _times(numbers, spots[a] * spots[b] / 100) for (a, b), numbers in hessian.items()}
    found = []
    if any(one != other for one, other in in_cash):
        unit = "second derivatives in the spots times both spots: currency per 1% of a spot"
        found.append(PairMap("Hessian in cash", unit, _of(names, in_cash), in_cash))
    if correlations:
        unit = "currency per 1.00 of correlation"
        found.append(PairMap("Correlations", unit, _of(names, correlations), correlations))
    return found


def _times(numbers: tuple[float, float], factor: float) -> tuple[float, float]:
    return numbers[0] * factor, numbers[1] * factor


def _of(names: Sequence[str], cells: Cells) -> tuple[str, ...]:
    """The names that have a cell, in order."""
    having = {name for pair in cells for name in pair}
    return tuple(name for name in names if name in having)
