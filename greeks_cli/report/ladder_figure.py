"""How errors fall with paths, and how bias grows with the width of the smoothing: log-log."""

from collections.abc import Iterable
from math import sqrt

from greeks_cli.report.drawing import (
    BIAS,
    ESTIMATE,
    EXACT,
    GUIDE,
    SOBOL,
    Axes,
    Figure,
    Line2D,
    legend,
    log_log,
    nothing_to_show,
    paper,
    styled,
)
from greeks_cli.report.headline import headline
from greeks_cli.report.units import upright
from greeks_cli.terms.greek import Units
from greeks_cli.terms.simulation import Sampler
from greeks_cli.terms.studies import Ladder, Point

_ABOVE = 1.6
"""How far above the errors their guide is drawn, so that both can be seen."""
_OF_RANDOM, _OF_SOBOL = "standard error, random paths", "standard error, Sobol points"


@styled
def ladder_figure(ladder: Ladder) -> Figure:
    """A panel of errors for every Greek, then one of biases for those that smoothing reaches."""
    request = ladder.request
    words = headline(request, request.simulation.paths)
    by_paths, by_width = _names(ladder.by_paths), _names(ladder.by_width)
    figure, panels = paper(len(by_paths) + len(by_width), words.title, words.seed)
    units = {greek.name: upright(Units.RAW.label(greek)) for greek in request.greeks}
    lines: list[Line2D] = []
    for panel, name in zip(panels, by_paths, strict=False):
        lines += _errors(panel, ladder, name)
        panel.set(title=f"{name}: standard error", xlabel="paths", ylabel=units[name])
    for panel, name in zip(panels[len(by_paths) :], by_width, strict=True):
        lines += _biases(panel, ladder, name)
        panel.set(title=f"{name}: bias", xlabel="width of a plain softplus (currency)", ylabel=units[name])
    legend(figure, lines)
    return figure


def _errors(panel: Axes, ladder: Ladder, name: str) -> list[Line2D]:
    """Standard errors beside their guide, and how far off each estimate is."""
    ours, sobol = (_of(name, points) for points in (ladder.by_paths, ladder.by_sobol))
    if not any(point.stderr > 0 for point in ours):
        nothing_to_show(panel, "the same on every path: no error")
        return []
    lines = _noise(panel, ladder, [(point.paths, point) for point in ours], name)
    lines += _line(panel, [(point.paths, point.stderr) for point in sobol], SOBOL, _OF_SOBOL, name)
    lines += _distances(panel, [(point.paths, point.error) for point in ours])
    if len(ours) > 1:
        middle, ends = ours[len(ours) // 2], (ours[0].paths, ours[-1].paths)
        guide = [_ABOVE * middle.stderr * sqrt(middle.paths / paths) for paths in ends]
        lines += panel.plot(ends, guide, color=GUIDE, linestyle=":", linewidth=1.4, label="slope -1/2")
    log_log(panel)
    return lines


def _biases(panel: Axes, ladder: Ladder, name: str) -> list[Line2D]:
    """The estimate of the bias beside the noise and, where the closed form is known, the distance from it."""
    points = [(point.width or 0.0, point) for point in _of(name, ladder.by_width)]
    if not any(point.bias > 0 for _, point in points):
        nothing_to_show(panel, "no bias: smoothing changes nothing")
        return []
    lines = _line(panel, [(width, point.bias) for width, point in points], BIAS, "estimate of the bias", name)
    lines += _noise(panel, ladder, points, name)
    lines += _distances(panel, [(width, point.error) for width, point in points])
    if ladder.chosen_width:
        label = "width of the automatic rule"
        lines.append(panel.axvline(ladder.chosen_width, color=GUIDE, linestyle="--", linewidth=1.4, label=label))
    log_log(panel)
    return lines


def _noise(panel: Axes, ladder: Ladder, points: Iterable[tuple[float, Point]], name: str) -> list[Line2D]:
    """Standard errors on the points that the request asks for, which look the same in both studies."""
    only_sobol = ladder.request.simulation.sampler is Sampler.SOBOL
    label, colour = (_OF_SOBOL, SOBOL) if only_sobol else (_OF_RANDOM, ESTIMATE)
    return _line(panel, [(x, point.stderr) for x, point in points], colour, label, name)


def _line(panel: Axes, found: Iterable[tuple[float, float]], colour: str, label: str, name: str) -> list[Line2D]:
    shown = [(x, y) for x, y in found if y > 0]  # there is no logarithm of 0
    x, y = zip(*shown, strict=True) if shown else ((), ())
    return panel.plot(x, y, color=colour, marker="o", markersize=5, label=label, gid=f"{name} {label}") if shown else []


def _distances(panel: Axes, found: Iterable[tuple[float, float | None]]) -> list[Line2D]:
    """Hollow marks where the closed form is known."""
    known = [(x, error) for x, error in found if error]
    if not known:
        return []
    x, y = zip(*known, strict=True)
    label = "distance from the closed form"
    return panel.plot(x, y, marker="D", markersize=5, mfc="none", mec=EXACT, linestyle="", zorder=3, label=label)


def _of(name: str, points: Iterable[Point]) -> list[Point]:
    return [point for point in points if point.greek == name]


def _names(points: Iterable[Point]) -> list[str]:
    return list(dict.fromkeys(point.greek for point in points))
