"""Formats of the law of early exercise: its boundary and probability at each date."""

import csv
import io
import json
from dataclasses import asdict, fields

from greeks_cli import __version__
from greeks_cli.report.headline import headline
from greeks_cli.report.text.grid import Grid
from greeks_cli.report.text.screen import Screen
from greeks_cli.report.text.table import estimate_cell, text_of
from greeks_cli.terms.request import Request
from greeks_cli.terms.results.result import ExerciseDate, ExerciseLaw


def render(request: Request, law: ExerciseLaw, form: str, screen: Screen) -> str | bytes:
    """Content of a law of exercise in a format; pictures are bytes."""
    match form:
        case "table":
            return _table(request, law, screen)
        case "csv":
            return _csv(law)
        case "json":
            return json.dumps(_document(request, law), indent=2, allow_nan=False) + "\n"
    from greeks_cli.report.figures.drawing import image, inline_svg
    from greeks_cli.report.figures.exercise import exercise_figure
    from greeks_cli.report.pages.figure_page import figure_page

    figure = exercise_figure(request, law)
    if form == "html":
        described = request.contract.describe()
        return figure_page("Exercise boundary", described, inline_svg(figure), [asdict(date) for date in law.dates])
    return image(figure, form)


def _table(request: Request, law: ExerciseLaw, screen: Screen) -> str:
    grid = Grid(("time", "boundary", "probability"))
    for date in law.dates:
        boundary = "-" if date.boundary is None else f"{date.boundary:.5g}"
        grid.add(f"{date.time:.5g}", boundary, estimate_cell(date.probability, date.stderr))
    heading = headline(request, 0)
    title = f"{heading.contract} | {heading.market} | boundary: the spot next to which exercise begins"
    return text_of(screen, title, [grid])


def _csv(law: ExerciseLaw) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in fields(ExerciseDate)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(date) for date in law.dates)
    return text.getvalue()


def _document(request: Request, law: ExerciseLaw) -> dict[str, object]:
    """The keys of ``price`` that a law of exercise has."""
    return {
        "contract": request.contract.model_dump(mode="json"),
        "market": {**request.market.model_dump(mode="json"), **request.quote},
        "simulation": request.simulation.model_dump(mode="json"),
        "exercise": asdict(law),
        "version": __version__,
    }
