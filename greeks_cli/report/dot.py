"""Title and short constants for a graph in the DOT language."""

import json
import re
from pathlib import Path

from greeks_cli.report.headline import headline
from greeks_cli.terms.greek import Greek
from greeks_cli.terms.request import Request

_OPENING = "digraph graphname{"
_NEW_LINE = r"\l"
"""Line break of a label, aligned to the left."""


def titled(dot: str, request: Request, greek: Greek, steps: int) -> str:
    """Graph with a title (Greek, contract, market, simulation) and constants of six significant digits.

    ``steps`` is the number of time steps of the paths drawn, 0 where sampling is exact.
    """
    heading = headline(request, request.simulation.paths, steps=steps)
    lines = (f"{greek.name}: {heading.contract} | {heading.market}", heading.simulation)
    title = "".join(json.dumps(line, ensure_ascii=False)[1:-1] + _NEW_LINE for line in lines)
    style = f'label="{title}";labelloc=t;labeljust=l;fontname="sans-serif";node [fontname="sans-serif"];'
    short = re.sub(r"\d+\.\d{6,}(e[-+]?\d+)?", lambda number: f"{float(number[0]):.6g}", dot)
    return short.replace(_OPENING, f"{_OPENING}{style}", 1) + "\n"


def has_same_title(file: Path, dot: str) -> bool:
    """True if the file holds a graph with the title of ``dot``: only names of nodes can differ."""
    return file.read_bytes().startswith(dot.partition(";")[0].encode())
