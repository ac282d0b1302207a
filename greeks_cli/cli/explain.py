"""``greeks explain``."""

import click

from greeks_cli.terms.errors import InvalidInput, Problem
from greeks_cli.terms.glossary import explanation, overview
from greeks_cli.terms.greek import parse_greek


@click.command("explain")
@click.argument("greek", required=False)
def command(greek: str | None) -> None:
    """Say what a Greek is: derivative, meaning, sign, unit, formula, method, reference.

    GREEK is a name, or a formula such as d(spot,vol); without it all names are listed.
    """
    if greek is None:
        click.echo(overview())
        return
    try:
        click.echo(explanation(parse_greek(greek)))
    except ValueError as error:
        raise InvalidInput([Problem(("GREEK",), str(error))]) from None
