"""``greeks converge``."""

from importlib.util import find_spec
from pathlib import Path

import click

from greeks_cli.cli.contract_command import ContractCommand
from greeks_cli.cli.options import request_options, threads_option
from greeks_cli.cli.output import PICTURES, format_option, out_option, output
from greeks_cli.cli.sections import Section, option
from greeks_cli.cli.terminal import progress_bar
from greeks_cli.terms.request import Request
from greeks_cli.terms.simulation import Sampler

_FORMATS = ("table", "csv", *PICTURES)


@click.command("converge", cls=ContractCommand)
@request_options
@out_option
@format_option(_FORMATS, "table")
@option(
    "--study",
    section=Section.OUTPUT,
    type=click.Choice(["paths", "widths"]),
    help="Only the error against paths, or only the bias against the width. [default: both]",
)
@threads_option
@option("--quiet", section=Section.RUN, is_flag=True, help="No progress on stderr.")
def command(
    request: Request, out: Path | None, format: str | None, study: str | None, threads: int | None, quiet: bool
) -> None:
    """Show how the error falls with paths, and how the bias of a softplus grows with its width.

    Runs every Greek at five numbers of paths up to --paths, each a quarter of the next, then Greeks
    of second and higher order at five widths of a plain softplus. A picture also shows Sobol points
    (extra: sobol).
    """
    from greeks_cli.report.formats.convergence import render
    from greeks_cli.run.convergence import automatic_width, over_paths, over_sobol_points, over_widths
    from greeks_cli.terms.results.studies import ConvergenceStudy

    to = output(out, format, _FORMATS, "table")
    compared = to.format in PICTURES and request.simulation.sampler is Sampler.RANDOM and find_spec("scipy") is not None
    with progress_bar(quiet) as progress:
        convergence = ConvergenceStudy(
            request,
            tuple(over_paths(request, threads, progress)) if study != "widths" else (),
            tuple(over_sobol_points(request, threads, progress)) if study != "widths" and compared else (),
            tuple(over_widths(request, threads, progress)) if study != "paths" else (),
            automatic_width(request),
        )
    to.deliver(render(convergence, to.format, to.screen))
