"""A graph in the DOT language, made ready to be looked at."""

import json
import re
from pathlib import Path

from greeks_cli.report.headline import headline
from greeks_cli.terms.greek import Greek
from greeks_cli.terms.request import Request

_OPENING = "digraph graphname{"
_NEW_LINE = r"\l"
"""Of a label, to the left."""


def titled(dot: str, request: Request, greek: Greek) -> str:
    """The graph under a title that says of what it is, its constants with the digits that a reader takes in."""
    words = headline(request, request.simulation.paths)
    lines = (f"{greek.name}: {words.contract} | {words.market}", words.simulation)
    title = "".join(json.dumps(line, ensure_ascii=False)[1:-1] + _NEW_LINE for line in lines)
    style = f'label="{title}";labelloc=t;labeljust=l;fontname="sans-serif";node [fontname="sans-serif"];'
    short = re.sub(r"\d+\.\d{6,}(e[-+]?\d+)?", lambda number: f"{float(number[0]):.6g}", dot)
    return short.replace(_OPENING, f"{_OPENING}{style}", 1) + "\n"


def holds(file: Path, dot: str) -> bool:
    """Whether a file is a graph of the same title, which is the same but for the names of its nodes."""
    return file.read_bytes().startswith(dot.partition(";")[0].encode())
