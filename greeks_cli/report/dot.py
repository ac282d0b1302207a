"""A graph in the DOT language, made ready to be looked at."""

import json

from greeks_cli.report.headline import headline
from greeks_cli.terms.greek import Greek
from greeks_cli.terms.request import Request

_OPENING = "digraph graphname{"


def titled(dot: str, request: Request, greek: Greek) -> str:
    """The graph under a title that says of what it is."""
    words = headline(request, request.simulation.paths)
    title = json.dumps(f"{greek.name}: {words.contract} | {words.market}", ensure_ascii=False)
    style = f'label={title};labelloc=t;labeljust=l;fontname="sans-serif";node [fontname="sans-serif"];'
    return dot.replace(_OPENING, f"{_OPENING}{style}", 1) + "\n"
