"""Greeks along one parameter."""

from collections.abc import Sequence

from greeks_cli.report.drawing import (
    ESTIMATE,
    EXACT,
    Axes,
    Figure,
    Line2D,
    Patch,
    doubt_marks,
    few_numbers,
    legend,
    paper,
    styled,
)
from greeks_cli.report.headline import profile_headline
from greeks_cli.report.series import Series, axis_label, series_of
from greeks_cli.report.units import upright
from greeks_cli.terms.greek import Greek, Units
from greeks_cli.terms.profile import Profile


@styled
def curves(profile: Profile, units: Units, greeks: Sequence[Greek]) -> Figure:
    """A panel for each Greek: estimates with their band, the closed form over them where it is known."""
    words, simulation = profile_headline(profile), profile.results[0].request.simulation
    figure, panels = paper(len(greeks), words.title, words.seed)
    found = [series_of(profile, greek, units) for greek in greeks]
    doubtful: list[Line2D] = []
    for panel, series in zip(panels, found, strict=True):
        doubtful += _curve(panel, series, profile.axes[0].values)
        panel.set_xlabel(axis_label(profile, 0))
    level = f"{100 * simulation.confidence:g}% interval and bias bound"
    handles: list[Line2D | Patch] = [
        Line2D([], [], color=ESTIMATE, label="Monte Carlo"),
        Patch(color=ESTIMATE, alpha=0.25, linewidth=0, label=level),
    ]
    if any(value is not None for series in found for value in series.exact):
        handles.append(Line2D([], [], color=EXACT, linestyle=(0, (4, 3)), linewidth=1.4, label="closed form"))
    legend(figure, [*handles, *doubtful])
    return figure


def _curve(panel: Axes, series: Series, places: Sequence[float]) -> list[Line2D]:
    order = sorted(range(len(places)), key=places.__getitem__)
    x = [places[i] for i in order]
    panel.fill_between(
        x,
        [series.low[i] for i in order],
        [series.high[i] for i in order],
        color=ESTIMATE,
        alpha=0.25,
        linewidth=0,
    )
    panel.plot(x, [series.values[i] for i in order], color=ESTIMATE, gid=f"{series.name} estimate")
    known = [float("nan") if value is None else value for value in series.exact]
    exact = [known[i] for i in order]
    panel.plot(x, exact, color=EXACT, linestyle=(0, (4, 3)), linewidth=1.4, gid=f"{series.name} exact")
    panel.set_title(series.name)
    panel.set_ylabel(upright(series.unit))
    panel.margins(x=0.02)
    few_numbers(panel)
    return doubt_marks(panel, [(places[i], series.values[i]) for i in series.doubtful])
