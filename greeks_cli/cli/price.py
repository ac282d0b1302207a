"""``greeks price``."""

import sys

import click

from greeks_cli.cli.options import request_options, scheduler_option, threads_option, units_option
from greeks_cli.cli.terminal import progress_bar, screen
from greeks_cli.terms.errors import ExitCode
from greeks_cli.terms.greek import Units
from greeks_cli.terms.request import Request


@click.command("price")
@request_options
@units_option
@click.option(
    "--format",
    "format",
    type=click.Choice(["table", "json", "csv"]),
    default="table",
    show_default=True,
    help="Output format.",
)
@threads_option
@scheduler_option
@click.option("--quiet", is_flag=True, help="No progress on stderr.")
def command(
    request: Request, units: str, format: str, threads: int | None, scheduler: str | None, quiet: bool
) -> ExitCode:
    """Price a contract and its Greeks by Monte Carlo, each with its error bar.

    Values are raw derivatives (vega per 1.00 of vol, theta per year) unless --units market.
    Every option can also be set in the environment, such as --vol as GREEKS_PRICE_VOL.
    """
    from greeks_cli.report.formats import Format, render
    from greeks_cli.run.price import run

    forecast = None if quiet else lambda text: click.echo(text, err=True)
    with progress_bar(quiet) as progress:
        if scheduler is None:
            result = run(request, threads, progress, forecast)
        else:
            from greeks_cli.run.cluster import cluster

            with cluster(scheduler) as executor:
                result = run(request, executor.workers, progress, forecast, executor)
    sys.stdout.write(render(result, Format(format), Units(units), screen()))
    for target in result.unmet:
        estimate = result[target.greek.name]
        error = f"standard error {estimate.stderr:.2g} plus bias {estimate.bias:.1g}"
        click.echo(f"greeks: --tol {target}: not met, {error} after {result.paths:,} paths", err=True)
    return ExitCode.NOT_MET if result.unmet else ExitCode.OK
