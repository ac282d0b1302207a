"""Squared errors of the candidate methods of each Greek, on a few pilot paths of one request or of a batch."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.autodiff.mixed_partials import MultiIndex
from greeks_cli.engine.compiler.batching import in_batches
from greeks_cli.engine.compiler.ir import small_buffers
from greeks_cli.engine.estimators.bias import remaining_bias
from greeks_cli.engine.estimators.methods import Method, kink_order
from greeks_cli.engine.estimators.moments import Moments
from greeks_cli.engine.execution.chunks import run_batch
from greeks_cli.engine.execution.numbers import Numbers, Widths, is_rounded_by_batch, widths_of
from greeks_cli.engine.execution.selection import Errors, Pilot, effective_paths
from greeks_cli.engine.simulation.importance import stretched
from greeks_cli.engine.simulation.path_data import Motion
from greeks_cli.terms.contract import Contract
from greeks_cli.terms.simulation import Estimator

_ROWS = 1 << 18
"""Numbers of an array of a batch, at most."""
_NUMBERS_AT_ONCE = 1 << 21
"""Paths times results times requests of a batch, at most, on each thread."""

_COST_OF_KINKS, _COST_OF_DATES = 2.0, 6.0
"""Costs of conditional estimates that smooth several kinks, or a kink of every date, in squared errors."""

Samples = NDArray[np.floating]
"""A row of paths for each request."""
Mapper = Callable[..., Iterable[Any]]
"""Python's ``map``, or the ``map`` of an executor."""


class Level:
    """A method at some widths for each request."""

    def __init__(self, pattern: Hashable, widths: Widths):
        self.pattern, self.widths = pattern, widths
        self.key: Hashable = (pattern, widths.tobytes())
        """Key of the level: derivatives of levels of one key are computed once."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A method of a Greek that has a choice, and the levels that measure its error."""

    index: MultiIndex
    bias_order: int
    levels: tuple[Level, ...]
    """The method; where it meets a smoothed kink, also at two and at four times its widths."""
    cost: float
    """Time per path over that of other methods, by which the squared error is multiplied."""


def squared_errors(pilots: Sequence[Pilot], mapper: Mapper = map) -> list[Errors]:
    """The squared errors of the methods of every Greek that has a choice; infinite where a method fails.

    ``mapper`` may be the ``map`` of an executor: batches of pilots are independent of each other.
    """
    batches: dict[Hashable, list[int]] = {}
    for number, pilot in enumerate(pilots):
        alone = number if is_rounded_by_batch(pilot.request) else None
        key = id(pilot.traced), pilot.request.simulation, pilot.request.path_dates, alone
        batches.setdefault(key, []).append(number)
    stacks: list[list[int]] = []
    for numbers in batches.values():
        one = pilots[numbers[0]]
        levels = sum(len(candidate.levels) for candidate in _candidates([one]))
        most = max(1, min(_NUMBERS_AT_ONCE // max(1, levels), _ROWS) // one.motion.n_paths)
        stacks += (numbers[start : start + most] for start in range(0, len(numbers), most))
    found: dict[int, Errors] = {}
    of_stacks = mapper(_of_batch, [[pilots[number] for number in stack] for stack in stacks])
    for stack, errors in zip(stacks, of_stacks, strict=True):
        found |= zip(stack, errors, strict=True)
    return [found[number] for number in range(len(pilots))]


@small_buffers()
def _of_batch(pilots: Sequence[Pilot]) -> list[Errors]:
    found: dict[int, Errors] = {}
    for part, errors in in_batches(_judged, pilots):
        found |= zip(map(id, part), errors, strict=True)
    return [found[id(pilot)] for pilot in pilots]


def _judged(pilots: Sequence[Pilot]) -> list[Errors]:
    candidates = _candidates(pilots)
    if not candidates:
        return [{} for _ in pilots]
    trial = _Trial(pilots)
    found: dict[MultiIndex, list[NDArray[np.float64]]] = {}
    with np.errstate(all="ignore"):  # a method that fails here is not chosen
        for candidate in candidates:
            found.setdefault(candidate.index, []).append(trial.squared_error(candidate))
    errors = {index: np.array(of_methods) for index, of_methods in found.items()}
    return [{index: of_methods[:, number] for index, of_methods in errors.items()} for number in range(len(pilots))]


def _candidates(pilots: Sequence[Pilot]) -> list[Candidate]:
    """The candidates of every Greek that has a choice."""
    contract = pilots[0].request.contract
    found: list[Candidate] = []
    for index, own in pilots[0].candidates.items():
        if len(own) == 1:
            continue
        for methods in zip(*(pilot.candidates[index] for pilot in pilots), strict=True):
            widths, method = widths_of(methods), methods[0]
            factors = (1, 2, 4) if method.smooths(index, contract) else (1,)
            levels = tuple(Level(method.pattern, factor * widths) for factor in factors)
            found.append(Candidate(index, method.bias_order(contract), levels, _cost(method, contract)))
    return found


def _cost(method: Method, contract: Contract) -> float:
    if method.estimator is not Estimator.CONDITIONAL or len(method.kernels) == 1:
        return 1.0
    return _COST_OF_DATES if contract.jumps and len(contract.dates) > 1 else _COST_OF_KINKS


class _Trial:
    """Trial of the candidates on a batch of pilots; derivatives that several candidates need are computed once."""

    def __init__(self, pilots: Sequence[Pilot]):
        self._pilots = pilots
        self._numbers = Numbers([pilot.request for pilot in pilots])
        motion = pilots[0].motion
        # A pilot may miss a kink that few paths of the run reach. A narrow kernel would then seem to have no noise.
        normals, self._weights, _ = stretched(motion.normals, motion.dates)
        self._motion = Motion(motion.dates, normals)
        self._derivatives: dict[Hashable, dict[MultiIndex, Samples]] = {}
        self._changes: dict[Hashable, Moments] = {}

    def squared_error(self, candidate: Candidate) -> NDArray[np.float64]:
        """The squared error of a candidate for each request."""
        index, request, weights = candidate.index, self._pilots[0].request, self._weights
        values = self._samples(candidate.levels[0], index)
        mean = _dot(values, weights) / len(weights)
        error = _dot(np.square(values - mean[..., None]), weights) / len(weights) / effective_paths(request)
        if len(candidate.levels) > 1:
            near, far = (self._change(one, other, index) for one, other in pairwise(candidate.levels))
            order = np.array([kink_order(request.contract, index)])
            bias = remaining_bias(near, far, candidate.bias_order, order, deviations=0)
            error = error + (2 * bias) ** 2  # twice, for a bias is worse than noise: no number of paths shows it
        return np.where(np.isfinite(error), error * candidate.cost, np.inf)

    def _samples(self, level: Level, index: MultiIndex) -> Samples:
        """The samples of a derivative at a level, a row of paths for each request."""
        if level.key not in self._derivatives:
            program = self._pilots[0].traced.of_choices(level.pattern, self._numbers)
            found = run_batch(program, self._motion, self._numbers, level.widths)
            self._derivatives[level.key] = found
        rows = self._derivatives[level.key][index]
        return np.broadcast_to(rows, (len(self._pilots), self._motion.n_paths))

    def _change(self, one: Level, other: Level, index: MultiIndex) -> Moments:
        """The change by other widths; the few paths of a pilot say nothing of its standard error."""
        key = one.key, other.key, index
        if key not in self._changes:
            rows = (self._samples(one, index) - self._samples(other, index)) * self._weights
            mean = rows.sum(axis=-1) / len(self._weights)
            centred = rows - mean[..., None]
            self._changes[key] = Moments(rows.shape[-1], mean, _dot(centred, centred), np.full_like(mean, np.nan))
        return self._changes[key]


def _dot(rows: Samples, others: Samples) -> NDArray[np.float64]:
    """The product of each row with another; BLAS would start threads for rows of this length."""
    found: NDArray[np.float64] = np.einsum("...i,...i->...", rows, others)
    return found
