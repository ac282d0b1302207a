"""``greeks graph``."""

import click

from greeks_cli.cli.options import request_options
from greeks_cli.terms.errors import InvalidInput, Problem
from greeks_cli.terms.greek import parse_greek
from greeks_cli.terms.request import Request


@click.command("graph")
@request_options
@click.option("--of", "name", default="price", show_default=True, help="The price, or a Greek.")
def command(request: Request, name: str) -> None:
    """Write the Chainer graph of the price, delta, gamma or any Greek in the DOT language.

    Show it with Graphviz: greeks graph --strike 100 --vol 0.2 --of delta | dot -Tsvg > delta.svg
    """
    from greeks_cli.engine.graph import dot_graph

    try:
        greek = parse_greek(name)
    except ValueError as error:
        raise InvalidInput([Problem(("--of",), str(error))]) from None
    checked = Request(request.contract, request.market, request.simulation, (greek,))
    click.echo(dot_graph(checked, greek))
