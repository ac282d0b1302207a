"""Paper and ink: the style that all figures share. The only importer of matplotlib, and never of pyplot."""

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
GUIDE, INK = "#767676", "#222222"
"""Of M. Okabe and K. Ito's palette, which the colour-blind can tell apart too."""
ONE_SIGN, BOTH_SIGNS = "YlGnBu", "PuOr_r"

HALO = withStroke(linewidth=2.5, foreground="white")
"""Behind text on a coloured ground."""

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
"""In a drawing of lines it is for the smooth ground of maps alone."""
_LETTERS_PER_INCH = 12.5
_MOST_NUMBERS, _DIGITS_PER_INCH, _GAP = 9, 14.0, 1.5
"""Along an axis; the gap is in digits."""
_CORNER, _ENTRY = 1.7, 2.2
"""Inches: what the corner takes, and an entry of the legend."""
_FEW = 30.0
_LONGEST = 3
"""Lines of a title's part."""
_COLUMNS = {1: 1, 2: 2, 3: 3, 4: 2, 5: 3, 6: 3, 7: 4, 8: 4, 9: 3}
_UNDATED = {
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    "png": {"Software": None},
}

__all__ = ["Axes", "CenteredNorm", "ContourSet", "Figure", "Line2D", "MaxNLocator", "Normalize", "Patch"]

styled = matplotlib.rc_context(STYLE)  # type: ignore[arg-type]  # keys are checked when it is entered


def paper(panels: int, title: Sequence[str], corner: str) -> tuple[Figure, list[Axes]]:
    """A figure with so many panels, its title and, in the corner, what makes it reproducible."""
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
    """A few lines; of what is longer the middle goes, for a payoff typed by hand comes first and its terms last."""
    letters = int(width * _LETTERS_PER_INCH)
    lines, kept = textwrap.wrap(text, letters), _LONGEST * letters // 2
    while len(lines) > _LONGEST:
        kept -= 1
        lines = textwrap.wrap(f"{text[:kept]} ... {text[-kept:]}", letters)
    return lines


class _Roomy(AutoLocator):
    """Round numbers along the foot of a panel, so few that they do not touch."""

    def __init__(self, panel: Axes):
        super().__init__()
        self._panel = panel

    def __call__(self) -> Sequence[float]:
        low, high = self._panel.get_xlim()
        for most in range(min(_MOST_NUMBERS, self._panel.xaxis.get_tick_space()), 0, -1):
            self.set_params(nbins=most)
            found = self.tick_values(low, high)
            if self._widest(found) < (found[1] - found[0]) / (high - low):
                break
        return found

    def _widest(self, places: Sequence[float]) -> float:
        """The longest number and a gap, as a share of the panel's width."""
        labels = self._panel.xaxis.get_major_formatter().format_ticks(list(places))
        inches = self._panel.get_window_extent().width / self._panel.figure.dpi
        return (max(map(len, labels)) + _GAP) / (_DIGITS_PER_INCH * inches)


def few_numbers(panel: Axes) -> None:
    """Numbers along the foot that do not touch, however long they are."""
    panel.xaxis.set_major_locator(_Roomy(panel))


def legend(figure: Figure, handles: Sequence[Line2D | Patch]) -> None:
    """One for all panels, below them, with an entry for every label; none where there is nothing to tell apart."""
    entries = list({str(handle.get_label()): handle for handle in handles}.values())
    if entries:
        room = max(1, int((figure.get_figwidth() - _CORNER) / _ENTRY))
        figure.legend(handles=entries, loc="outside lower left", ncols=min(room, len(entries)), fontsize=8.5)


def doubt_marks(panel: Axes, places: Sequence[tuple[float, float]]) -> list[Line2D]:
    """Hollow marks at points whose error bar should not be trusted, if there are any."""
    if not places:
        return []
    x, y = zip(*places, strict=True)
    label = "doubtful error bar"
    return panel.plot(x, y, linestyle="", marker="o", markersize=5, mfc="white", mec=GUIDE, clip_on=False, label=label)


def log_log(panel: Axes) -> None:
    """Logarithmic axes whose numbers do not touch, and are two at least."""
    for axis, scale, limits in (
        (panel.xaxis, panel.set_xscale, panel.get_xlim),
        (panel.yaxis, panel.set_yscale, panel.get_ylim),
    ):
        scale("log")
        axis.set_major_locator(FixedLocator(_numbers(*limits())))
        axis.set_major_formatter(FuncFormatter(_plain))
        axis.set_minor_formatter(NullFormatter())


def _numbers(low: float, high: float) -> Sequence[float]:
    """Decades, or 1, 2 and 5 of each where there are few of them, or equal steps between two of those."""
    decades, finer = (
        [place for place in LogLocator(subs=digits).tick_values(low, high) if low <= place <= high]
        for digits in ((1.0,), (1.0, 2.0, 5.0))
    )
    if high > _FEW * low and len(decades) > 1:
        return decades
    return finer if len(finer) > 1 else ticks(low, high, 2)


def _plain(number: float, position: int | None) -> str:
    """``10,000`` or ``0.002``; powers of ten beyond."""
    return f"{number:,.7g}" if number < 1e7 else f"{number:.0e}".replace("e+0", "e")


def nothing_to_show(panel: Axes, why: str) -> None:
    """A panel without numbers says so."""
    panel.text(0.5, 0.5, why, ha="center", va="center", color=GUIDE, transform=panel.transAxes)
    panel.set(xticks=[], yticks=[])


@styled
def drawn(figure: Figure, kind: str) -> bytes:
    """The content of a file: ``svg``, ``pdf`` or ``png``; the same figure gives the same bytes."""
    sink = io.BytesIO()
    figure.savefig(sink, format=kind, dpi=_DOTS_PER_INCH[kind], metadata=_UNDATED[kind])
    return sink.getvalue()


def inline_svg(figure: Figure) -> str:
    """The figure as an element for an HTML page."""
    text = drawn(figure, "svg").decode()
    return text[text.index("<svg") :]
