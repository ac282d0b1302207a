"""``greeks explain``."""

import click

from greeks_cli.cli.completion import explained
from greeks_cli.cli.sections import Command
from greeks_cli.explain.names import all_names, explanation


@click.command("explain", cls=Command)
@click.argument("name", required=False, shell_complete=explained)
def command(name: str | None) -> None:
    """Explain a Greek, a contract, an option, a model, a method, a warning or a convention.

    \b
    greeks explain gamma            a Greek, also rho[1], delta[A] or d(spot,vol)
    greeks explain barrier          a contract: payment, options, conventions
    greeks explain rebate           an option of contracts
    greeks explain heston           a model; also curves, dividends, calibration
    greeks explain mixed            a method; also estimators, bias, warnings
    greeks explain units            conventions; also d1, conventions

    Without NAME, list all names.
    """
    click.echo(all_names() if name is None else explanation(name))
