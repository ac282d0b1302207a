"""A request at every point of one parameter or two, so that the results make a curve or a surface."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from functools import reduce
from itertools import product

from greeks_cli.engine.execution.pilot_errors import squared_errors
from greeks_cli.engine.execution.plan import Plan
from greeks_cli.engine.execution.selection import Errors, Pilot
from greeks_cli.run.allocator import keep_freed_memory
from greeks_cli.run.local import Progress, run_plan
from greeks_cli.terms.axis import Axis, places, points, where
from greeks_cli.terms.errors import InvalidInput, NonFiniteEstimate, Problem
from greeks_cli.terms.profile import Profile
from greeks_cli.terms.request import Request
from greeks_cli.terms.result import Result

_PILOTS = {1: 16, 2: 5}
"""Points along each axis at which methods are tried."""


def profile(
    request: Request,
    axes: Sequence[Axis],
    threads: int | None = None,
    progress: Progress | None = None,
    executor: Executor | None = None,
) -> Profile:
    """Price the request at every point, with one method for each Greek and the same random numbers everywhere.

    ``progress`` is called with (points done, points in all); ``threads`` and ``executor`` are those of ``run``.
    Tolerances are left aside: they would give every point random numbers of its own.
    Raises InvalidInput before the first path where an axis or a point is not valid, and NonFiniteEstimate,
    naming the point.
    """
    requests = points(request, axes)
    labels = [where(place) for place in places(axes)]
    keep_freed_memory()
    errors = _shared_errors(requests, labels, axes)
    middle = requests[len(requests) // 2]
    with _at(labels[len(requests) // 2]):
        controls = Plan.of(middle, errors=errors).controls
    results: list[Result] = []
    for label, asked in zip(labels, requests, strict=True):
        with _at(label):
            plan = Plan.of(asked, errors=errors, controls=controls)
            results.append(run_plan(plan, threads, None, executor))
        if progress:
            progress(len(results), len(requests))
    return Profile(tuple(axes), tuple(results))


def _shared_errors(requests: Sequence[Request], labels: Sequence[str], axes: Sequence[Axis]) -> Errors:
    """The squared errors of all methods, added up over a few points of every axis."""
    found: list[Errors] = []
    for number in _spread([len(axis.values) for axis in axes]):
        with _at(labels[number]):
            found += squared_errors(Pilot.of_all([requests[number]]))
    return reduce(lambda one, other: {index: one[index] + other[index] for index in one}, found)


def _spread(lengths: Sequence[int]) -> list[int]:
    """Numbers of points evenly spread over the axes, the ends included."""
    most = _PILOTS[len(lengths)]
    along = [{round(i * (n - 1) / (min(n, most) - 1)) for i in range(min(n, most))} for n in lengths]
    grid = product(*map(range, lengths))
    return [number for number, at in enumerate(grid) if all(i in some for i, some in zip(at, along, strict=True))]


@contextmanager
def _at(label: str) -> Iterator[None]:
    """What goes wrong here is told with the point's name."""
    try:
        yield
    except InvalidInput as error:
        raise InvalidInput([Problem((label,), problem.message) for problem in error.problems]) from None
    except NonFiniteEstimate as error:
        raise NonFiniteEstimate(f"{label}: {error}") from None
