"""Figure of early exercise: the boundary, and the probability of exercise at each date."""

from greeks_cli.report.figures.drawing import ESTIMATE, Figure, empty_panel, panel_figure, space_x_ticks, styled
from greeks_cli.report.headline import headline
from greeks_cli.terms.request import Request
from greeks_cli.terms.results.result import ExerciseLaw


@styled
def exercise_figure(request: Request, law: ExerciseLaw) -> Figure:
    """Figure with two panels over time."""
    heading = headline(request, 0)
    figure, (boundary, probability) = panel_figure(2, (heading.contract, heading.market), heading.seed)
    known = [(date.time, date.boundary) for date in law.dates if date.boundary is not None]
    if known:
        boundary.plot(*zip(*known, strict=True), color=ESTIMATE, marker="o", markersize=3, gid="boundary")
        space_x_ticks(boundary)
    else:
        empty_panel(boundary, "no path tells the boundary")
    boundary.set(title="exercise boundary", xlabel="time (years)", ylabel="spot (currency)")
    times, shares = [date.time for date in law.dates], [date.probability for date in law.dates]
    probability.vlines(times, 0, shares, color=ESTIMATE, gid="probability")
    probability.set(title="probability of exercise", xlabel="time (years)", ylabel="probability", ylim=(0, None))
    space_x_ticks(probability)
    return figure
