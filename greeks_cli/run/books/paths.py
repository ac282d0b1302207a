"""Requests that share their paths, and the totals over all of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import closing
from itertools import pairwise
from math import ceil, hypot

from greeks_cli.analytic.closed_forms import Exact, exact_greeks_of_all
from greeks_cli.engine.backends.select import on_processor
from greeks_cli.engine.execution.compile import able, compiled, planned, simplified
from greeks_cli.engine.execution.estimates import estimates
from greeks_cli.engine.execution.path_group import GroupMoments, PathGroup, WeightedSum
from greeks_cli.engine.execution.plan import Plan
from greeks_cli.engine.execution.shared_normals import path_groups
from greeks_cli.engine.exercise.law import exercise_law
from greeks_cli.run.machine.allocator import prepare_memory
from greeks_cli.run.machine.cores import available_cores
from greeks_cli.run.machine.executors import with_executor
from greeks_cli.run.pricing import Workers, moments_by_block
from greeks_cli.run.truths import truth_of
from greeks_cli.run.unsimulated import unsimulated
from greeks_cli.terms.books.measures import Measure
from greeks_cli.terms.books.totals import Sum, Total
from greeks_cli.terms.errors import GreeksError, InvalidInput, Problem
from greeks_cli.terms.request import Request
from greeks_cli.terms.results.result import Answer, Progress, Result

_TASKS_PER_WORKER = 4
"""Enough for all workers to end at about the same time."""
_WORTH_A_TASK = 1 << 22
"""Paths times trades of a share, at least: a share of a group is linked by itself, which takes time."""

Outcome = Result | GreeksError
"""A result, or the error that prevents one."""


def run_with_totals(
    requests: Sequence[Request], totals: Sequence[Total], threads: int | None = None, executor: Executor | None = None
) -> tuple[list[Outcome], list[list[Sum] | None]]:
    """The outcome of each request, as ``run`` gives it, and the sums of each total; None where a trade has no result.

    The errors are those of ``run_with_sums``, which raises InvalidInput.
    """
    weighted = [_weights(total, measure, requests) for total in totals for measure in total.measures]
    outcomes, errors = run_with_sums(requests, weighted, threads, executor)
    found = iter(errors)
    return outcomes, [_added(total, outcomes, [next(found) for _ in total.measures]) for total in totals]


Weights = Mapping[tuple[int, str], float]
"""A sum over requests: the weight of each Greek by the place of its request and its name."""


def run_with_sums(
    requests: Sequence[Request], sums: Sequence[Weights], threads: int | None = None, executor: Executor | None = None
) -> tuple[list[Outcome], list[float]]:
    """The outcome of each request, as ``run`` gives it, and the standard error of each sum over Greeks of requests.

    Requests that draw as many normals, of the same seed, are summed path by path. Standard errors of requests on other
    paths of the same seed are added, for their correlation is unknown; those of other seeds are independent. Raises
    InvalidInput for tolerances and control variates: a tolerance makes the numbers of paths differ, and estimates with
    a control variate are no means over paths.
    """
    if any(request.accuracy.tol or request.simulation.control for request in requests):
        raise InvalidInput([Problem(("total",), "is of the same paths for all trades; leave out tol and control")])
    prepare_memory()
    workers = Workers.of(threads, executor)
    errors = _Errors(sums)
    outcomes = _priced(_planned(requests, workers), workers, errors)
    return outcomes, [errors.of(number) for number in range(len(sums))]


def _weights(total: Total, measure: Measure, requests: Sequence[Request]) -> Weights:
    members = zip(total.members, total.weights, strict=True)
    return {
        (place, name): weight * own for place, weight in members for name, own in measure.terms(requests[place]).items()
    }


class _Errors:
    """Standard errors of sums over each path group."""

    def __init__(self, sums: Sequence[Weights]):
        self._terms: dict[int, list[tuple[int, str, float]]] = {}
        """By place of a request, the sums that it is part of, with the Greek and its weight."""
        for number, weights in enumerate(sums):
            for (place, name), weight in weights.items():
                self._terms.setdefault(place, []).append((number, name, weight))
        self._found: dict[int, dict[int, float]] = {}
        """By sum, the standard error over the paths of each seed."""

    def wanted(self, places: Sequence[int], numbers: Sequence[int]) -> dict[int, WeightedSum]:
        """The sums over plans of some numbers; ``places`` are those of all plans among the requests."""
        found: dict[int, dict[tuple[int, str], float]] = {}
        for place, number in enumerate(numbers):
            for at, name, weight in self._terms.get(places[number], ()):
                found.setdefault(at, {})[place, name] = weight
        return {at: WeightedSum(weights) for at, weights in found.items()}

    def add(self, sums: Iterable[int], group: PathGroup, moments: GroupMoments) -> None:
        """Adds the standard errors of sums over a path group."""
        seed = group.plans[0].request.simulation.seed
        for at, stderr in zip(sums, moments.total.stderr if moments.total else (), strict=True):
            of_seeds = self._found.setdefault(at, {})
            of_seeds[seed] = of_seeds.get(seed, 0.0) + float(stderr)

    def of(self, number: int) -> float:
        """The standard error of a sum: paths of different seeds are independent."""
        return hypot(*self._found.get(number, {}).values())


def run_together(requests: Sequence[Request], threads: int | None = None) -> list[Outcome]:
    """The outcome of each request, as ``run`` gives it; those of the same simulation and dates share their paths."""
    prepare_memory()
    workers = Workers.of(threads)
    return _priced(_planned(requests, workers), workers)


def answer_of(outcome: Outcome) -> Answer:
    """The outcome for a row of a book: a result, or its error in one line."""
    return outcome if isinstance(outcome, Result) else outcome.in_one_line


def run_plans(plans: Sequence[Plan], workers: Workers, progress: Progress | None = None) -> list[Outcome]:
    """The outcome of each plan; ``progress`` is called with (plans done, plans in all)."""
    return _priced(plans, workers, progress=progress)


def _planned(requests: Sequence[Request], workers: Workers) -> list[Plan | Outcome]:
    """The plan of each request, its result where it needs no paths, or the error that prevents both."""
    requests = with_executor(requests)
    found: dict[int, Plan | Outcome] = dict(unsimulated(requests))
    others = [number for number in range(len(requests)) if number not in found]
    # Plans are made in this process, whatever the executor.
    with ThreadPoolExecutor(available_cores() if workers.executor else workers.count) as pool:
        found |= zip(others, planned([requests[number] for number in others], pool.map), strict=True)
    return [found[number] for number in range(len(requests))]


def _priced(
    plans: Sequence[Plan | Outcome],
    workers: Workers,
    errors: _Errors | None = None,
    progress: Progress | None = None,
) -> list[Outcome]:
    """The outcome of each plan; with ``errors``, which gain those of the sums, path groups are not divided."""
    outcomes: dict[int, Outcome] = {n: found for n, found in enumerate(plans) if not isinstance(found, Plan)}
    valid = {n: plan for n, plan in enumerate(plans) if isinstance(plan, Plan)}
    for places, programs in able(lambda some: simplified([valid[n] for n in some]), [*valid]):
        if isinstance(programs, GreeksError):
            outcomes |= dict.fromkeys(places, programs)
            continue
        exact = exact_greeks_of_all([plan.request for plan in programs.plans])
        for group in path_groups(dict(enumerate(programs.plans)), across_dates=errors is not None):
            # A sum over all trades is made path by path, and must not depend on the number of workers.
            whole = errors is not None or workers.executor is not None
            shares = _shares(group, programs.plans[group[0]], 1 if whole else workers.count)
            sums = [errors.wanted(places, share) if errors else {} for share in shares]
            members = [compiled(programs, s, [*own.values()]) for s, own in zip(shares, sums, strict=True)]
            done = len(outcomes)
            with closing(moments_by_block(members, workers)) as blocks:
                for block, merged in enumerate(blocks, start=1):
                    moments = list(merged)
                    if progress:
                        progress(done + len(group) * block // members[0].n_blocks, len(plans))
            for share, member, own, found in zip(shares, members, sums, moments, strict=True):
                ended = _outcomes(member, found, [exact[n] for n in share])
                outcomes |= {places[share[number]]: outcome for number, outcome in ended}
                if errors:
                    errors.add(own, member, found)
    return [outcomes[number] for number in range(len(plans))]


def _outcomes(group: PathGroup, moments: GroupMoments, exact: Sequence[Exact]) -> Iterator[tuple[int, Outcome]]:
    """The number of each plan of a group, and its outcome; ``exact`` are the closed forms of all plans."""
    tails = group.tails(moments.paths)
    for numbers, sums, own in zip(group.stacks, moments.stacks, tails, strict=True):
        plans = [group.plans[number] for number in numbers]
        truths = [truth_of(plan, exact[number]) for plan, number in zip(plans, numbers, strict=True)]
        for number, plan, found in zip(numbers, plans, estimates(plans, sums, truths, own), strict=True):
            if isinstance(found, GreeksError):
                yield number, found
            else:
                yield (
                    number,
                    Result(
                        plan.request, found, sums.paths, 0.0, (), plan.shift, plan.n_steps, exercise_law(plan.request)
                    ),
                )


def _shares(group: list[int], plan: Plan, workers: int) -> list[list[int]]:
    """A large group divided evenly, where its blocks alone are too few tasks for several threads of the processor."""
    if workers == 1 or not on_processor(plan.request.simulation):
        return [group]
    wanted = ceil(_TASKS_PER_WORKER * workers / plan.blocks.count)
    n = max(1, min(wanted, len(group), len(group) * plan.request.simulation.paths // _WORTH_A_TASK))
    ends = [len(group) * i // n for i in range(n + 1)]
    return [group[start:end] for start, end in pairwise(ends)]


def _added(total: Total, outcomes: Sequence[Outcome], errors: Sequence[float]) -> list[Sum] | None:
    """The sums of a total, with the standard error of each."""
    results = [outcome for place in total.members if isinstance(outcome := outcomes[place], Result)]
    if len(results) < len(total.members):
        return None
    sums = []
    for measure, stderr in zip(total.measures, errors, strict=True):
        members = [
            (weight * own, result[name])
            for weight, result in zip(total.weights, results, strict=True)
            for name, own in measure.terms(result.request).items()
        ]
        value = sum(weight * member.value for weight, member in members)
        bias = sum(abs(weight) * member.bias for weight, member in members)
        # The spread of constant numbers is rounding.
        noise = 0.0 if all(member.stderr == 0 for _, member in members) else stderr
        sums.append(Sum(measure, float(value), noise, float(bias)))
    return sums
