"""Figure of Greeks over two parameters."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greeks_cli.report.figures.drawing import (
    BOTH_SIGNS,
    EXACT,
    HALO,
    INK,
    ONE_SIGN,
    Axes,
    CenteredNorm,
    ContourSet,
    Figure,
    Line2D,
    MaxNLocator,
    Normalize,
    doubtful_marks,
    legend,
    panel_figure,
    space_x_ticks,
    styled,
)
from greeks_cli.report.headline import profile_headline
from greeks_cli.report.series import Series, axis_label, series_of
from greeks_cli.report.text.table import plain
from greeks_cli.report.units import wrapped_unit
from greeks_cli.terms.greek import Greek
from greeks_cli.terms.results.profile import Profile
from greeks_cli.terms.units import Units

_LEVELS = 7
_MARGIN = 0.06
_NOISE = 0.03
"""Share of the largest value below which a value may be noise."""


@styled
def surfaces(profile: Profile, units: Units, greeks: Sequence[Greek]) -> Figure:
    """Figure with a map per Greek, with contours of the estimates and, dashed, of the closed form."""
    heading = profile_headline(profile)
    figure, panels = panel_figure(len(greeks), heading.title, heading.seed)
    lines: list[Line2D] = []
    for panel, greek in zip(panels, greeks, strict=True):
        series = series_of(profile, greek, units)
        lines += _map(figure, panel, series, profile)
        panel.set_xlabel(f"{axis_label(profile, 0)}\nstandard error up to {plain(max(series.stderr), 2)}")
        panel.set_ylabel(axis_label(profile, 1))
    legend(figure, lines)
    return figure


def _map(figure: Figure, panel: Axes, series: Series, profile: Profile) -> list[Line2D]:
    """Draw a map; return the legend's handles of contours and doubtful points. A flat map has no contours."""
    x, y = (np.array(axis.values) for axis in profile.axes)
    values = _grid(series.values, profile)
    colours = panel.pcolormesh(x, y, values, **_colours(values), shading="gouraud", rasterized=True)
    panel.set_title(series.name)
    panel.grid(visible=False)
    space_x_ticks(panel)
    bar = figure.colorbar(colours, ax=panel, label=wrapped_unit(series.unit))
    bar.outline.set_visible(False)
    doubtful = doubtful_marks(panel, [(x[number // len(y)], y[number % len(y)]) for number in series.doubtful])
    return [*_contours(panel, series, profile, values), *doubtful]


def _contours(panel: Axes, series: Series, profile: Profile, values: NDArray[np.float64]) -> list[Line2D]:
    """Contours of the estimates, and of the closed form at the same levels."""
    x, y = (axis.values for axis in profile.axes)
    levels, lines = _levels(values), []
    if len(levels):
        drawn = panel.contour(x, y, values, levels, colors=INK, linewidths=1, linestyles="solid")
        drawn.set_gid(f"{series.name} estimate")
        _label(panel, drawn)
        lines.append(Line2D([], [], color=INK, linewidth=1, label="Monte Carlo"))
    exact = np.ma.masked_invalid(_grid([np.nan if value is None else value for value in series.exact], profile))
    levels = levels[(levels > exact.min()) & (levels < exact.max())] if exact.count() else levels[:0]
    if len(levels):
        panel.contour(x, y, exact, levels, colors=EXACT, linewidths=1.2, linestyles="dashed")
        lines.append(Line2D([], [], color=EXACT, linestyle="--", linewidth=1.2, label="closed form"))
    return lines


def _colours(values: NDArray[np.float64]) -> dict[str, Any]:
    """Colour map, deeper for larger values; two colours that meet at 0 where both signs occur."""
    if min(-values.min(), values.max()) > _NOISE * np.abs(values).max():
        return {"cmap": BOTH_SIGNS, "norm": CenteredNorm()}
    return {"cmap": ONE_SIGN if values.max() > -values.min() else f"{ONE_SIGN}_r", "norm": Normalize()}


def _levels(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Round levels well inside the range: at the ends of the range, contours follow the noise."""
    low, high = values.min(), values.max()
    edge = _NOISE * (high - low)
    ticks = MaxNLocator(_LEVELS).tick_values(low, high) if low < high else np.empty(0)
    return ticks[(ticks > low + edge) & (ticks < high - edge)]


def _label(panel: Axes, drawn: ContourSet) -> None:
    """Labels on the contours, except labels that the edge of the map cuts."""
    for text in panel.clabel(drawn, fontsize=7.5, fmt="%g", inline=False):
        text.set_path_effects([HALO])
        across, up = panel.transAxes.inverted().transform(panel.transData.transform(text.get_position()))
        text.set_visible(min(across, up, 1 - across, 1 - up) > _MARGIN)


def _grid(values: Sequence[float], profile: Profile) -> NDArray[np.float64]:
    """Values as matplotlib expects them: the first axis runs along a row."""
    return np.array(values).reshape([len(axis.values) for axis in profile.axes]).T
