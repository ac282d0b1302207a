"""Calibration of a model of smiles to quotes of a file, of rows or of a frame."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from greeks_cli.api.asking import asked, plain
from greeks_cli.api.frames import rows_of_frame
from greeks_cli.api.functions import Config
from greeks_cli.api.shown import HtmlTable, Shown, cells
from greeks_cli.report.formats.calibration import calibration_table, fitted_rows, headline, market_file
from greeks_cli.report.text.screen import Screen
from greeks_cli.run.machine.files import write_whole
from greeks_cli.terms.dates.dating import Dating
from greeks_cli.terms.errors import InvalidInput, Problem
from greeks_cli.terms.markets.market import Market
from greeks_cli.terms.results.smile import Calibration, FittedParameter, FittedQuote, SmileQuote


@dataclass(frozen=True)
class CalibrationResult(Shown):
    """A market whose model is fitted to quotes; ``price(strike=100, market=result.market)`` takes it."""

    calibration: Calibration
    dating: Dating
    quoted: str
    """The name of the quotes."""

    @property
    def market(self) -> Market:
        return self.calibration.market

    @property
    def parameters(self) -> dict[str, FittedParameter]:
        """The parameters of the model by name, each with ``value`` and ``stderr``."""
        return {one.name: one for one in self.calibration.parameters}

    @property
    def quotes(self) -> Sequence[FittedQuote]:
        """The quotes beside the vols of the model."""
        return self.calibration.quotes

    @property
    def is_met(self) -> bool:
        """False where the mean error is too large or the search did not end; ``failures`` say why."""
        return not self.calibration.failures

    @property
    def failures(self) -> tuple[str, ...]:
        """The reasons not to use the market."""
        return tuple(self.calibration.failures)

    @property
    def notes(self) -> tuple[str, ...]:  # type: ignore[override]  # the table has the remarks
        return ()

    @property
    def remarks(self) -> tuple[str, ...]:
        """Remarks on parameters that the quotes do not tell."""
        return tuple(self.calibration.remarks)

    def text(self, screen: Screen) -> str:
        return calibration_table(self.calibration, screen)

    def rows(self) -> list[dict[str, Any]]:
        """A row for each quote."""
        return fitted_rows(self.calibration)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the market file. Raises InvalidInput where the fit is not met, and CannotWrite."""
        if self.failures:
            raise InvalidInput([Problem(("market",), why) for why in self.failures])
        write_whole(Path(path), market_file(self.calibration, self.quoted, self.dating).encode())

    def __repr__(self) -> str:
        return f"<CalibrationResult: {headline(self.calibration)}>"

    def _html(self) -> HtmlTable:
        shown = [[name, f"{one.value:.6g}", *cells({"": one.stderr})] for name, one in self.parameters.items()]
        return HtmlTable(
            headline(self.calibration), ["parameter", "value", "stderr"], shown, self.remarks + self.failures
        )


def calibrate(
    quotes: Any,
    model: str,
    *,
    config: Config = None,
    max_error: float = 1.0,
    seed: int = 0,
    ignore_columns: Sequence[str] = (),
    **fields: Any,
) -> CalibrationResult:
    """The market of a model of smiles, ``merton``, ``heston`` or ``bates``, fitted to quotes. (extra: calibrate)

    ``quotes`` is a CSV file, rows, or a frame, with the columns of ``greeks calibrate``; ``fields`` are its options:
    the market, and parameters of the model that are held. ``max_error`` is the largest mean error of a fit that is met,
    in vol points. Raises InvalidInput with every mistake, and MissingExtra without SciPy.
    """
    from greeks_cli.run.calibration import calibrate as calibrated

    found = asked(config=config, fields={**fields, "model": str(model)})
    with found.collected():
        dating = found.source.dating()
        read, name = _quotes(quotes, dating, ignore_columns)
        with found.source.placed():
            fitted = calibrated(read, found.source.sections["market"], dating, seed, max_error)
    return CalibrationResult(fitted, dating, name)


def _quotes(quotes: Any, dating: Dating, ignored: Sequence[str]) -> tuple[list[SmileQuote], str]:
    """The quotes and their name. Raises InvalidInput."""
    from greeks_cli.book.market_files.smile_quotes import quotes_in, smile_quotes
    from greeks_cli.book.rows import ROWS, table_of_rows

    if isinstance(quotes, str | PathLike):
        return smile_quotes(Path(quotes), dating, ignored), str(quotes)
    rows = rows_of_frame(quotes)
    if (rows is None and isinstance(quotes, Mapping | str)) or not hasattr(quotes, "__iter__"):
        raise InvalidInput([Problem(("quotes",), "a file, rows or a frame is wanted", type(quotes).__name__)])
    rows = [dict(row) for row in quotes] if rows is None else rows
    table = table_of_rows([{name: plain(value) for name, value in row.items()} for row in rows])
    return quotes_in(table, dating, ignored), ROWS
