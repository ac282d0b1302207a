"""Our side of a workload: a request, run on all cores, with its error bars; and the floor under it."""

from collections.abc import Callable

from greeks_cli.run.price import run
from greeks_cli.run.workloads import drawing
from greeks_cli.terms.request import Request


def priced(request: Request) -> Callable[[], Callable[[], object]]:
    """A contestant that runs the request."""
    return lambda: lambda: run(request)


def floor(request: Request) -> Callable[[], Callable[[], object]]:
    """A contestant that draws the request's normals and does nothing else."""
    return lambda: drawing(request)
