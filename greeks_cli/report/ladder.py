"""The tables of ``greeks converge``."""

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from greeks_cli.report.table import Screen, framed, rounded, text_of


@dataclass(frozen=True, slots=True)
class Rung:
    """One run; field names are the columns of CSV. ``error`` is the distance from ``exact``."""

    study: str
    greek: str
    paths: int
    width: float | None
    value: float
    stderr: float
    bias: float
    exact: float | None
    error: float | None


_HEADINGS = ("Greek", "paths", "width", "estimate", "stderr", "bias", "exact", "error")


def ladder_table(title: str, rungs: Sequence[Rung], screen: Screen) -> str:
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


def ladder_csv(rungs: Sequence[Rung]) -> str:
    """One line per run and Greek under a header."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(Rung.__slots__), lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(rung) for rung in rungs)
    return text.getvalue()
