"""Greeks over two parameters."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from greeks_cli.report.drawing import (
    BOTH_SIGNS,
    EXACT,
    INK,
    ONE_SIGN,
    Axes,
    CenteredNorm,
    Figure,
    Line2D,
    Normalize,
    legend,
    paper,
    styled,
)
from greeks_cli.report.headline import profile_headline
from greeks_cli.report.series import Series, axis_label, series_of
from greeks_cli.terms.greek import Greek, Units
from greeks_cli.terms.profile import Profile

_LEVELS = 7


@styled
def surfaces(profile: Profile, units: Units, greeks: Sequence[Greek]) -> Figure:
    """A map for each Greek, with contours of the estimates and, dashed, of the closed form."""
    request = profile.results[0].request
    figure, panels = paper(len(greeks), profile_headline(profile), f"seed {request.simulation.seed}")
    found = [series_of(profile, greek, units) for greek in greeks]
    for panel, series in zip(panels, found, strict=True):
        _map(figure, panel, series, profile)
        panel.set_xlabel(axis_label(profile, 0))
        panel.set_ylabel(axis_label(profile, 1))
    handles = [Line2D([], [], color=INK, linewidth=1, label="Monte Carlo")]
    if any(value is not None for series in found for value in series.exact):
        handles.append(Line2D([], [], color=EXACT, linestyle="--", linewidth=1.2, label="closed form"))
    legend(figure, handles)
    return figure


def _map(figure: Figure, panel: Axes, series: Series, profile: Profile) -> None:
    x, y = (np.array(axis.values) for axis in profile.axes)
    values = _grid(series.values, profile)
    mixed = values.min() < 0 < values.max()
    norm = CenteredNorm() if mixed else Normalize()
    colours = panel.pcolormesh(
        x, y, values, cmap=BOTH_SIGNS if mixed else ONE_SIGN, norm=norm, shading="gouraud", rasterized=True
    )
    if values.min() < values.max():
        drawn = panel.contour(x, y, values, _LEVELS, colors=INK, linewidths=1, linestyles="solid")
        panel.clabel(drawn, fontsize=7)
        exact = _grid([np.nan if value is None else value for value in series.exact], profile)
        if np.isfinite(exact).any():
            panel.contour(x, y, np.ma.masked_invalid(exact), drawn.levels, colors=EXACT, linewidths=1.2, linestyles="dashed")
    panel.set_title(f"{series.name}")
    panel.grid(visible=False)
    bar = figure.colorbar(colours, ax=panel, label=series.unit)
    bar.outline.set_visible(False)


def _grid(values: Sequence[float], profile: Profile) -> NDArray[np.float64]:
    """As matplotlib wants it: the first axis runs along a row."""
    return np.array(values).reshape([len(axis.values) for axis in profile.axes]).T
