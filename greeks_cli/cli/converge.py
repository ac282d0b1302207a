"""``greeks converge``."""

import sys

import click

from greeks_cli.cli.options import request_options
from greeks_cli.cli.terminal import screen
from greeks_cli.terms.request import Request


@click.command("converge")
@request_options
@click.option(
    "--format",
    "format",
    type=click.Choice(["table", "csv"]),
    default="table",
    show_default=True,
    help="How the answer is written.",
)
@click.option("--threads", type=click.IntRange(1, 1024), help="Threads. [default: the cores available]")
def command(request: Request, format: str, threads: int | None) -> None:
    """Show how the error falls with paths, and how the bias of a softplus grows with its width.

    Runs every Greek at five numbers of paths up to --paths, then those of second and higher
    order at five widths of a plain softplus.
    """
    from greeks_cli.report.ladder import ladder_csv, ladder_table
    from greeks_cli.run.convergence import over_paths, over_widths

    by_paths, by_width = list(over_paths(request, threads)), list(over_widths(request, threads))
    if format == "csv":
        sys.stdout.write(ladder_csv(by_paths + by_width))
        return
    sys.stdout.write(ladder_table("Error against paths", by_paths, screen()))
    if by_width:
        sys.stdout.write(ladder_table("Bias of a plain softplus against its width", by_width, screen()))
