"""Profiles in a terminal: curves in braille, heat maps of numbers."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import chain
from math import isnan

from greeks_cli.report.estimate_warnings import estimate_warnings
from greeks_cli.report.headline import profile_headline
from greeks_cli.report.series import Series, axis_label, series_of
from greeks_cli.report.text.braille import Canvas, Ink
from greeks_cli.report.text.heat_map import heat_map
from greeks_cli.report.text.screen import BOLD, CYAN, DIM, YELLOW, Line, Screen, fitted
from greeks_cli.report.text.table import framed
from greeks_cli.report.ticks import ticks
from greeks_cli.terms.greek import Greek
from greeks_cli.terms.results.profile import Profile
from greeks_cli.terms.units import Units

_USUAL_WIDTH, _NARROWEST, _WIDEST, _GAP = 80, 36, 90, 3
_HEIGHT, _HEIGHT_ALONE = 9, 15
"""Rows of a panel, beside other panels and alone."""
_STYLES = {
    Ink.CURVE: f"{BOLD};{CYAN}",
    Ink.BAND: f"{DIM};{CYAN}",
    Ink.CROSS: f"{BOLD};{YELLOW}",
    Ink.NOTHING: "",
}


def plot(profile: Profile, units: Units, greeks: Sequence[Greek], screen: Screen) -> str:
    """Text with panels side by side as the screen's width allows, or heat maps one below the other."""
    width = screen.width or _USUAL_WIDTH
    all_series = [series_of(profile, greek, units) for greek in greeks]
    if len(profile.axes) == 2:
        drawn = chain.from_iterable(heat_map(series, profile, screen, width) for series in all_series)
    else:
        legend = _legend(all_series, profile, width, screen.ascii_only)
        drawn = chain(_curves(all_series, profile, width, screen.ascii_only), legend)
    notes = [*_against_closed_form(all_series), *estimate_warnings(profile, greeks)]
    lines = (screen.line(fitted(line, width)).rstrip() for line in drawn)
    return framed(screen, profile_headline(profile).line, ["", *lines], notes)


def _curves(all_series: Sequence[Series], profile: Profile, width: int, ascii_only: bool) -> Iterator[Line]:
    side_by_side = max(1, min(len(all_series), (width + _GAP) // (_NARROWEST + _GAP)))
    each = min(_WIDEST, (width - _GAP * (side_by_side - 1)) // side_by_side)
    height = _HEIGHT_ALONE if len(all_series) == 1 else _HEIGHT
    panels = [_panel(series, profile, each, height, ascii_only) for series in all_series]
    for first in range(0, len(panels), side_by_side):
        yield from _beside(panels[first : first + side_by_side], each)


def _legend(all_series: Sequence[Series], profile: Profile, width: int, ascii_only: bool) -> list[Line]:
    """Legend: a sample of every mark in the mark's style, with a name; a line for each where one is too long."""
    curve, band = ("**", "::") if ascii_only else ("⠒⠒", "⡂⡂")
    level = f"{100 * profile.results[0].request.simulation.confidence:g}% interval and bias bound"
    entries = [(curve, Ink.CURVE, "Monte Carlo"), (band, Ink.BAND, level)]
    if any(value is not None for series in all_series for value in series.exact):
        entries.append(("x", Ink.CROSS, "closed form"))
    found = [[(mark, _STYLES[ink]), (f" {name}   ", DIM)] for mark, ink, name in entries]
    whole = list(chain.from_iterable(found))
    return [whole] if sum(len(text) for text, _ in whole) <= width else found


def _against_closed_form(all_series: Sequence[Series]) -> list[str]:
    """Note with the largest distance of each curve from the closed form, which a terminal is too coarse to show."""
    gaps = [f"{series.name} {series.largest_z:.1f}" for series in all_series if series.largest_z is not None]
    most = "at most so many standard errors, beyond bias, from the closed form"
    return [f"{most}: {', '.join(gaps)}"] if gaps else []


def _beside(panels: Sequence[list[Line]], width: int) -> Iterator[Line]:
    for parts in zip(*panels, strict=True):
        first, *others = (fitted(part, width) for part in parts)
        yield [*first, *(run for part in others for run in ((" " * _GAP, ""), *part))]
    yield []


def _panel(series: Series, profile: Profile, width: int, height: int, ascii_only: bool) -> list[Line]:
    """Lines of a panel: heading, y axis and curve, x axis, label of the x axis."""
    axis_values = profile.axes[0].values
    bottom, top = _range(series)
    marks = ticks(bottom, top, height // 3)
    margin = max(len(f"{mark:g}") for mark in marks)
    canvas = Canvas(width - margin - 2, height, ascii_only)
    _draw(canvas, series, axis_values, bottom, top)
    at_row = {round((top - mark) / (top - bottom) * (height - 1)): f"{mark:g}" for mark in marks}
    y_line, y_tick, corner, x_line, x_tick = "|++-+" if ascii_only else "│┤└─┬"
    lines: list[Line] = [[(series.name, BOLD), (f"  {series.unit}", "")]]
    for row, characters in enumerate(canvas.lines()):
        label = at_row.get(row, "")
        axis = (f"{label:>{margin}} {y_tick if label else y_line}", DIM)
        lines.append([axis, *((character, _STYLES[ink]) for character, ink in characters)])
    below, labels = _axis(axis_values, width - margin - 2, x_line, x_tick)
    under = [" " * (margin + 1) + corner + below, " " * (margin + 2) + labels, f"{axis_label(profile, 0):>{width}}"]
    return [*lines, *([(text, DIM)] for text in under)]


def _range(series: Series) -> tuple[float, float]:
    """Lowest and highest value drawn; for a constant, half the value is added on either side."""
    drawn = [*series.low, *series.high, *(value for value in series.exact if value is not None)]
    bottom, top = min(drawn), max(drawn)
    if top - bottom <= 1e-12 * max(abs(top), abs(bottom), 1e-300):
        return bottom - 0.5 * (abs(bottom) or 1), top + 0.5 * (abs(top) or 1)
    return bottom, top


def _draw(canvas: Canvas, series: Series, axis_values: Sequence[float], bottom: float, top: float) -> None:
    def heights(values: Sequence[float]) -> list[float]:
        return [(value - bottom) / (top - bottom) for value in _interpolated(axis_values, values, canvas.columns)]

    canvas.band(heights(series.low), heights(series.high))
    canvas.curve(heights(series.values))
    exact = [float("nan") if value is None else value for value in series.exact]
    canvas.crosses([None if isnan(height) else height for height in heights(exact)])


def _interpolated(axis_values: Sequence[float], values: Sequence[float], count: int) -> list[float]:
    """Values at equally spaced points of the axis, by linear interpolation."""
    x, y = zip(*sorted(zip(axis_values, values, strict=True)), strict=True)
    interpolated = []
    for i in range(count):
        at = x[0] + (x[-1] - x[0]) * i / (count - 1)
        right = min(max(1, bisect_right(x, at)), len(x) - 1)
        share = (at - x[right - 1]) / (x[right] - x[right - 1])
        interpolated.append(y[right - 1] + share * (y[right] - y[right - 1]))
    return interpolated


def _axis(axis_values: Sequence[float], width: int, line: str, x_tick: str) -> tuple[str, str]:
    """X axis in two lines: ticks, and labels that do not touch."""
    first, last = min(axis_values), max(axis_values)
    below, labels, free = [line] * width, [" "] * width, 0
    for mark in ticks(first, last, max(2, width // 12)):
        column, text = round((mark - first) / (last - first) * (width - 1)), f"{mark:g}"
        start = min(max(0, column - len(text) // 2), width - len(text))
        if start >= free:
            below[column], free = x_tick, start + len(text) + 1
            labels[start : start + len(text)] = text
    return "".join(below), "".join(labels)
