"""``greeks graph``."""

import click

from greeks_cli.cli.options import request_options
from greeks_cli.terms.errors import InvalidInput, Problem
from greeks_cli.terms.greek import parse_greek
from greeks_cli.terms.request import Request


@click.command("graph")
@request_options
@click.option("--of", default="price", show_default=True, help="The price, or a Greek.")
def command(request: Request, of: str) -> None:
    """Write the Chainer graph of the price, delta, gamma or any Greek in the DOT language.

    It is the pathwise graph, drawn for four paths with one increment per date. Show it with
    Graphviz: greeks graph --strike 100 --vol 0.2 --of delta | dot -Tsvg > delta.svg
    """
    from greeks_cli.engine.graph import dot_graph

    try:
        greek = parse_greek(of)
        asked = Request(request.contract, request.market, request.simulation, (greek,))
    except (ValueError, InvalidInput) as error:
        problems = error.problems if isinstance(error, InvalidInput) else [Problem((), str(error))]
        raise InvalidInput([Problem(("--of",), problem.message, of) for problem in problems]) from None
    click.echo(dot_graph(asked, greek))
