"""``greeks explain``."""

from collections.abc import Sequence

import click

from greeks_cli.cli.completion import explained
from greeks_cli.terms.errors import InvalidInput, Problem, did_you_mean, nearest
from greeks_cli.terms.glossary import explanation, overview
from greeks_cli.terms.greek import CURVES, KNOWN_PARAMETERS, parse_greek
from greeks_cli.terms.nodes import curve_of
from greeks_cli.terms.underlyings import CORRELATION, is_node

WITH_NODES = (*CURVES, "dividend")
"""Parameters that ``greeks explain`` accepts with the name of a node in brackets."""


@click.command("explain")
@click.argument("name", required=False, shell_complete=explained)
def command(name: str | None) -> None:
    """Explain a Greek, a contract and its options, several underlyings, curves, buckets or quotes.

    NAME is a Greek such as rho or rho[1], a derivative such as d(spot,vol), a contract such as asian,
    or a topic such as curves. Without NAME, list all names.
    """
    from greeks_cli.terms.glossary import CONTRACT_NAMES, TOPICS

    if name is None:
        click.echo(f"{overview()}\n\nContracts: {', '.join(CONTRACT_NAMES)}\nTopics: {', '.join(TOPICS)}")
    elif name in CONTRACT_NAMES:
        click.echo(_contract(name))
    elif (topic := name.lower().replace("_", "-")) in TOPICS:
        click.echo("\n".join([topic, *(f"  {line}" for line in TOPICS[topic])]))
    else:
        click.echo(_greek(name, [*TOPICS, *CONTRACT_NAMES]))


def _contract(name: str) -> str:
    from greeks_cli.terms.contracts import CONTRACTS, ON_SEVERAL

    model = CONTRACTS[name]
    options = [
        (f"--{field.replace('_', '-')}", info.description)
        for field, info in model.model_fields.items()
        if field != "kind"
    ]
    width = max(len(option) for option, _ in options)
    meaning = (model.__doc__ or "").replace("``", "")
    lines = [name, *(f"  {line.strip()}" for line in meaning.splitlines() if line.strip())]
    lines += [f"  {option:{width}}  {text}" for option, text in options]
    parameters = ["spot", "vol", "rate", "dividend_yield", "time", *model.parameters]
    if "underlyings" in model.model_fields and name not in ON_SEVERAL:
        lines.append("  market: of one underlying, or of several as for basket, whose Greeks are such as delta[A]")
    if name in ON_SEVERAL:
        lines.append("  market: --underlying A:spot=100,vol=0.2 for each, and --correlation A,B=0.5 for each pair")
        parameters = ["spot[A]", "vol[A]", "rate", "dividend_yield[A]", "correlation[A,B]", "time", *model.parameters]
    if name == "formula":
        parameters.append("and every --param")
    return "\n".join([*lines, f"  Greeks in: {', '.join(parameters)}"])


def _greek(greek: str, others: Sequence[str]) -> str:
    try:
        parsed = parse_greek(greek)
    except ValueError as error:
        if near := nearest(greek, others):
            raise InvalidInput([Problem(("NAME",), f"unknown; did you mean '{near}'?", greek)]) from None
        raise InvalidInput([Problem(("NAME",), str(error))]) from None
    known = (*KNOWN_PARAMETERS, CORRELATION, *(name for name in WITH_NODES if f"{name}[" in greek))
    unknown = [name for name in map(curve_of, parsed.parameters) if name not in known]
    if unknown:
        message = f"no parameter '{unknown[0]}'; {did_you_mean(unknown[0], known)}"
        raise InvalidInput([Problem(("NAME",), message, greek)])
    nodes = (name for name in parsed.parameters if is_node(name) and curve_of(name) not in WITH_NODES)
    if without := next(nodes, None):
        message = f"'{curve_of(without)}' has no nodes; they are of {', '.join(WITH_NODES)}"
        raise InvalidInput([Problem(("NAME",), message, greek)])
    return explanation(parsed)
