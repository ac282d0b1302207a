"""The formats of ``greeks converge``."""

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict

from greeks_cli.report.table import Screen, framed, plain, rounded, text_of
from greeks_cli.terms.studies import Ladder, Point

_HEADINGS = ("Greek", "paths", "width", "estimate", "stderr", "bias", "exact", "error")


def render(ladder: Ladder, form: str, screen: Screen) -> str | bytes:
    """The whole content in a format."""
    if form == "table":
        tables = [_table("Error against paths", ladder.by_paths, screen)] if ladder.by_paths else []
        if ladder.by_width:
            tables.append(_table("Bias of a plain softplus against its width", ladder.by_width, screen))
        return "".join(tables)
    if form == "csv":
        return _csv(ladder.points)
    from greeks_cli.report.drawing import drawn, inline_svg
    from greeks_cli.report.ladder_figure import ladder_figure
    from greeks_cli.report.page import page

    figure = ladder_figure(ladder)
    if form == "html":
        contract = ladder.request.contract.describe()
        return page("Convergence", contract, inline_svg(figure), [*map(_line, ladder.points)])
    return drawn(figure, form)


def _table(title: str, rungs: Sequence[Point], screen: Screen) -> str:
    """Grouped by Greek, so that each column can be read downwards."""
    grid = framed(screen, _HEADINGS, left=())
    for rung in sorted(rungs, key=lambda rung: [r.greek for r in rungs].index(rung.greek)):
        grid.add_row(
            rung.greek,
            f"{rung.paths:,}",
            "auto" if rung.width is None else f"{rung.width:.3g}",
            rounded(rung.value, rung.stderr),
            plain(rung.stderr, 2),
            plain(rung.bias, 1),
            "-" if rung.exact is None else rounded(rung.exact, rung.stderr / 10),
            "-" if rung.error is None else plain(rung.error, 1),
        )
    return text_of(screen, title, grid)


def _csv(rungs: Sequence[Point]) -> str:
    """One line per run and Greek under a header."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [*Point.__slots__, "error"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(map(_line, rungs))
    return text.getvalue()


def _line(rung: Point) -> dict[str, object]:
    return {**asdict(rung), "error": rung.error}
