"""Pricing of one request, with all its paths or until its targets are met."""

import time
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from math import ceil
from typing import Self

from greeks_cli.analytic.closed_forms import exact_greeks
from greeks_cli.engine.backends.select import devices
from greeks_cli.engine.execution.compile import compiled, plan, simplified
from greeks_cli.engine.execution.estimates import Estimates, Truth, estimates
from greeks_cli.engine.execution.path_group import GroupMoments, PathGroup
from greeks_cli.engine.execution.plan import Plan
from greeks_cli.engine.exercise.law import exercise_law
from greeks_cli.run.machine.allocator import prepare_memory
from greeks_cli.run.machine.executors import with_executor
from greeks_cli.run.pricing import Workers, moments_by_block
from greeks_cli.run.truths import truth_of
from greeks_cli.run.unsimulated import unsimulated
from greeks_cli.terms.accuracy import Target
from greeks_cli.terms.errors import NonFiniteEstimate
from greeks_cli.terms.request import Request
from greeks_cli.terms.results.result import Estimate, Progress, Result
from greeks_cli.terms.simulation import Sampler

_WORST = 1e6
"""Error over tolerance beyond which no limit of paths suffices."""
_KEPT = 32
"""Executables that are kept."""
_FEWEST_BLOCKS = 4
"""Blocks before which no error bar ends a run; they hold all scrambles of Sobol points."""


def run(
    request: Request,
    threads: int | None = None,
    progress: Progress | None = None,
    forecast: Callable[[str], None] | None = None,
    executor: Executor | None = None,
) -> Result:
    """Prices a request; the numbers depend neither on ``threads`` nor on the ``executor`` used in their place.

    With targets, blocks are added until all are met or the budget ends; ``forecast`` is called with the expected
    cost in words. Raises NonFiniteEstimate where an estimate is not a finite number, and GpuFailed where a GPU is
    wanted and none works.
    """
    if found := dict(unsimulated([request])):
        return found[0]
    prepare_memory()
    (request,) = with_executor([request])
    if executor is None:
        devices(request.simulation)  # a missing GPU is reported before the pilot, not after
    attempt = _Run(request, Workers.of(threads, executor), progress)
    result = attempt.until(_executable(request))
    if not result.unmet or attempt.late() or any(_is_beyond_paths(result, target) for target in result.unmet):
        return result
    paths = _paths_needed(result)
    if forecast:
        forecast(_forecast(result, paths))
    simulation = request.simulation.model_copy(update={"paths": min(paths, request.accuracy.max_paths)})
    longer = plan(replace(request, simulation=simulation), request.accuracy.max_paths)
    return attempt.until(_Executable.of(longer))


@dataclass(frozen=True)
class _Executable:
    """A plan with its executable and its closed forms."""

    plan: Plan
    group: PathGroup

    @classmethod
    def of(cls, plan: Plan) -> Self:
        """Compiles a plan."""
        return cls(plan, compiled(simplified([plan])))

    @cached_property
    def truth(self) -> Truth:
        """The closed forms of the contract and of its control variate."""
        return truth_of(self.plan, exact_greeks(self.plan.request))


def _executable(request: Request) -> _Executable:
    """The executable of a request, kept for requests that come again, as in a process that stays."""
    try:
        hash(request)
    except TypeError:  # a contract of several parameters, or a market of several underlyings
        return _Executable.of(plan(request))
    return _kept(request)


@lru_cache(_KEPT)
def _kept(request: Request) -> _Executable:
    return _Executable.of(plan(request))


class _Run:
    """Run of a request: its clock, its workers and its progress."""

    def __init__(self, request: Request, workers: Workers, progress: Progress | None):
        self._request, self._workers, self._progress = request, workers, progress
        self._started = time.perf_counter()

    def until(self, executable: _Executable) -> Result:
        """Runs the executable's blocks in order until the targets are met, or all blocks."""
        targets = self._request.accuracy.tol
        plan, group = executable.plan, executable.group
        moments: GroupMoments | None = None
        truth: Truth | None = None
        answers: Estimates = ()
        with closing(moments_by_block([group], self._workers)) as blocks:
            for done, (moments,) in enumerate(blocks, start=1):
                truth = executable.truth  # while other blocks are under way
                if self._progress:
                    self._progress(done, group.n_blocks)
                if targets and (done >= _FEWEST_BLOCKS or self.late()):
                    answers = _estimates(group, moments, truth)
                    if self.late() or not _unmet(targets, answers):
                        break
        assert moments is not None  # a plan has at least one block
        assert truth is not None
        answers = answers or _estimates(group, moments, truth)
        elapsed = time.perf_counter() - self._started
        return Result(
            self._request,
            answers,
            moments.paths,
            elapsed,
            _unmet(targets, answers),
            plan.shift,
            plan.n_steps,
            exercise_law(self._request),
        )

    def late(self) -> bool:
        """True if the time for a tolerance is over."""
        seconds = self._request.accuracy.max_seconds
        return seconds is not None and time.perf_counter() - self._started > seconds


def _estimates(group: PathGroup, moments: GroupMoments, truth: Truth) -> Estimates:
    """The estimates of the only plan of a group. Raises NonFiniteEstimate."""
    (found,) = estimates(group.plans, moments.stacks[0], [truth], group.tails(moments.paths)[0])
    if isinstance(found, NonFiniteEstimate):
        raise found
    return found


def _unmet(targets: tuple[Target, ...], answers: Estimates) -> tuple[Target, ...]:
    by_greek = {estimate.greek: estimate for estimate in answers}
    found = ((target, by_greek[target.greek]) for target in targets)
    return tuple(target for target, own in found if not target.is_met(own.value, _error(own)))


def _error(estimate: Estimate) -> float:
    return estimate.stderr + estimate.bias


def _allowed(result: Result, target: Target) -> float:
    return target.allowed(result[target.greek.name].value)


def _is_beyond_paths(result: Result, target: Target) -> bool:
    """True if no number of paths meets a target: a share of 0, or the bias of early exercise, the same on any paths."""
    allowed = _allowed(result, target)
    return allowed == 0 or (result.request.contract.is_early and result[target.greek.name].bias >= allowed)


def _paths_needed(result: Result) -> int:
    """The number of paths that meets the targets, by the errors of a first run, which fall as 1/sqrt(paths)."""
    shortfall = max(_error(result[target.greek.name]) / _allowed(result, target) for target in result.unmet)
    needed = ceil(1.1 * result.paths * min(shortfall, _WORST) ** 2)
    sobol = result.request.simulation.sampler is Sampler.SOBOL
    return 1 << (needed - 1).bit_length() if sobol else needed + needed % 2


def _forecast(result: Result, paths: int) -> str:
    seconds = result.elapsed_seconds * paths / result.paths
    within = min(paths, result.request.accuracy.max_paths)
    limit = f", but --max-paths allows {within:,}" if within < paths else ""
    return f"about {paths:,} paths and {seconds:.1f} seconds to meet {', '.join(map(str, result.unmet))}{limit}"
