"""Profile of a request: its results at every point of one parameter or two, a curve or a surface."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from functools import reduce
from itertools import accumulate, pairwise, product
from operator import add

from greeks_cli.engine.execution.choice.least_error import Errors
from greeks_cli.engine.execution.choice.pilot_errors import squared_errors
from greeks_cli.engine.execution.choice.selection import Pilot
from greeks_cli.engine.execution.compile import able, plan
from greeks_cli.run.books.paths import run_plans
from greeks_cli.run.machine.allocator import prepare_memory
from greeks_cli.run.machine.executors import with_executor
from greeks_cli.run.pricing import Workers
from greeks_cli.terms.axis import Axis, places, points, where
from greeks_cli.terms.errors import GreeksError, InvalidInput, NonFiniteEstimate, Problem
from greeks_cli.terms.request import Request
from greeks_cli.terms.results.profile import Profile
from greeks_cli.terms.results.result import Progress, Result

_PILOTS = {1: 16, 2: 5}
"""Points along each axis at which methods are tried."""
_STAR_STEP = 3
"""Of the points that a profile tries, a star tries every third one along each axis."""


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
    tried = _spread([len(axis.values) for axis in axes])
    return Profile(tuple(axes), tuple(_priced(requests, labels, tried, Workers.of(threads, executor), progress)))


def star(request: Request, axes: Sequence[Axis], threads: int | None = None) -> list[Profile]:
    """A profile along each axis, the other parameters as they are; all share methods, traces and random numbers.

    Raises as ``profile``.
    """
    along = [points(request, [axis]) for axis in axes]
    labels = [where(place) for axis in axes for place in places([axis])]
    starts = list(accumulate(map(len, along), initial=0))
    tried = [
        start + n for start, axis in zip(starts, axes, strict=False) for n in _spread([len(axis.values)])[::_STAR_STEP]
    ]
    results = _priced([one for ray in along for one in ray], labels, tried, Workers.of(threads))
    rays = zip(axes, pairwise(starts), strict=True)
    return [Profile((axis,), tuple(results[start:end])) for axis, (start, end) in rays]


def _priced(
    requests: Sequence[Request],
    labels: Sequence[str],
    tried: Sequence[int],
    workers: Workers,
    progress: Progress | None = None,
) -> list[Result]:
    """The results of requests that differ in numbers alone, by one method for each Greek, chosen at some of them."""
    prepare_memory()
    requests = with_executor(requests)
    errors = _shared_errors(requests, labels, tried)
    middle = len(requests) // 2
    with _at(labels[middle]):
        controls = plan(requests[middle], errors=errors).controls
    plans = []
    for label, asked in zip(labels, requests, strict=True):
        with _at(label):
            plans.append(plan(asked, errors=errors, controls=controls))
    results: list[Result] = []
    for label, outcome in zip(labels, run_plans(plans, workers, progress), strict=True):
        with _at(label):
            if isinstance(outcome, GreeksError):
                raise outcome
            results.append(outcome)
    return results


def _shared_errors(requests: Sequence[Request], labels: Sequence[str], tried: Sequence[int]) -> Errors:
    """The squared errors of all methods, added up over some points, of Greeks that have the same choice at all of them.

    Beyond a barrier there are fewer kinks, and fewer methods to choose from.
    """
    found: list[Errors] = []
    for some, made in able(lambda some: squared_errors(Pilot.of_all([requests[n] for n in some])), tried):
        with _at(labels[some[0]]):
            if isinstance(made, GreeksError):
                raise made
        found += made
    common = [i for i, own in found[0].items() if all(i in errors and len(errors[i]) == len(own) for errors in found)]
    return {index: reduce(add, (errors[index] for errors in found)) for index in common}


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
