"""Profiles in a terminal: curves in braille, maps of numbers."""

from bisect import bisect_right
from collections.abc import Sequence
from math import isnan

from rich.console import Group
from rich.text import Text

from greeks_cli.report.braille import Canvas, Ink
from greeks_cli.report.doubts import doubts
from greeks_cli.report.headline import profile_headline
from greeks_cli.report.heat_map import heat_map
from greeks_cli.report.series import Series, axis_label, series_of
from greeks_cli.report.table import Screen, text_of
from greeks_cli.report.ticks import ticks
from greeks_cli.terms.greek import Greek, Units
from greeks_cli.terms.profile import Profile

_USUAL_WIDTH, _NARROWEST, _WIDEST, _GAP = 80, 36, 90, 3
_HEIGHT, _ALONE = 9, 15
"""Rows of a curve; of one that has the screen to itself."""
_STYLES = {
    Ink.CURVE: "not dim bold cyan",
    Ink.BAND: "not bold dim cyan",
    Ink.CROSS: "not dim bold yellow",
    Ink.NOTHING: "",
}


def plot(profile: Profile, units: Units, greeks: Sequence[Greek], screen: Screen) -> str:
    """Curves side by side as the screen's width allows, or maps one below the other."""
    width = screen.width or _USUAL_WIDTH
    found = [series_of(profile, greek, units) for greek in greeks]
    if len(profile.axes) == 2:
        drawn = [heat_map(series, profile, width) for series in found]
    else:
        drawn = [*_curves(found, profile, width, screen.ascii_only), _legend(found, profile, screen.ascii_only)]
    notes = [*_against_closed_form(found), *doubts(profile, greeks)]
    return text_of(screen, profile_headline(profile).line, Group("", *drawn), notes)


def _curves(found: Sequence[Series], profile: Profile, width: int, ascii_only: bool) -> list[Text]:
    side_by_side = max(1, min(len(found), (width + _GAP) // (_NARROWEST + _GAP)))
    each = min(_WIDEST, (width - _GAP * (side_by_side - 1)) // side_by_side)
    height = _ALONE if len(found) == 1 else _HEIGHT
    panels = [_panel(series, profile, each, height, ascii_only) for series in found]
    return [_beside(panels[i : i + side_by_side], each) for i in range(0, len(panels), side_by_side)]


def _legend(found: Sequence[Series], profile: Profile, ascii_only: bool) -> Text:
    """What is drawn how, in the ink it is drawn in."""
    curve, band = ("**", "::") if ascii_only else ("⠒⠒", "⡂⡂")
    level = f"{100 * profile.results[0].request.simulation.confidence:g}% interval and bias bound"
    entries = [(curve, Ink.CURVE, "Monte Carlo"), (band, Ink.BAND, level)]
    if any(value is not None for series in found for value in series.exact):
        entries.append(("x", Ink.CROSS, "closed form"))
    text = Text()
    for mark, ink, name in entries:
        text.append(mark, style=_STYLES[ink]).append(f" {name}   ", style="dim")
    return text


def _against_closed_form(found: Sequence[Series]) -> list[str]:
    """How far the curves are from it at most, which a terminal is too coarse to show."""
    gaps = [f"{series.name} {series.largest_z:.1f}" for series in found if series.largest_z is not None]
    most = "at most so many standard errors, beyond bias, from the closed form"
    return [f"{most}: {', '.join(gaps)}"] if gaps else []


def _beside(panels: Sequence[list[Text]], width: int) -> Text:
    rows = []
    for parts in zip(*panels, strict=True):
        for part in parts:
            part.truncate(width, pad=True)
        rows.append(Text(" " * _GAP).join(parts))
    return Text("\n").join([*rows, Text("")])


def _panel(series: Series, profile: Profile, width: int, height: int, ascii_only: bool) -> list[Text]:
    """Heading, curve with its axis of values, axis of places, and what the latter is."""
    places = profile.axes[0].values
    bottom, top = _range(series)
    marks = ticks(bottom, top, height // 3)
    margin = max(len(f"{mark:g}") for mark in marks)
    canvas = Canvas(width - margin - 2, height, ascii_only)
    _draw(canvas, series, places, bottom, top)
    at_row = {round((top - mark) / (top - bottom) * (height - 1)): f"{mark:g}" for mark in marks}
    wall, tick, corner, floor_, stand = "|++-+" if ascii_only else "│┤└─┬"
    lines = [Text(series.name, style="bold").append(f"  {series.unit}", style="not bold")]
    for row, characters in enumerate(canvas.lines()):
        label = at_row.get(row, "")
        line = Text(f"{label:>{margin}} {tick if label else wall}", style="dim")
        for character, ink in characters:
            line.append(character, style=_STYLES[ink])
        lines.append(line)
    below, labels = _axis(places, width - margin - 2, floor_, stand)
    lines.append(Text(" " * (margin + 1) + corner + below, style="dim"))
    lines.append(Text(" " * (margin + 2) + labels, style="dim"))
    return [*lines, Text(f"{axis_label(profile, 0):>{width}}", style="dim")]


def _range(series: Series) -> tuple[float, float]:
    """From the lowest to the highest of all that is drawn, and a little more where that is one number."""
    drawn = [*series.low, *series.high, *(value for value in series.exact if value is not None)]
    bottom, top = min(drawn), max(drawn)
    if top - bottom <= 1e-12 * max(abs(top), abs(bottom), 1e-300):
        return bottom - 0.5 * (abs(bottom) or 1), top + 0.5 * (abs(top) or 1)
    return bottom, top


def _draw(canvas: Canvas, series: Series, places: Sequence[float], bottom: float, top: float) -> None:
    def heights(values: Sequence[float]) -> list[float]:
        return [(value - bottom) / (top - bottom) for value in _sampled(places, values, canvas.columns)]

    canvas.band(heights(series.low), heights(series.high))
    canvas.curve(heights(series.values))
    known = [float("nan") if value is None else value for value in series.exact]
    canvas.crosses([None if isnan(height) else height for height in heights(known)])


def _sampled(places: Sequence[float], values: Sequence[float], count: int) -> list[float]:
    """Values at equally spaced places, straight between those that are known."""
    known = sorted(zip(places, values, strict=True))
    x, y = [place for place, _ in known], [value for _, value in known]
    found = []
    for i in range(count):
        at = x[0] + (x[-1] - x[0]) * i / (count - 1)
        right = min(max(1, bisect_right(x, at)), len(x) - 1)
        share = (at - x[right - 1]) / (x[right] - x[right - 1])
        found.append(y[right - 1] + share * (y[right] - y[right - 1]))
    return found


def _axis(places: Sequence[float], width: int, line: str, stand: str) -> tuple[str, str]:
    """The line below a curve with its marks, and their numbers, none of which touch."""
    first, last = min(places), max(places)
    below, labels, free = [line] * width, [" "] * width, 0
    for mark in ticks(first, last, max(2, width // 12)):
        column, text = round((mark - first) / (last - first) * (width - 1)), f"{mark:g}"
        start = min(max(0, column - len(text) // 2), width - len(text))
        if start >= free:
            below[column], free = stand, start + len(text) + 1
            labels[start : start + len(text)] = text
    return "".join(below), "".join(labels)
