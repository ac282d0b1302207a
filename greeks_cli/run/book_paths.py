"""Requests that share their paths, and the totals over all of them."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import closing
from itertools import pairwise
from math import ceil

import numpy as np

from greeks_cli.analytic.closed_forms import Exact, exact_derivatives, exact_greeks_of_all
from greeks_cli.engine.backends.select import on_processor
from greeks_cli.engine.execution.compile import able, compiled, planned
from greeks_cli.engine.execution.estimates import Truth, estimates
from greeks_cli.engine.execution.path_group import GroupMoments, PathGroup, path_groups
from greeks_cli.engine.execution.plan import Plan
from greeks_cli.engine.payoffs.controls import control_of
from greeks_cli.run.allocator import keep_freed_memory
from greeks_cli.run.cores import available_cores
from greeks_cli.run.pricing import Workers, moments_by_block
from greeks_cli.terms.errors import GreeksError, InvalidInput, Problem
from greeks_cli.terms.request import Request
from greeks_cli.terms.result import Answer, Progress, Result, Sum

_TASKS_PER_WORKER = 4
"""Enough for all workers to end at about the same time."""
_WORTH_A_TASK = 1 << 22
"""Paths times trades of a share, at least: a share of a group is linked by itself, which takes time."""

Outcome = Result | GreeksError
"""A result, or the error that prevents one."""


def run_with_totals(
    requests: Sequence[Request], threads: int | None = None, executor: Executor | None = None
) -> tuple[list[Outcome], list[Sum]]:
    """The outcome of each request, as ``run`` gives it, and the totals of the Greeks that all have in common.

    Requests of the same simulation and dates share their paths, and are summed path by path. The standard errors
    of requests on different paths are added: they use the same seed, and their correlation is unknown.
    There are no totals where a request has no result. Raises InvalidInput for tolerances and control variates:
    a tolerance makes the numbers of paths differ, and estimates with a control variate are no means over paths.
    """
    if any(request.accuracy.tol or request.simulation.control for request in requests):
        raise InvalidInput([Problem(("total",), "is of the same paths for all trades; leave out tol and control")])
    keep_freed_memory()
    workers = Workers.of(threads, executor)
    totals: list[dict[str, Sum]] = []

    def total(group: PathGroup, moments: GroupMoments, found: Sequence[Outcome]) -> None:
        results = [outcome for outcome in found if isinstance(outcome, Result)]
        if len(results) == len(found):
            totals.append(_sums(group, moments, results))

    outcomes = _priced(_planned(requests, workers), workers, total)
    whole = bool(outcomes) and all(isinstance(outcome, Result) for outcome in outcomes)
    return outcomes, _added(totals) if whole else []


def run_together(requests: Sequence[Request], threads: int | None = None) -> list[Outcome]:
    """The outcome of each request, as ``run`` gives it; those of the same simulation and dates share their paths."""
    keep_freed_memory()
    workers = Workers.of(threads)
    return _priced(_planned(requests, workers), workers)


def answer_of(outcome: Outcome) -> Answer:
    """The outcome for a row of a book: a result, or its error in one line."""
    return outcome if isinstance(outcome, Result) else outcome.in_one_line


def run_plans(plans: Sequence[Plan], workers: Workers, progress: Progress | None = None) -> list[Outcome]:
    """The outcome of each plan; ``progress`` is called with (plans done, plans in all)."""
    return _priced(plans, workers, progress=progress)


def _planned(requests: Sequence[Request], workers: Workers) -> list[Plan | GreeksError]:
    # Plans are made in this process, whatever the executor.
    with ThreadPoolExecutor(available_cores() if workers.executor else workers.count) as pool:
        return planned(requests, pool.map)


def _priced(
    plans: Sequence[Plan | GreeksError],
    workers: Workers,
    total: Callable[[PathGroup, GroupMoments, Sequence[Outcome]], None] | None = None,
    progress: Progress | None = None,
) -> list[Outcome]:
    """The outcome of each plan; ``total`` is called with each path group, which then is not divided."""
    outcomes: dict[int, Outcome] = {n: error for n, error in enumerate(plans) if isinstance(error, GreeksError)}
    valid = {n: plan for n, plan in enumerate(plans) if isinstance(plan, Plan)}
    for group in path_groups(valid):
        # A sum over all trades is made path by path, and must not depend on the number of workers.
        whole = total is not None or workers.executor is not None
        shares = _shares(group, valid[group[0]], 1 if whole else workers.count)
        members: list[PathGroup] = []
        places: list[Sequence[int]] = []
        for share in shares:
            for numbers, made in able(lambda some: compiled([valid[n] for n in some], total is not None), share):
                if isinstance(made, GreeksError):
                    outcomes |= dict.fromkeys(numbers, made)
                else:
                    members.append(made)
                    places.append(numbers)
        if not members:
            continue
        done = len(outcomes)
        with closing(moments_by_block(members, workers)) as blocks:
            for block, merged in enumerate(blocks, start=1):
                moments = list(merged)
                if progress:
                    progress(done + len(group) * block // members[0].n_blocks, len(plans))
        for numbers, member, sums in zip(places, members, moments, strict=True):
            found = dict(_outcomes(member, sums))
            outcomes |= {number: found[place] for place, number in enumerate(numbers)}
            if total:
                total(member, sums, [found[place] for place in range(len(numbers))])
    return [outcomes[number] for number in range(len(plans))]


def _outcomes(group: PathGroup, moments: GroupMoments) -> Iterator[tuple[int, Outcome]]:
    """The number of each plan of a group, and its outcome."""
    exact = exact_greeks_of_all([plan.request for plan in group.plans])
    tails = group.tails(moments.paths)
    for numbers, sums, own in zip(group.stacks, moments.stacks, tails, strict=True):
        plans = [group.plans[number] for number in numbers]
        truths = [truth_of(plan, exact[number]) for plan, number in zip(plans, numbers, strict=True)]
        for number, plan, found in zip(numbers, plans, estimates(plans, sums, truths, own), strict=True):
            if isinstance(found, GreeksError):
                yield number, found
            else:
                yield number, Result(plan.request, found, sums.paths, 0.0, shift=plan.shift)


def truth_of(plan: Plan, exact: Exact) -> Truth:
    """The closed forms of a plan: ``exact`` for the contract and, where one is used, those of the control variate."""
    if not plan.controls:
        return Truth(exact)
    request = plan.request
    wanted = [plan.controls[greek.parameters] for greek in request.greeks]
    control = exact_derivatives(request, control_of(request.contract), wanted)
    return Truth(exact, [value or 0.0 for value in control])


def _shares(group: list[int], plan: Plan, workers: int) -> list[list[int]]:
    """A large group divided evenly, where its blocks alone are too few tasks for several threads of the processor."""
    if workers == 1 or not on_processor(plan.request.simulation):
        return [group]
    wanted = ceil(_TASKS_PER_WORKER * workers / plan.blocks.count)
    n = max(1, min(wanted, len(group), len(group) * plan.request.simulation.paths // _WORTH_A_TASK))
    ends = [len(group) * i // n for i in range(n + 1)]
    return [group[start:end] for start, end in pairwise(ends)]


def _sums(group: PathGroup, moments: GroupMoments, results: Sequence[Result]) -> dict[str, Sum]:
    found = {}
    for name, stderr in zip(group.common, moments.total.stderr if moments.total else (), strict=True):
        members = [result[name] for result in results]
        value, bias = sum(member.value for member in members), sum(member.bias for member in members)
        # The spread of constant numbers is rounding.
        noise = 0.0 if all(member.stderr == 0 for member in members) else float(stderr)
        found[name] = Sum(members[0].greek, float(value), noise, float(bias))
    return found


def _added(totals: Sequence[dict[str, Sum]]) -> list[Sum]:
    names = [name for name in totals[0] if all(name in total for total in totals)]
    columns = [[total[name] for total in totals] for name in names]
    return [
        Sum(
            column[0].greek,
            float(np.sum([one.value for one in column])),
            float(np.sum([one.stderr for one in column])),
            float(np.sum([one.bias for one in column])),
        )
        for column in columns
    ]
