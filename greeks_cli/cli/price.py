"""``greeks price``."""

from pathlib import Path

import click

from greeks_cli.cli.contract_command import ContractCommand
from greeks_cli.cli.options import request_options, scheduler_option, threads_option, units_option
from greeks_cli.cli.output import format_option, out_option, output
from greeks_cli.cli.sections import Section, option
from greeks_cli.cli.terminal import progress_bar
from greeks_cli.terms.errors import ExitCode
from greeks_cli.terms.request import Request
from greeks_cli.terms.units import Units

_FORMATS = ("table", "json", "csv")


@click.command("price", cls=ContractCommand)
@request_options
@units_option
@option("--currency", section=Section.OUTPUT, metavar="NAME", help="Name of the currency, such as EUR, for units.")
@out_option
@format_option(_FORMATS, "table")
@threads_option
@scheduler_option
@option("--quiet", section=Section.RUN, is_flag=True, help="No progress on stderr.")
def command(
    request: Request,
    units: str,
    currency: str | None,
    out: Path | None,
    format: str | None,
    threads: int | None,
    scheduler: str | None,
    quiet: bool,
) -> ExitCode:
    """Price a contract and its Greeks by Monte Carlo, each with its error bar.

    Values are raw derivatives (vega per 1.00 of vol, theta per year) unless --units market or desk.
    The environment may set any option: GREEKS_PRICE_VOL=0.2 sets the vol.

    \b
    greeks price --strike 100 --vol 0.2 --greeks all
    greeks price --contract asian --strike 100 --vol 0.2 -o asian.json
    """
    from greeks_cli.report.formats.estimates import Format, render
    from greeks_cli.run.price import run
    from greeks_cli.terms.books.position import currency_of

    money = currency_of(currency, "--currency")
    to = output(out, format, _FORMATS, "table", matplotlib=False)
    forecast = None if quiet else lambda text: click.echo(text, err=True)
    with progress_bar(quiet) as progress:
        if scheduler is None:
            result = run(request, threads, progress, forecast)
        else:
            from greeks_cli.run.machine.cluster import cluster

            with cluster(scheduler) as executor:
                result = run(request, executor.workers, progress, forecast, executor)
    to.deliver(render(result, Format(to.format), Units(units), to.screen, money))
    for target in result.unmet:
        estimate = result[target.greek.name]
        error = f"standard error {estimate.stderr:.2g} plus bias {estimate.bias:.1g}"
        remedy = "; more paths do not lower the bias of early exercise" if result.request.contract.is_early else ""
        click.echo(f"greeks: --tol {target}: not met, {error} after {result.paths:,} paths{remedy}", err=True)
    return ExitCode.NOT_MET if result.unmet else ExitCode.OK
