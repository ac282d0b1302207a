"""Formats of ``greeks converge``."""

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict

from greeks_cli.report.text.grid import Grid
from greeks_cli.report.text.screen import Screen
from greeks_cli.report.text.table import plain, rounded, text_of
from greeks_cli.terms.results.studies import ConvergenceStudy, Point

_HEADINGS = ("Greek", "paths", "width", "estimate", "stderr", "bias", "exact", "error")


def render(study: ConvergenceStudy, form: str, screen: Screen) -> str | bytes:
    """Content of a convergence study in a format; pictures are bytes."""
    if form == "table":
        tables = [_table("Error against paths", study.by_paths, screen)] if study.by_paths else []
        if study.by_width:
            tables.append(_table("Bias of a plain softplus against its width", study.by_width, screen))
        return "".join(tables)
    if form == "csv":
        return _csv(study.points)
    from greeks_cli.report.figures.convergence import convergence_figure
    from greeks_cli.report.figures.drawing import image, inline_svg
    from greeks_cli.report.pages.figure_page import figure_page

    figure = convergence_figure(study)
    if form == "html":
        contract = study.request.contract.describe()
        return figure_page("Convergence", contract, inline_svg(figure), [*map(_line, study.points)])
    return image(figure, form)


def _table(title: str, points: Sequence[Point], screen: Screen) -> str:
    """Table grouped by Greek, so that each column reads downwards."""
    greeks = [point.greek for point in points]
    grid = Grid(_HEADINGS)
    for point in sorted(points, key=lambda point: greeks.index(point.greek)):
        grid.add(
            point.greek,
            f"{point.paths:,}",
            "auto" if point.width is None else f"{point.width:.3g}",
            rounded(point.value, point.stderr),
            plain(point.stderr, 2),
            plain(point.bias, 1),
            "-" if point.exact is None else rounded(point.exact, point.stderr / 10),
            "-" if point.error is None else plain(point.error, 1),
        )
    return text_of(screen, title, [grid])


def _csv(points: Sequence[Point]) -> str:
    """CSV with a header and one line per run and Greek."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [*Point.__slots__, "error"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(map(_line, points))
    return text.getvalue()


def _line(point: Point) -> dict[str, object]:
    return {**asdict(point), "error": point.error}
