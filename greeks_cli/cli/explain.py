"""``greeks explain``."""

import click

from greeks_cli.terms.errors import InvalidInput, Problem, did_you_mean
from greeks_cli.terms.glossary import explanation, overview
from greeks_cli.terms.greek import KNOWN_PARAMETERS, parse_greek


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
        parsed = parse_greek(greek)
    except ValueError as error:
        raise InvalidInput([Problem(("GREEK",), str(error))]) from None
    unknown = [name for name in parsed.parameters if name not in KNOWN_PARAMETERS]
    if unknown:
        raise InvalidInput(
            [Problem(("GREEK",), f"no parameter '{unknown[0]}'; {did_you_mean(unknown[0], KNOWN_PARAMETERS)}", greek)]
        )
    click.echo(explanation(parsed))
