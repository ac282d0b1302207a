"""Requests that share their paths, and the total over all of them."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import closing
from itertools import pairwise, product
from math import ceil

import numpy as np

from greeks_cli.analytic.closed_forms import exact_greeks_of_all
from greeks_cli.engine.backends.select import on_processor
from greeks_cli.engine.execution.estimates import estimates
from greeks_cli.engine.execution.path_group import Cohort, CohortTally, SharedNormals, cohorts, price_block
from greeks_cli.engine.execution.plan import Plan
from greeks_cli.run.allocator import keep_freed_memory
from greeks_cli.run.cores import available_cores
from greeks_cli.run.local import in_order, known
from greeks_cli.terms.errors import GreeksError, InvalidInput, NonFiniteEstimate, Problem
from greeks_cli.terms.request import Request
from greeks_cli.terms.result import Answer, Result, Sum

_TASKS_PER_WORKER = 4
"""Enough for all workers to end at about the same time."""
_WORTH_A_TASK = 64
"""Trades, about: a share of a group is put together by itself, which takes longer the more shares there are."""


def run_together(
    requests: Sequence[Request], threads: int | None = None, executor: Executor | None = None
) -> tuple[list[Answer], list[Sum]]:
    """An answer for each request, as ``run`` gives it, and the totals of the Greeks that all have in common.

    Requests of the same simulation and dates share their paths, and are summed path by path. The standard errors
    of those that do not are added: they use the same seed in other ways, so nothing is known of how they go together.
    There are no totals where a request has no result. Raises InvalidInput for tolerances and control variates:
    the one makes the numbers of paths differ, the other estimates that are no means over paths.
    """
    if any(request.accuracy.tol or request.simulation.control for request in requests):
        raise InvalidInput([Problem(("total",), "is of the same paths for all trades; leave out tol and control")])
    answers: list[Answer] = ["" for _ in requests]
    totals: list[dict[str, Sum]] = []
    for group, cohort, tally in _tallies(requests, answers, True, threads, executor):
        found = [answer for number in group if isinstance(answer := answers[number], Result)]
        if len(found) == len(group):
            totals.append(_sums(cohort, tally, found))
    whole = bool(answers) and all(isinstance(answer, Result) for answer in answers)
    return answers, _added(totals) if whole else []


def run_alongside(requests: Sequence[Request], threads: int | None = None) -> list[Answer]:
    """An answer for each request, as ``run`` gives it; those of the same simulation and dates share their paths."""
    answers: list[Answer] = ["" for _ in requests]
    for _ in _tallies(requests, answers, False, threads, None):
        pass
    return answers


def _tallies(
    requests: Sequence[Request], answers: list[Answer], summed: bool, threads: int | None, executor: Executor | None
) -> Iterator[tuple[list[int], Cohort, CohortTally]]:
    """The numbers, plans and sums of all that share their paths, whose answers are then there."""
    keep_freed_memory()
    plans: dict[int, Plan] = {}
    workers = threads or available_cores()
    with ThreadPoolExecutor(available_cores() if executor else workers) as pool:  # plans are made here
        for number, plan in enumerate(Plan.of_all(requests, pool.map)):
            if isinstance(plan, Plan):
                plans[number] = plan
            else:
                answers[number] = plan.in_one_line
    for group in cohorts(plans):
        # A sum over all trades is made path by path, and must not depend on how many workers there are.
        whole = summed or executor is not None
        shares, members = _members(group, plans, answers, summed, 1 if whole else workers)
        for share, cohort, tally in _priced(shares, members, workers, executor):
            for number, answer in _answers(cohort, tally):
                answers[share[number]] = answer
            yield share, cohort, tally


def _answers(cohort: Cohort, tally: CohortTally) -> Iterator[tuple[int, Answer]]:
    """The number of each plan, and its answer."""
    exact = exact_greeks_of_all([plan.request for plan in cohort.plans])
    for numbers, own in cohort.by_stack(tally):
        plans = [cohort.plans[number] for number in numbers]
        truths = [known(plan, exact[number]) for plan, number in zip(plans, numbers, strict=True)]
        for number, plan, found in zip(numbers, plans, estimates(plans, own, truths), strict=True):
            if isinstance(found, NonFiniteEstimate):
                yield number, found.in_one_line
            else:
                yield number, Result(plan.request, found, own.paths, 0.0)


def _members(
    group: list[int], plans: Mapping[int, Plan], answers: list[Answer], summed: bool, workers: int
) -> tuple[list[list[int]], list[Cohort]]:
    """The shares of a group for so many workers, made ready; a trade whose calculation cannot be made is in none."""
    try:
        shares = _shares(group, plans[group[0]], workers)
        return shares, [Cohort.of([plans[number] for number in share], summed) for share in shares]
    except GreeksError:  # whose it is, is found by trying each alone
        able = []
        for number in group:
            try:
                Cohort.of([plans[number]])
                able.append(number)
            except GreeksError as error:
                answers[number] = error.in_one_line
        if able == group:
            raise
        return _members(able, plans, answers, summed, workers) if able else ([], [])


def _shares(group: list[int], plan: Plan, workers: int) -> list[list[int]]:
    """A large group divided evenly, where its blocks alone are too few tasks for several threads of the processor."""
    if workers == 1 or not on_processor(plan.request.simulation):
        return [group]
    wanted = ceil(_TASKS_PER_WORKER * workers / plan.n_blocks)
    n = max(1, min(wanted, len(group) // _WORTH_A_TASK))
    ends = [len(group) * i // n for i in range(n + 1)]
    return [group[start:end] for start, end in pairwise(ends)]


def _priced(
    shares: Sequence[list[int]], members: Sequence[Cohort], workers: int, executor: Executor | None
) -> Iterator[tuple[list[int], Cohort, CohortTally]]:
    """Each share of a group, priced on the paths of all, which are drawn once."""
    if not members:
        return
    shared = (SharedNormals(members[0].plans[0], len(members)),) if len(members) > 1 else ()
    blocks = range(members[0].n_blocks)
    tasks = ((cohort, block, *shared) for block in blocks for cohort in members)
    sums: dict[int, CohortTally] = {}
    with closing(in_order(price_block, tasks, workers, executor)) as tallies:
        for (_, member), tally in zip(product(blocks, range(len(members))), tallies, strict=True):
            sums[member] = sums[member] + tally if member in sums else tally
    yield from zip(shares, members, sums.values(), strict=True)


def _sums(cohort: Cohort, tally: CohortTally, results: Sequence[Result]) -> dict[str, Sum]:
    found = {}
    for name, stderr in zip(cohort.common, tally.total.stderr if tally.total else (), strict=True):
        members = [result[name] for result in results]
        value, bias = sum(member.value for member in members), sum(member.bias for member in members)
        # Of many numbers that do not vary, rounding remains.
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
