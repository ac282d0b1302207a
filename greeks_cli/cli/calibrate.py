"""``greeks calibrate``."""

import sys
from pathlib import Path

import click

from greeks_cli.cli.bounded import Real, Whole
from greeks_cli.cli.messages import INFO, say
from greeks_cli.cli.options import market_options
from greeks_cli.cli.output import Output, output
from greeks_cli.cli.sections import Command, Section, option
from greeks_cli.cli.terminal import screen
from greeks_cli.inputs.source import Source
from greeks_cli.terms.errors import ExitCode, InvalidInput, Problem
from greeks_cli.terms.markets.models import FITTED_MODELS, Model

_WRITTEN = (".toml", ".svg", ".png", ".pdf")


@click.command("calibrate", cls=Command)
@click.argument("file", metavar="QUOTES", type=click.Path(path_type=Path))
@option(
    "--model",
    section=Section.MODEL,
    type=click.Choice([str(model) for model in Model]),
    metavar=f"[{'|'.join(FITTED_MODELS)}]",
    help="Model to fit: merton (jumps), heston (variance is random), bates (both). [required]",
)
@market_options
@option(
    "-o",
    "--out",
    section=Section.OUTPUT,
    type=click.Path(path_type=Path),
    multiple=True,
    help="File to write: .toml is the market file, .svg, .png or .pdf a picture of the smiles; several are possible.",
)
@option(
    "--format",
    "format",
    section=Section.OUTPUT,
    type=click.Choice(["table", "json", "toml"]),
    default="table",
    show_default=True,
    help="What standard output shows: tables, JSON, or the market file.",
)
@option(
    "--ignore-columns",
    section=Section.INPUT,
    metavar="COLUMN,...",
    default="",
    help="Columns of QUOTES to leave out: volume,bid.",
)
@option(
    "--max-error",
    section=Section.ACCURACY,
    type=Real(0, min_open=True),
    default=1,
    show_default=True,
    help="Largest mean error of a fit that is met, in vol points.",
)
@option(
    "--seed",
    "starts",
    section=Section.RUN,
    type=Whole(0, 2**63 - 1),
    default=0,
    show_default=True,
    help="Seed of the starting points.",
)
def command(
    source: Source,
    model: str | None,
    file: Path,
    out: tuple[Path, ...],
    format: str,
    ignore_columns: str,
    max_error: float,
    starts: int,
) -> ExitCode:
    """Fit the model of --model to the vols or prices in QUOTES, a CSV file. (extra: calibrate)

    Columns: expiry (years, a date or a tenor), strike, and vol; or price and type; or bid, ask and type;
    or bid_vol and ask_vol. A column weight is used where there is one; the errors of quotes with a bid and
    an ask are measured in spreads. A parameter of the model that an option or --config gives is held there.

    \b
    greeks calibrate configs/smile.csv --model heston --spot 100 -o market.toml
    greeks price --config market.toml --strike 100

    The exit code is 4, and no market file is written, where the mean error is above --max-error or the search
    did not end.
    """
    from greeks_cli.book.market_files.smile_quotes import smile_quotes
    from greeks_cli.book.text.columns import parse_columns
    from greeks_cli.report.formats.calibration import calibration_json, calibration_table, market_file, smile_picture
    from greeks_cli.run.calibration import calibrate

    if model is not None:
        source.set("market", "model", model, "--model")
    files = [_checked(one) for one in out]
    ignored = parse_columns("", ignore_columns).ignored
    dating = source.dating()
    with source.placed():
        found = calibrate(smile_quotes(file, dating, ignored), source.sections["market"], dating, starts, max_error)
    shown = {
        "table": lambda: calibration_table(found, screen()),
        "json": lambda: calibration_json(found),
        "toml": lambda: market_file(found, str(file), dating),
    }
    sys.stdout.write(shown[format]())
    if format == "toml":
        for remark in found.remarks:
            say(f"note: {remark}", INFO)
    for failure in found.failures:
        say(f"not met: {failure}")
    for to in files:
        if to.format != "toml":
            to.deliver(smile_picture(found, to.format))
        elif found.failures:
            say(f"{to.file} is not written")
        else:
            to.deliver(market_file(found, str(file), dating))
    return ExitCode.NOT_MET if found.failures else ExitCode.OK


def _checked(out: Path) -> Output:
    """The output of a file's extension. Raises InvalidInput, and MissingExtra for a picture without matplotlib."""
    if out.name and out.suffix.lower() not in _WRITTEN:
        message = f"its extension says no format; use one of {', '.join(_WRITTEN)}"
        raise InvalidInput([Problem(("--out",), message, str(out))])
    return output(out, None, (suffix[1:] for suffix in _WRITTEN), "toml")
