"""Figure of Greeks along one parameter."""

from collections.abc import Sequence

from greeks_cli.report.figures.drawing import (
    ESTIMATE,
    EXACT,
    Axes,
    Figure,
    Line2D,
    Patch,
    doubtful_marks,
    legend,
    panel_figure,
    space_x_ticks,
    styled,
)
from greeks_cli.report.headline import profile_headline
from greeks_cli.report.series import Series, axis_label, series_of
from greeks_cli.report.units import wrapped_unit
from greeks_cli.terms.greek import Greek
from greeks_cli.terms.results.profile import Profile
from greeks_cli.terms.units import Units


@styled
def curves(profile: Profile, units: Units, greeks: Sequence[Greek]) -> Figure:
    """Figure with a panel per Greek: estimates with an error band, and the closed form where it exists."""
    heading, simulation = profile_headline(profile), profile.results[0].request.simulation
    figure, panels = panel_figure(len(greeks), heading.title, heading.seed)
    all_series = [series_of(profile, greek, units) for greek in greeks]
    doubtful: list[Line2D] = []
    for panel, series in zip(panels, all_series, strict=True):
        doubtful += _curve(panel, series, profile.axes[0].values)
        panel.set_xlabel(axis_label(profile, 0))
    level = f"{100 * simulation.confidence:g}% interval and bias bound"
    handles: list[Line2D | Patch] = [
        Line2D([], [], color=ESTIMATE, label="Monte Carlo"),
        Patch(color=ESTIMATE, alpha=0.25, linewidth=0, label=level),
    ]
    if any(value is not None for series in all_series for value in series.exact):
        handles.append(Line2D([], [], color=EXACT, linestyle=(0, (4, 3)), linewidth=1.4, label="closed form"))
    legend(figure, [*handles, *doubtful])
    return figure


def _curve(panel: Axes, series: Series, axis_values: Sequence[float]) -> list[Line2D]:
    order = sorted(range(len(axis_values)), key=axis_values.__getitem__)
    x = [axis_values[i] for i in order]
    panel.fill_between(
        x,
        [series.low[i] for i in order],
        [series.high[i] for i in order],
        color=ESTIMATE,
        alpha=0.25,
        linewidth=0,
    )
    panel.plot(x, [series.values[i] for i in order], color=ESTIMATE, gid=f"{series.name} estimate")
    exact = [float("nan") if value is None else value for value in series.exact]
    panel.plot(
        x, [exact[i] for i in order], color=EXACT, linestyle=(0, (4, 3)), linewidth=1.4, gid=f"{series.name} exact"
    )
    panel.set_title(series.name)
    panel.set_ylabel(wrapped_unit(series.unit))
    panel.margins(x=0.02)
    space_x_ticks(panel)
    return doubtful_marks(panel, [(axis_values[i], series.values[i]) for i in series.doubtful])
