"""Graphviz, where it is installed: pictures of graphs in the DOT language."""

import shutil
import subprocess

from greeks_cli.terms.errors import GreeksError

_SECONDS = 300


class GraphvizFailed(GreeksError):
    """Error of Graphviz: it cannot draw the graph."""


def installed() -> bool:
    """True if Graphviz's program ``dot`` is on the path."""
    return shutil.which("dot") is not None


def drawn(dot: str, kind: str) -> bytes:
    """The picture of a graph, as ``svg``, ``png`` or ``pdf``. Raises GraphvizFailed."""
    try:
        done = subprocess.run(
            ["dot", f"-T{kind}"], input=dot.encode(), capture_output=True, check=True, timeout=_SECONDS
        )
    except subprocess.CalledProcessError as error:
        reason = error.stderr.decode(errors="replace").strip().splitlines()
        raise GraphvizFailed(f"Graphviz failed: {reason[-1] if reason else f'exit code {error.returncode}'}") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise GraphvizFailed(f"Graphviz failed: {error}") from None
    return done.stdout
