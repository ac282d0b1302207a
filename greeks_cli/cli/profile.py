"""``greeks profile``."""

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from greeks_cli.cli.completion import axis
from greeks_cli.cli.contract_command import ContractCommand
from greeks_cli.cli.options import scheduler_option, source_options, threads_option, told, units_option
from greeks_cli.cli.output import PICTURES, format_option, out_option, output
from greeks_cli.cli.sections import Section, option
from greeks_cli.cli.terminal import progress_bar
from greeks_cli.inputs.axes import parsed_axes, request_over
from greeks_cli.inputs.source import Source
from greeks_cli.terms.errors import InvalidInput, Problem
from greeks_cli.terms.greek import PRICE, Greek
from greeks_cli.terms.request import DEFAULT_GREEKS, Request
from greeks_cli.terms.units import Units

_FORMATS_OF_BOUNDARY = ("table", "csv", "json", *PICTURES)
_FORMATS = ("plot", *_FORMATS_OF_BOUNDARY)


@click.command("profile", cls=ContractCommand)
@option(
    "--over",
    "over",
    section=Section.INPUT,
    multiple=True,
    metavar="NAME=START:STOP:COUNT",
    shell_complete=axis,
    help="Parameter of the contract or market to vary, ends included, or NAME=A,B,C. Twice for a surface. "
    "[required without --boundary]",
)
@option(
    "--boundary",
    section=Section.INPUT,
    is_flag=True,
    help="In place of --over: the exercise boundary and the probability of early exercise at each date.",
)
@out_option
@format_option(_FORMATS, "a plot on a terminal, and a table elsewhere")
@units_option
@threads_option
@scheduler_option
@option("--quiet", section=Section.RUN, is_flag=True, help="No progress on stderr.")
@source_options
def command(
    source: Source,
    over: tuple[str, ...],
    boundary: bool,
    out: Path | None,
    format: str | None,
    units: str,
    threads: int | None,
    scheduler: str | None,
    quiet: bool,
) -> None:
    """Show Greeks along one parameter, or over two, each with its error bar.

    All points use the same random numbers, and one method per Greek, so that curves are smooth.
    Pictures show the Greeks asked for; tables, CSV and JSON always include the price.

    \b
    greeks profile --strike 100 --vol 0.2 --over spot=60:140:41
    greeks profile --strike 100 --over spot=60:140:9 --over vol=0.1:0.5:9 -o a.svg
    greeks profile --type put --strike 100 --vol 0.2 --rate 0.05 --boundary \\
        --exercise american

    Of several underlyings, --over 'spot[A]=80:120:9', 'vol[A]=...' and 'correlation[A,B]=...'.
    """
    if boundary:
        _show_boundary(source, over, out, format)
        return
    from greeks_cli.report.formats.profile import render
    from greeks_cli.run.profile import profile

    to = output(out, format, _FORMATS, "plot" if sys.stdout.isatty() else "table")
    axes = parsed_axes(over, "--over")
    request = told(request_over(source, axes, "--over"))
    with progress_bar(quiet, "points") as progress:
        if scheduler is None:
            found = profile(request, axes, threads, progress)
        else:
            from greeks_cli.run.machine.cluster import cluster

            with cluster(scheduler) as executor:
                found = profile(request, axes, executor.workers, progress, executor)
    to.deliver(render(found, to.format, Units(units), _drawn(source, request), to.screen))


def _show_boundary(source: Source, over: tuple[str, ...], out: Path | None, format: str | None) -> None:
    """The law of early exercise, in place of a profile."""
    from greeks_cli.engine.exercise.law import exercise_law
    from greeks_cli.report.formats.exercise import render

    if over:
        raise InvalidInput([Problem(("--over",), "varies nothing beside --boundary; leave out one of both", over[0])])
    to = output(out, format, _FORMATS_OF_BOUNDARY, "table")
    if to.format not in _FORMATS_OF_BOUNDARY:
        message = f"is no format of --boundary; use one of {', '.join(_FORMATS_OF_BOUNDARY)}"
        raise InvalidInput([Problem(("--format",), message, to.format)])
    request = told(source.build(), shows_greeks=False)
    law = exercise_law(request)
    if law is None:
        message = "wants early exercise; give --exercise american, or bermudan with --exercise-times"
        raise InvalidInput([Problem(("--boundary",), message)])
    to.deliver(render(request, law, to.format, to.screen))


def _drawn(source: Source, request: Request) -> list[Greek]:
    """Greeks in pictures: the price only where it is asked for, or where it is the only one."""
    asked = source.greeks
    words = asked.split(",") if isinstance(asked, str) else asked
    assert isinstance(words, Sequence)  # the request has parsed it
    named = asked is DEFAULT_GREEKS or any(str(word).strip() in ("price", "all") for word in words)
    return [greek for greek in request.greeks if greek != PRICE or named] or [PRICE]
