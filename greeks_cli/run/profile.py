"""Profile of a request: its results at every point of one parameter or two, a curve or a surface."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from functools import reduce
from itertools import product

from greeks_cli.engine.execution.choice import Errors
from greeks_cli.engine.execution.compile import able, plan
from greeks_cli.engine.execution.pilot_errors import squared_errors
from greeks_cli.engine.execution.selection import Pilot
from greeks_cli.run.allocator import prepare_memory
from greeks_cli.run.book_paths import run_plans
from greeks_cli.run.pricing import Workers
from greeks_cli.terms.axis import Axis, places, points, where
from greeks_cli.terms.errors import GreeksError, InvalidInput, NonFiniteEstimate, Problem
from greeks_cli.terms.profile import Profile
from greeks_cli.terms.request import Request
from greeks_cli.terms.result import Progress, Result

_PILOTS = {1: 16, 2: 5}
"""Points along each axis at which methods are tried."""


def profile(
    request: Request,
    axes: Sequence[Axis],
    threads: int | None = None,
    progress: Progress | None = None,
    executor: Executor | None = None,
) -> Profile:
    """Prices the request at every point, with one method for each Greek and common random numbers.

    ``progress`` is called with (points done, points in all); ``threads`` and ``executor`` are arguments of ``run``.
    Tolerances are ignored: they would give every point other random numbers.
    Raises InvalidInput before the first path where an axis or a point is not valid, and NonFiniteEstimate,
    naming the point.
    """
    requests = points(request, axes)
    labels = [where(place) for place in places(axes)]
    prepare_memory()
    errors = _shared_errors(requests, labels, axes)
    middle = requests[len(requests) // 2]
    with _at(labels[len(requests) // 2]):
        controls = plan(middle, errors=errors).controls
    plans = []
    for label, asked in zip(labels, requests, strict=True):
        with _at(label):
            plans.append(plan(asked, errors=errors, controls=controls))
    results: list[Result] = []
    outcomes = run_plans(plans, Workers.of(threads, executor), progress)
    for label, outcome in zip(labels, outcomes, strict=True):
        with _at(label):
            if isinstance(outcome, GreeksError):
                raise outcome
            results.append(outcome)
    return Profile(tuple(axes), tuple(results))


def _shared_errors(requests: Sequence[Request], labels: Sequence[str], axes: Sequence[Axis]) -> Errors:
    """The squared errors of all methods, added up over a few points of every axis."""
    numbers = _spread([len(axis.values) for axis in axes])
    found: list[Errors] = []
    for some, made in able(lambda some: squared_errors(Pilot.of_all([requests[n] for n in some])), numbers):
        with _at(labels[some[0]]):
            if isinstance(made, GreeksError):
                raise made
        found += made
    return reduce(lambda one, other: {index: one[index] + other[index] for index in one}, found)


def _spread(lengths: Sequence[int]) -> list[int]:
    """Numbers of points evenly spread over the axes, the ends included."""
    most = _PILOTS[len(lengths)]
    along = [{round(i * (n - 1) / (min(n, most) - 1)) for i in range(min(n, most))} for n in lengths]
    grid = product(*map(range, lengths))
    return [number for number, at in enumerate(grid) if all(i in some for i, some in zip(at, along, strict=True))]


@contextmanager
def _at(label: str) -> Iterator[None]:
    """Adds the name of the point to errors."""
    try:
        yield
    except InvalidInput as error:
        raise InvalidInput([Problem((label,), problem.message) for problem in error.problems]) from None
    except NonFiniteEstimate as error:
        raise NonFiniteEstimate(f"{label}: {error}") from None
