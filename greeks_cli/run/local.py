"""Run a request on threads of this process, or on whatever executor there is."""

import time
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import closing
from itertools import islice
from math import ceil
from typing import Any, TypeVar

from greeks_cli.analytic.closed_forms import Exact, exact_derivatives, exact_greeks
from greeks_cli.engine.backends.select import devices
from greeks_cli.engine.execution.estimates import Estimates, Truth, estimates
from greeks_cli.engine.execution.path_group import Cohort, CohortTally, price_block
from greeks_cli.engine.execution.plan import Plan
from greeks_cli.engine.payoffs.controls import control_of
from greeks_cli.run.allocator import keep_freed_memory
from greeks_cli.run.cores import available_cores
from greeks_cli.terms.accuracy import Target
from greeks_cli.terms.errors import NonFiniteEstimate
from greeks_cli.terms.request import Request
from greeks_cli.terms.result import Estimate, Result
from greeks_cli.terms.simulation import Sampler

Progress = Callable[[int, int], None]
"""Called with (blocks done, blocks in all) after every block."""

Answer = TypeVar("Answer")

_FEWEST_BLOCKS = 4
"""Before so many blocks (all scrambles of Sobol points) an error bar is not trusted to end a run."""


def run(
    request: Request,
    threads: int | None = None,
    progress: Progress | None = None,
    forecast: Callable[[str], None] | None = None,
    executor: Executor | None = None,
) -> Result:
    """Price a request. Its numbers depend neither on ``threads`` nor on the ``executor`` used in their place.

    With targets, blocks are added until all are met or the budget ends; ``forecast`` is told
    what that will cost. Raises NonFiniteEstimate when an estimate is not a finite number, and
    GpuFailed where a GPU is wanted and none works.
    """
    keep_freed_memory()
    if executor is None:
        devices(request.simulation)  # what is missing is said before the pilot, not after
    runner = _Runner(request, threads or available_cores(), progress, executor)
    result = runner.until(Plan.of(request))
    if not result.unmet or runner.late():
        return result
    paths = _paths_needed(result)
    if forecast:
        forecast(_forecast(result, paths))
    simulation = request.simulation.model_copy(update={"paths": min(paths, request.accuracy.max_paths)})
    longer = Request(request.contract, request.market, simulation, request.greeks, request.accuracy)
    return runner.until(Plan.of(longer, request.accuracy.max_paths))


def run_plan(
    plan: Plan, threads: int | None = None, progress: Progress | None = None, executor: Executor | None = None
) -> Result:
    """Price the request of a plan that somebody else has made, with all its paths."""
    return _Runner(plan.request, threads or available_cores(), progress, executor).until(plan)


class _Runner:
    """One clock, one pool size, one place to report to."""

    def __init__(self, request: Request, threads: int, progress: Progress | None, executor: Executor | None):
        self._executor = executor
        self._request = request
        self._threads = threads
        self._progress = progress
        self._started = time.perf_counter()

    def until(self, plan: Plan) -> Result:
        """Run the plan's blocks in order until the targets are met, or all blocks."""
        targets = self._request.accuracy.tol
        cohort = Cohort.of([plan])
        total: CohortTally | None = None
        truth: Truth | None = None
        answers: Estimates = ()
        tasks = ((cohort, block) for block in range(cohort.n_blocks))
        with closing(in_order(price_block, tasks, self._threads, self._executor)) as tallies:
            for done, of_block in enumerate(tallies, start=1):
                total = of_block if total is None else total + of_block
                truth = truth or known(plan, exact_greeks(plan.request))  # while other blocks are under way
                if self._progress:
                    self._progress(done, plan.n_blocks)
                if targets and (done >= _FEWEST_BLOCKS or self.late()):
                    answers = _estimates(cohort, total, truth)
                    if self.late() or not _unmet(targets, answers):
                        break
        assert total is not None  # a plan has at least one block
        assert truth is not None
        answers = answers or _estimates(cohort, total, truth)
        elapsed = time.perf_counter() - self._started
        return Result(self._request, answers, total.paths, elapsed, _unmet(targets, answers))

    def late(self) -> bool:
        seconds = self._request.accuracy.max_seconds
        return seconds is not None and time.perf_counter() - self._started > seconds


def _estimates(cohort: Cohort, total: CohortTally, truth: Truth) -> Estimates:
    """Those of the only plan of a cohort. Raises NonFiniteEstimate."""
    (found,) = estimates(cohort.plans, total.stacks[0], [truth])
    if isinstance(found, NonFiniteEstimate):
        raise found
    return found


def known(plan: Plan, exact: Exact) -> Truth:
    """The closed forms of the request's contract, which are given, and, where one is used, of its control."""
    if not plan.controls:
        return Truth(exact)
    request = plan.request
    wanted = [plan.controls[greek.parameters] for greek in request.greeks]
    control = exact_derivatives(request, control_of(request.contract), wanted)
    return Truth(exact, [value or 0.0 for value in control])


def in_order(
    work: Callable[..., Answer], tasks: Iterable[tuple[Any, ...]], threads: int, executor: Executor | None = None
) -> Generator[Answer, None, None]:
    """The answers to all tasks, each the arguments of ``work``, in their order; a few are in flight per thread.

    An ``executor`` takes the place of threads of this process; ``threads`` is then how many it has.
    """
    waiting = iter(tasks)
    own = None if executor else ThreadPoolExecutor(threads)
    pool = executor or own
    assert pool is not None
    flying: list[Future[Answer]] = [pool.submit(work, *task) for task in islice(waiting, 4 * threads)]
    try:
        while flying:
            answer = flying.pop(0).result()
            flying += [pool.submit(work, *task) for task in islice(waiting, 1)]
            yield answer
    finally:
        if own:
            own.shutdown(cancel_futures=True)


def _unmet(targets: tuple[Target, ...], answers: Estimates) -> tuple[Target, ...]:
    by_greek = {estimate.greek: estimate for estimate in answers}
    return tuple(
        target for target in targets if _error(by_greek[target.greek]) > target.allowed(by_greek[target.greek].value)
    )


def _error(estimate: Estimate) -> float:
    return estimate.stderr + estimate.bias


def _paths_needed(result: Result) -> int:
    """From the errors of a first run: noise falls as 1/sqrt(paths), a bias is first given half the tolerance."""
    shortfall = max(_error(result[t.greek.name]) / t.allowed(result[t.greek.name].value) for t in result.unmet)
    needed = ceil(1.1 * result.paths * shortfall**2)
    sobol = result.request.simulation.sampler is Sampler.SOBOL
    return 1 << (needed - 1).bit_length() if sobol else needed + needed % 2


def _forecast(result: Result, paths: int) -> str:
    seconds = result.elapsed_seconds * paths / result.paths
    within = min(paths, result.request.accuracy.max_paths)
    limit = f", but --max-paths allows {within:,}" if within < paths else ""
    return f"about {paths:,} paths and {seconds:.1f} seconds to meet {', '.join(map(str, result.unmet))}{limit}"
