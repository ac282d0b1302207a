"""Figure of a profile: curves along one axis, maps over two."""

from collections.abc import Sequence

from greeks_cli.report.figures.curves import curves
from greeks_cli.report.figures.drawing import Figure
from greeks_cli.report.figures.surfaces import surfaces
from greeks_cli.terms.greek import Greek
from greeks_cli.terms.results.profile import Profile
from greeks_cli.terms.units import Units


def figure_of(profile: Profile, units: Units = Units.RAW, greeks: Sequence[Greek] | None = None) -> Figure:
    """Figure with a panel per Greek (default: all of the profile); ``drawing.inline_svg`` embeds it in HTML."""
    shown = profile.greeks if greeks is None else greeks
    return (curves if len(profile.axes) == 1 else surfaces)(profile, units, shown)
