"""SVG panel of a Greek along the spot, in the colours of the page: light, dark or printed.

A matplotlib figure is twenty times the size, and the text is too small to read on a telephone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from greeks_cli.report.pages.markup import Markup, joined, tag
from greeks_cli.report.series import power_of_ten
from greeks_cli.report.ticks import ticks
from greeks_cli.report.units import superscripted
from greeks_cli.terms.books.book_row import Estimated
from greeks_cli.terms.results.spot_curves import Curve
from greeks_cli.terms.units import Units

_WIDTH, _HEIGHT = 320.0, 196.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 46.0, 306.0, 10.0, 156.0
_CAP = 4.0
"""Half the width of the ends of an error bar."""
_MARGIN = 0.06
"""Share of the height left free above and below the curve."""


@dataclass(frozen=True, slots=True)
class _Scale:
    """Map from data to coordinates of the panel."""

    first: float
    last: float
    bottom: float
    top: float

    def x(self, spot: float) -> float:
        return _LEFT + (_RIGHT - _LEFT) * (spot - self.first) / (self.last - self.first)

    def y(self, value: float) -> float:
        return _BOTTOM - (_BOTTOM - _TOP) * (value - self.bottom) / (self.top - self.bottom)

    def line(self, spots: Sequence[float], values: Sequence[float]) -> str:
        return " ".join(f"{self.x(spot):.1f},{self.y(value):.1f}" for spot, value in zip(spots, values, strict=True))


def panel(
    spots: Sequence[float], curve: Curve, units: Units, today: float, estimate: Estimated, along: str = "spot"
) -> Markup:
    """Panel with a curve, the error band, and the trade's estimate with an error bar at today's spot.

    ``along`` is the name of the spot.
    """
    factors = [units.scale(curve.greek, {along: spot}) for spot in spots]
    lines = [
        [factor * value for factor, value in zip(factors, line, strict=True)]
        for line in (curve.values, curve.low, curve.high)
    ]
    power = power_of_ten(max(map(abs, (*lines[1], *lines[2]))))
    values, low, high = ([value / 10.0**power for value in line] for line in lines)
    ends = (estimate.low - estimate.bias, estimate.value, estimate.high + estimate.bias)
    bar = [value / 10.0**power for value in ends]
    scale = _scale(spots, [*low, *high, *bar])
    unit = superscripted(f"1e{power} {estimate.unit}" if power else estimate.unit)
    method = "Monte Carlo" if curve.simulated else "closed form"
    picture = tag(
        "svg",
        _axes(scale, along),
        tag("line", class_="today", x1=_px(scale.x(today)), x2=_px(scale.x(today)), y1=_TOP, y2=_BOTTOM),
        _band(scale, spots, low, high) if curve.simulated else None,
        tag("polyline", class_="curve", points=scale.line(spots, values)),
        *(_dot(scale, spots[i], values[i], "doubtful") for i in curve.doubtful),
        _estimate(scale, today, bar),
        viewBox=f"0 0 {_WIDTH:g} {_HEIGHT:g}",
        role="img",
        aria_label=f"{estimate.name} along the {along} from {spots[0]:g} to {spots[-1]:g}, {method}",
    )
    caption = tag("figcaption", tag("b", estimate.name), f" {unit}, {method}")
    return tag("figure", caption, picture, class_="panel")


def _scale(spots: Sequence[float], values: Sequence[float]) -> _Scale:
    bottom, top = min(values), max(values)
    if top - bottom <= 1e-9 * max(abs(top), abs(bottom), 1e-300):
        bottom, top = bottom - 0.5 * (abs(bottom) or 1), top + 0.5 * (abs(top) or 1)
    margin = _MARGIN * (top - bottom)
    return _Scale(spots[0], spots[-1], bottom - margin, top + margin)


def _axes(scale: _Scale, along: str) -> Markup:
    across = [tag("text", f"{x:g}", x=_px(scale.x(x)), y=_BOTTOM + 16) for x in ticks(scale.first, scale.last, 4)]
    marks = [(f"{y:g}", _px(scale.y(y))) for y in ticks(scale.bottom, scale.top, 4)]
    grid = [tag("line", x1=_LEFT, x2=_RIGHT, y1=y, y2=y) for _, y in marks]
    up = [tag("text", text, class_="up", x=_LEFT - 6, y=_px(float(y) + 3.5)) for text, y in marks]
    name = tag("text", f"{along} (currency)", x=_px((_LEFT + _RIGHT) / 2), y=_BOTTOM + 33)
    return joined(tag("g", *grid, class_="grid"), tag("g", *across, *up, name, class_="labels"))


def _band(scale: _Scale, spots: Sequence[float], low: Sequence[float], high: Sequence[float]) -> Markup:
    around = f"{scale.line(spots, high)} {scale.line(list(reversed(spots)), list(reversed(low)))}"
    return tag("polygon", class_="band", points=around)


def _estimate(scale: _Scale, spot: float, bar: Sequence[float]) -> Markup:
    """Dot of the estimate, with an error bar from low to high."""
    x, (low, value, high) = scale.x(spot), bar
    stem = f"M{_px(x)},{_px(scale.y(low))}V{_px(scale.y(high))}"
    ends = "".join(f"M{_px(x - _CAP)},{_px(scale.y(end))}h{2 * _CAP:g}" for end in (low, high))
    return joined(tag("path", class_="error-bar", d=stem + ends), _dot(scale, spot, value, "estimate"))


def _dot(scale: _Scale, spot: float, value: float, kind: str) -> Markup:
    return tag("circle", class_=kind, cx=_px(scale.x(spot)), cy=_px(scale.y(value)), r=3)


def _px(number: float) -> str:
    return f"{number:.1f}"
