"""Figures: common style, layout, axes, legend, and files. The only importer of matplotlib, and never of pyplot."""

import io
import textwrap
from collections.abc import Sequence
from math import ceil

import matplotlib
from matplotlib.axes import Axes
from matplotlib.colors import CenteredNorm, Normalize
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke
from matplotlib.ticker import AutoLocator, FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from greeks_cli import __version__
from greeks_cli.report.ticks import ticks

ESTIMATE, EXACT, SOBOL, BIAS = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
"""Colours of M. Okabe and K. Ito's palette, which colour-blind readers can tell apart."""
GUIDE, INK = "#767676", "#222222"
ONE_SIGN, BOTH_SIGNS = "YlGnBu", "PuOr_r"

HALO = withStroke(linewidth=2.5, foreground="white")
"""Outline of text on a coloured background."""

STYLE = {
    "axes.axisbelow": True,
    "axes.edgecolor": GUIDE,
    "axes.formatter.limits": (-6, 7),
    "axes.formatter.useoffset": False,
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.labelsize": 9,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "figure.facecolor": "white",
    "font.family": "sans-serif",
    "font.size": 9,
    "grid.color": "#E4E4E4",
    "grid.linewidth": 0.7,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "path.simplify": False,
    "svg.fonttype": "none",  # text stays text: smaller, and read by search engines and screen readers
    "svg.hashsalt": "greeks",  # the same figure is the same file
    "text.color": INK,
    "xtick.color": GUIDE,
    "xtick.labelcolor": INK,
    "xtick.labelsize": 8,
    "ytick.color": GUIDE,
    "ytick.labelcolor": INK,
    "ytick.labelsize": 8,
}
_DOTS_PER_INCH = {"png": 150, "svg": 80, "pdf": 150}
"""In SVG and PDF, only the rasterized background of a map has a resolution."""
_CHARACTERS_PER_INCH = 12.5
_MOST_TICKS, _DIGITS_PER_INCH, _GAP = 9, 14.0, 1.5
"""Tick labels of an x axis: the most labels, the width of a digit, and the gap between two labels in digits."""
_CORNER, _ENTRY = 1.7, 2.2
"""Widths in inches of the text in the corner and of an entry of the legend."""
_DECADES_FROM = 30.0
"""Ratio of the ends of an axis from which decades alone are labelled."""
_MOST_LINES = 3
"""Lines of one part of a title, at most."""
_COLUMNS = {1: 1, 2: 2, 3: 3, 4: 2, 5: 3, 6: 3, 7: 4, 8: 4, 9: 3}
"""Columns of a figure, by the number of panels."""
_METADATA = {
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    "png": {"Software": None},
}
"""Entries left out: dates and versions of software differ between equal figures."""

__all__ = ["Axes", "CenteredNorm", "ContourSet", "Figure", "Line2D", "MaxNLocator", "Normalize", "Patch"]

styled = matplotlib.rc_context(STYLE)  # type: ignore[arg-type]  # rc_context checks the keys on entry


def panel_figure(panels: int, title: Sequence[str], corner: str) -> tuple[Figure, list[Axes]]:
    """Figure with a title, a number of panels and, in the corner, seed and version to reproduce the figure."""
    columns = _COLUMNS.get(panels, 4)
    rows = ceil(panels / columns)
    width = 7.2 if columns == 1 else 3.9 * columns
    lines = [line for part in title for line in _wrapped(part, width)]
    height = (4.2 if panels == 1 else 2.9 * rows) + 0.6 + 0.19 * len(lines)
    figure = Figure(figsize=(width, height), layout="constrained")
    figure.suptitle("\n".join(lines), x=0.01, ha="left", fontsize=10, linespacing=1.3, parse_math=False)
    figure.text(0.995, 0.008, f"{corner} | greeks {__version__}", ha="right", va="bottom", fontsize=7.5, color=GUIDE)
    grid = figure.subplots(rows, columns, squeeze=False)
    axes = [axis for row in grid for axis in row]
    for spare in axes[panels:]:
        spare.remove()
    return figure, axes[:panels]


def _wrapped(text: str, width: float) -> list[str]:
    """Text in at most three lines. Longer text loses the middle: a formula comes first, the parameters last."""
    characters = int(width * _CHARACTERS_PER_INCH)
    lines, kept = textwrap.wrap(text, characters), _MOST_LINES * characters // 2
    while len(lines) > _MOST_LINES:
        kept -= 1
        lines = textwrap.wrap(f"{text[:kept]} ... {text[-kept:]}", characters)
    return lines


class _SpacedTicks(AutoLocator):
    """Round ticks along an x axis, so few that no two labels touch."""

    def __init__(self, panel: Axes):
        super().__init__()
        self._panel = panel

    def __call__(self) -> Sequence[float]:
        low, high = self._panel.get_xlim()
        for most in range(min(_MOST_TICKS, self._panel.xaxis.get_tick_space()), 0, -1):
            self.set_params(nbins=most)
            found = self.tick_values(low, high)
            if self._label_share(found) < (found[1] - found[0]) / (high - low):
                break
        return found

    def _label_share(self, values: Sequence[float]) -> float:
        """Width of the longest label and a gap, as a share of the panel's width."""
        labels = self._panel.xaxis.get_major_formatter().format_ticks(list(values))
        inches = self._panel.get_window_extent().width / self._panel.figure.dpi
        return (max(map(len, labels)) + _GAP) / (_DIGITS_PER_INCH * inches)


def space_x_ticks(panel: Axes) -> None:
    """Space the ticks of the x axis so that no two labels touch."""
    panel.xaxis.set_major_locator(_SpacedTicks(panel))


def legend(figure: Figure, handles: Sequence[Line2D | Patch]) -> None:
    """One legend below all panels, with an entry per label; no legend without handles."""
    entries = list({str(handle.get_label()): handle for handle in handles}.values())
    if entries:
        room = max(1, int((figure.get_figwidth() - _CORNER) / _ENTRY))
        figure.legend(handles=entries, loc="outside lower left", ncols=min(room, len(entries)), fontsize=8.5)


def doubtful_marks(panel: Axes, values: Sequence[tuple[float, float]]) -> list[Line2D]:
    """Hollow marks at points with a doubtful error bar."""
    if not values:
        return []
    x, y = zip(*values, strict=True)
    label = "doubtful error bar"
    return panel.plot(x, y, linestyle="", marker="o", markersize=5, mfc="white", mec=GUIDE, clip_on=False, label=label)


def log_log(panel: Axes) -> None:
    """Logarithmic axes with at least two tick labels, none of which touch."""
    for axis, scale, limits in (
        (panel.xaxis, panel.set_xscale, panel.get_xlim),
        (panel.yaxis, panel.set_yscale, panel.get_ylim),
    ):
        scale("log")
        axis.set_major_locator(FixedLocator(_log_ticks(*limits())))
        axis.set_major_formatter(FuncFormatter(_tick_label))
        axis.set_minor_formatter(NullFormatter())


def _log_ticks(low: float, high: float) -> Sequence[float]:
    """Decades; on a short axis also 2 and 5 times a decade; equal steps where fewer than two of those fit."""
    decades, finer = (
        [place for place in LogLocator(subs=digits).tick_values(low, high) if low <= place <= high]
        for digits in ((1.0,), (1.0, 2.0, 5.0))
    )
    if high > _DECADES_FROM * low and len(decades) > 1:
        return decades
    return finer if len(finer) > 1 else ticks(low, high, 2)


def _tick_label(number: float, position: int | None) -> str:
    """``10,000`` or ``0.002``; powers of ten beyond."""
    return f"{number:,.7g}" if number < 1e7 else f"{number:.0e}".replace("e+0", "e")


def empty_panel(panel: Axes, reason: str) -> None:
    """Replace the axes of a panel without numbers by the reason."""
    panel.text(0.5, 0.5, reason, ha="center", va="center", color=GUIDE, transform=panel.transAxes)
    panel.set(xticks=[], yticks=[])


@styled
def image(figure: Figure, kind: str) -> bytes:
    """Figure as the content of an ``svg``, ``pdf`` or ``png`` file; equal figures give equal bytes."""
    sink = io.BytesIO()
    figure.savefig(sink, format=kind, dpi=_DOTS_PER_INCH[kind], metadata=_METADATA[kind])
    return sink.getvalue()


def inline_svg(figure: Figure) -> str:
    """Figure as an element of an HTML page."""
    text = image(figure, "svg").decode()
    return text[text.index("<svg") :]
