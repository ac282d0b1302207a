"""Figure of a calibration: the vols of quotes and of the model by strike, a panel for each expiry."""

from greeks_cli.report.figures.drawing import (
    ESTIMATE,
    EXACT,
    Axes,
    Figure,
    Line2D,
    legend,
    panel_figure,
    space_x_ticks,
    styled,
)
from greeks_cli.terms.results.smile import Calibration, FittedQuote


@styled
def smile_figure(found: Calibration) -> Figure:
    """Figure with a panel for each expiry, first to last."""
    expiries = sorted({one.quote.expiry for one in found.quotes})
    errors = f"error {found.rms:.2g} vol points in the mean, {found.worst:.2g} at most"
    title = [f"{len(found.quotes)} quotes and {found.market.model}: {errors}", found.market.describe()]
    figure, panels = panel_figure(len(expiries), title, f"{found.n_alike} of {found.n_starts} starting points")
    lines: list[Line2D] = []
    for panel, expiry in zip(panels, expiries, strict=True):
        of_expiry = sorted(
            (one for one in found.quotes if one.quote.expiry == expiry), key=lambda one: one.quote.strike
        )
        lines += _smile(panel, of_expiry)
        panel.set(title=f"expiry {expiry:.4g}y", xlabel="strike", ylabel="vol (%)")
        space_x_ticks(panel)
    legend(figure, lines)
    return figure


def _smile(panel: Axes, quotes: list[FittedQuote]) -> list[Line2D]:
    """A line through the model's vols at the strikes of the quotes, and a mark for each quote."""
    quotes = sorted(quotes, key=lambda one: one.quote.strike)
    priced = [(one.quote.strike, 100 * one.model_vol) for one in quotes if one.model_vol is not None]
    x, y = zip(*priced, strict=True) if priced else ((), ())
    line = panel.plot(x, y, color=ESTIMATE, label="model")
    strikes, vols = [one.quote.strike for one in quotes], [100 * one.vol for one in quotes]
    marks = panel.plot(strikes, vols, marker="D", markersize=5, mfc="none", mec=EXACT, linestyle="", label="quote")
    return [*line, *marks]
