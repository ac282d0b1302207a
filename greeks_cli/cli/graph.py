"""``greeks graph``."""

from dataclasses import replace
from pathlib import Path

import click

from greeks_cli.cli.completion import one_greek
from greeks_cli.cli.contract_command import ContractCommand
from greeks_cli.cli.messages import say
from greeks_cli.cli.options import built, source_options
from greeks_cli.cli.output import Output, check_file, out_option, output
from greeks_cli.cli.sections import Section, option
from greeks_cli.inputs.source import Source
from greeks_cli.terms.accuracy import Accuracy
from greeks_cli.terms.errors import ExitCode, InvalidInput, Problem
from greeks_cli.terms.greek import Greek, parse_greek
from greeks_cli.terms.request import Request

_DRAWN = ("svg", "png", "pdf")


@click.command("graph", cls=ContractCommand)
@source_options
@option(
    "--of",
    section=Section.OUTPUT,
    default="price",
    show_default=True,
    help="The price, or a Greek.",
    shell_complete=one_greek,
)
@out_option
def command(source: Source, of: str, out: Path | None) -> ExitCode:
    """Show the Chainer graph of the price, delta, gamma or any Greek.

    It is the pathwise graph, drawn for four paths with one increment per date, or with --steps time
    steps under models that take them; a node "state" stands for all steps between dates. Without -o
    it is written in the DOT language. A .svg, .png or .pdf wants Graphviz; where there is none, a .dot
    beside it is written instead, and the exit code is 1.
    """
    from greeks_cli.engine.execution.dot import dot_graph, steps_drawn
    from greeks_cli.report.dot import titled
    from greeks_cli.run.machine.graphviz import drawn, installed

    asked, greek = _asked(built(source, shows_greeks=False), of)
    to = output(out, None, ("dot", *_DRAWN), "dot", matplotlib=False)
    dot = titled(dot_graph(asked, greek), asked, greek, steps_drawn(asked))
    if to.format in _DRAWN and not installed():
        instead = _instead(to, dot)
        instead.deliver(dot)
        remedy = f"install it and run: dot -T{to.format} {instead.file} -o {to.file}"
        say(f"--out: {to.file}: wants Graphviz, so {instead.file} is written; {remedy}")
        return ExitCode.FAILURE
    to.deliver(dot if to.format == "dot" else drawn(dot, to.format))
    return ExitCode.OK


def _asked(request: Request, of: str) -> tuple[Request, Greek]:
    try:
        greek = parse_greek(of)
        return replace(request, greeks=(greek,), accuracy=Accuracy()), greek
    except (ValueError, InvalidInput) as error:
        problems = error.problems if isinstance(error, InvalidInput) else [Problem((), str(error))]
        raise InvalidInput([Problem(("--of",), problem.message, of) for problem in problems]) from None


def _instead(to: Output, dot: str) -> Output:
    """The text beside the picture that cannot be drawn. Raises InvalidInput where something else is there."""
    from greeks_cli.report.dot import has_same_title

    assert to.file is not None  # only a file's extension asks for a picture here
    file = to.file.with_suffix(".dot")
    check_file(file)
    if file.exists() and not has_same_title(file, dot):
        message = (
            f"wants Graphviz, which is not installed, and {file} is there already and another graph; "
            "install it, or give -o another.dot"
        )
        raise InvalidInput([Problem(("--out",), message, str(to.file))])
    return Output("dot", file)
