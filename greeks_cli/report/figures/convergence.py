"""Figure of a convergence study, log-log: errors against paths, and bias against the smoothing width."""

from collections.abc import Iterable
from math import sqrt

from greeks_cli.report.figures.drawing import (
    BIAS,
    ESTIMATE,
    EXACT,
    GUIDE,
    SOBOL,
    Axes,
    Figure,
    Line2D,
    empty_panel,
    legend,
    log_log,
    panel_figure,
    styled,
)
from greeks_cli.report.headline import headline
from greeks_cli.report.units import wrapped_unit
from greeks_cli.terms.results.studies import ConvergenceStudy, Point
from greeks_cli.terms.simulation import Sampler
from greeks_cli.terms.units import Units

_GUIDE_RATIO = 1.6
"""Ratio of the guide to the errors: both lines stay visible."""
_OF_RANDOM, _OF_SOBOL = "standard error, random paths", "standard error, Sobol points"


@styled
def convergence_figure(study: ConvergenceStudy) -> Figure:
    """Figure with a panel of errors per Greek, then a panel of biases per Greek that smoothing changes."""
    request = study.request
    heading = headline(request, request.simulation.paths)
    by_paths, by_width = _greek_names(study.by_paths), _greek_names(study.by_width)
    figure, panels = panel_figure(len(by_paths) + len(by_width), heading.title, heading.seed)
    units = {greek.name: wrapped_unit(Units.RAW.label(greek)) for greek in request.greeks}
    lines: list[Line2D] = []
    for panel, name in zip(panels, by_paths, strict=False):
        lines += _errors(panel, study, name)
        panel.set(title=f"{name}: standard error", xlabel="paths", ylabel=units[name])
    for panel, name in zip(panels[len(by_paths) :], by_width, strict=True):
        lines += _biases(panel, study, name)
        panel.set(title=f"{name}: bias", xlabel="width of a plain softplus (currency)", ylabel=units[name])
    legend(figure, lines)
    return figure


def _errors(panel: Axes, study: ConvergenceStudy, name: str) -> list[Line2D]:
    """Standard errors with a guide of slope -1/2, and distances from the closed form."""
    by_paths, by_sobol = (_points_of(name, points) for points in (study.by_paths, study.by_sobol))
    if not any(point.stderr > 0 for point in by_paths):
        empty_panel(panel, "the same on every path: no error")
        return []
    lines = _standard_errors(panel, study, [(point.paths, point) for point in by_paths], name)
    lines += _line(panel, [(point.paths, point.stderr) for point in by_sobol], SOBOL, _OF_SOBOL, name)
    lines += _distances(panel, [(point.paths, point.error) for point in by_paths])
    if len(by_paths) > 1:
        middle, ends = by_paths[len(by_paths) // 2], (by_paths[0].paths, by_paths[-1].paths)
        guide = [_GUIDE_RATIO * middle.stderr * sqrt(middle.paths / paths) for paths in ends]
        lines += panel.plot(ends, guide, color=GUIDE, linestyle=":", linewidth=1.4, label="slope -1/2")
    log_log(panel)
    return lines


def _biases(panel: Axes, study: ConvergenceStudy, name: str) -> list[Line2D]:
    """Estimates of the bias, standard errors, and distances from the closed form."""
    points = [(point.width or 0.0, point) for point in _points_of(name, study.by_width)]
    if not any(point.bias > 0 for _, point in points):
        empty_panel(panel, "no bias: smoothing changes nothing")
        return []
    lines = _line(panel, [(width, point.bias) for width, point in points], BIAS, "estimate of the bias", name)
    lines += _standard_errors(panel, study, points, name)
    lines += _distances(panel, [(width, point.error) for width, point in points])
    if study.chosen_width:
        label = "width of the automatic rule"
        lines.append(panel.axvline(study.chosen_width, color=GUIDE, linestyle="--", linewidth=1.4, label=label))
    log_log(panel)
    return lines


def _standard_errors(
    panel: Axes, study: ConvergenceStudy, points: Iterable[tuple[float, Point]], name: str
) -> list[Line2D]:
    """Standard errors with the sampler of the request; label and colour agree in all panels, for one legend entry."""
    only_sobol = study.request.simulation.sampler is Sampler.SOBOL
    label, colour = (_OF_SOBOL, SOBOL) if only_sobol else (_OF_RANDOM, ESTIMATE)
    return _line(panel, [(x, point.stderr) for x, point in points], colour, label, name)


def _line(panel: Axes, points: Iterable[tuple[float, float]], colour: str, label: str, name: str) -> list[Line2D]:
    shown = [(x, y) for x, y in points if y > 0]  # 0 has no logarithm
    x, y = zip(*shown, strict=True) if shown else ((), ())
    return panel.plot(x, y, color=colour, marker="o", markersize=5, label=label, gid=f"{name} {label}") if shown else []


def _distances(panel: Axes, points: Iterable[tuple[float, float | None]]) -> list[Line2D]:
    """Hollow marks at the distances from the closed form, where it exists."""
    shown = [(x, error) for x, error in points if error]
    if not shown:
        return []
    x, y = zip(*shown, strict=True)
    label = "distance from the closed form"
    return panel.plot(x, y, marker="D", markersize=5, mfc="none", mec=EXACT, linestyle="", zorder=3, label=label)


def _points_of(name: str, points: Iterable[Point]) -> list[Point]:
    return [point for point in points if point.greek == name]


def _greek_names(points: Iterable[Point]) -> list[str]:
    return list(dict.fromkeys(point.greek for point in points))
