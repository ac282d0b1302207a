"""The tables of ``greeks converge``."""

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict

from greeks_cli.report.table import Screen, framed, rounded, text_of
from greeks_cli.terms.studies import Point

_HEADINGS = ("Greek", "paths", "width", "estimate", "stderr", "bias", "exact", "error")


def ladder_table(title: str, rungs: Sequence[Point], screen: Screen) -> str:
    """Grouped by Greek, so that each column can be read downwards."""
    grid = framed(screen, _HEADINGS, left=())
    for rung in sorted(rungs, key=lambda rung: [r.greek for r in rungs].index(rung.greek)):
        grid.add_row(
            rung.greek,
            f"{rung.paths:,}",
            "auto" if rung.width is None else f"{rung.width:.3g}",
            rounded(rung.value, rung.stderr),
            f"{rung.stderr:.2g}",
            f"{rung.bias:.1g}",
            "-" if rung.exact is None else rounded(rung.exact, rung.stderr / 10),
            "-" if rung.error is None else f"{rung.error:.1g}",
        )
    return text_of(screen, title, grid)


def ladder_csv(rungs: Sequence[Point]) -> str:
    """One line per run and Greek under a header."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [*Point.__slots__, "error"], lineterminator="\n")
    writer.writeheader()
    writer.writerows({**asdict(rung), "error": rung.error} for rung in rungs)
    return text.getvalue()
