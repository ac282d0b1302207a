"""Formats of a profile."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from typing import Any

from greeks_cli import __version__
from greeks_cli.report.estimate_warnings import estimate_warnings
from greeks_cli.report.headline import profile_headline
from greeks_cli.report.rows import NAMES, columns_of, rows, written
from greeks_cli.report.text.grid import Grid
from greeks_cli.report.text.screen import Screen
from greeks_cli.report.text.table import estimate_cell, text_of
from greeks_cli.terms.greek import Greek
from greeks_cli.terms.results.profile import Profile
from greeks_cli.terms.units import Units


def render(profile: Profile, form: str, units: Units, drawn: Sequence[Greek], screen: Screen) -> str | bytes:
    """Content of a profile in a format; plots and pictures show the Greeks ``drawn``, other formats show all Greeks."""
    match form:
        case "table":
            return _table(profile, units, screen)
        case "csv":
            return _csv(profile, units)
        case "json":
            return json.dumps(_document(profile, units), indent=2, allow_nan=False) + "\n"
        case "plot":
            from greeks_cli.report.text.plots import plot

            return plot(profile, units, drawn, screen)
    from greeks_cli.report.figures.drawing import image, inline_svg
    from greeks_cli.report.figures.profile import figure_of
    from greeks_cli.report.pages.figure_page import figure_page

    figure = figure_of(profile, units, drawn)
    if form == "html":
        names, over = ", ".join(greek.name for greek in drawn), " and ".join(axis.name for axis in profile.axes)
        contract = profile_headline(profile).contract
        return figure_page(f"{names} over {over}", contract, inline_svg(figure), list(profile_lines(profile, units)))
    return image(figure, form)


def profile_lines(profile: Profile, units: Units) -> Iterator[dict[str, Any]]:
    """Row of ``price`` for every point and Greek, with the parameters in front."""
    for place, result in profile.points():
        for row in rows(result, units):
            yield {_column(name): value for name, value in place.items()} | written(row)


def _column(name: str) -> str:
    """Column of a parameter; a formula's parameter with the name of another column gets a prefix."""
    return f"over_{name}" if name in NAMES else name


def _csv(profile: Profile, units: Units) -> str:
    text = io.StringIO()
    lines = list(profile_lines(profile, units))
    axes = (_column(axis.name) for axis in profile.axes)
    writer = csv.DictWriter(text, [*axes, *columns_of(lines)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue()


def _document(profile: Profile, units: Units) -> dict[str, Any]:
    """Keys of ``price``; contract and market are of the first point, ``paths`` and ``shift`` of every point."""
    request = profile.results[0].request
    return {
        "contract": request.contract.model_dump(mode="json"),
        "market": request.market.model_dump(mode="json"),
        "simulation": request.simulation.model_dump(mode="json"),
        "over": {axis.name: list(axis.values) for axis in profile.axes},
        "estimates": list(profile_lines(profile, units)),
        "paths": profile.results[0].paths,
        **({"steps": steps} if (steps := profile.results[0].steps) else {}),
        "shift": profile.results[0].shift,
        "elapsed_seconds": profile.elapsed_seconds,
        "version": __version__,
    }


def _table(profile: Profile, units: Units, screen: Screen) -> str:
    """Table with a line per point; a narrow screen shows fewer Greeks."""
    names = [greek.name for greek in profile.greeks]
    shown = len(names)
    grid = _grid(profile, units, names)
    while screen.width and grid.width > screen.width and shown > 1:
        shown -= 1
        grid = _grid(profile, units, names[:shown])
    notes = [f"left out for width: {', '.join(names[shown:])}; --format csv has all"] if shown < len(names) else []
    title = f"{profile_headline(profile).line}; each estimate with its standard error"
    return text_of(screen, title, [grid], notes + estimate_warnings(profile, profile.greeks))


def _grid(profile: Profile, units: Units, names: Sequence[str]) -> Grid:
    grid = Grid((*(axis.name for axis in profile.axes), *names))
    for place, result in profile.points():
        cells = [estimate_cell(row.value, row.stderr) for row in rows(result, units) if row.name in names]
        grid.add(*(f"{value:g}" for value in place.values()), *cells)
    return grid
