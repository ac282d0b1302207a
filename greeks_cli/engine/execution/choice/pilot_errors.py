"""Squared errors of the candidate methods of each Greek, on a few pilot paths of one request or of a batch."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.autodiff.mixed_partials import MultiIndex
from greeks_cli.engine.compiler.batching import in_batches
from greeks_cli.engine.compiler.functions import broadcast
from greeks_cli.engine.compiler.ir import small_buffers
from greeks_cli.engine.estimators.bias import remaining_bias
from greeks_cli.engine.estimators.methods import Method, kink_order
from greeks_cli.engine.estimators.moments import Moments
from greeks_cli.engine.execution.choice.candidates import effective_paths
from greeks_cli.engine.execution.choice.least_error import Errors, of_curves
from greeks_cli.engine.execution.choice.levels import AtLevel, Level, Levels
from greeks_cli.engine.execution.choice.selection import Pilot
from greeks_cli.engine.execution.chunks import Stacked
from greeks_cli.engine.execution.near_kinks import aimed_at_kinks
from greeks_cli.engine.execution.numbers import (
    but_for_seed,
    is_rounded_by_batch,
    numbers_of,
    simplified_as_one,
    widths_of,
)
from greeks_cli.terms.request import Request
from greeks_cli.terms.simulation import Estimator, Sampler

_ROWS = 1 << 18
"""Numbers of an array of a batch, at most."""
_NUMBERS_AT_ONCE = 1 << 21
"""Paths times results times requests of a batch, at most, on each thread."""

_SAMPLES_AT_ONCE = 1 << 16
"""Samples of candidates that are judged at once, at most: more leave the cache."""

_DATES_OF_NOTES = 24
"""Dates of a note, at most, whose conditional estimate costs little more than its likelihood ratio."""
_COST_OF_KINKS, _COST_OF_DATES = 2.0, 6.0
"""Costs of conditional estimates that smooth several kinks, or a kink of every date, in squared errors."""
_DATES_PER_MEAN = 10.0
"""Dates whose prices cost as much as the mean over the first increment."""

Samples = NDArray[np.floating]
"""A row of paths for each request."""
Mapper = Callable[..., Iterable[Any]]
"""Python's ``map``, or the ``map`` of an executor."""


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

    ``mapper`` may be the ``map`` of an executor: stacks of pilots are independent of each other.
    """
    structures: dict[Hashable, list[int]] = {}
    for number, pilot in enumerate(pilots):
        alone = number if is_rounded_by_batch(pilot.request) else None
        structures.setdefault((id(pilot.traced), but_for_seed(pilot.request.simulation), alone), []).append(number)
    places: list[list[int]] = []
    stacks: list[_Stack] = []

    def contest(numbers: Sequence[int]) -> _Contest:
        return _Contest([pilots[number] for number in numbers])

    requests = [pilot.request for pilot in pilots]
    for structure in structures.values():
        for some in simplified_as_one(structure, requests):
            for numbers, made in in_batches(contest, some):
                for rows in made.rows_of_stacks():
                    places.append([numbers[row] for row in rows])
                    stacks.append(_Stack(made, rows))
    found: dict[int, Errors] = {}
    for numbers, errors in zip(places, mapper(_Stack.errors, stacks), strict=True):
        found |= zip(numbers, errors, strict=True)
    return [found[number] for number in range(len(pilots))]


def _candidates(pilots: Sequence[Pilot]) -> list[Candidate]:
    """The candidates of every Greek that has a choice."""
    request = pilots[0].request
    contract = request.contract
    found: list[Candidate] = []
    levels: dict[Hashable, tuple[Level, ...]] = {}
    """The levels of methods, which several Greeks share."""
    for index, own in pilots[0].candidates.items():
        whole = of_curves(index)
        if len(own) == 1 or (whole != index and whole in pilots[0].candidates):
            continue
        for methods in zip(*(pilot.candidates[index] for pilot in pilots), strict=True):
            method = methods[0]
            factors = (1, 2, 4) if method.smooths(index, contract) else (1,)
            key = factors, *map(id, methods)
            if key not in levels:
                widths = widths_of(methods)
                levels[key] = tuple(Level(method.pattern, method.wider(widths, factor)) for factor in factors)
            found.append(Candidate(index, method.bias_order(contract, index), levels[key], _cost(method, request)))
    return found


def _cost(method: Method, request: Request) -> float:
    contract, simulation = request.contract, request.simulation
    if method.integrates:
        # Controls and Sobol points, which a pilot leaves out, gain by far more where the payoff has no kink.
        smooth = simulation.control or simulation.sampler is Sampler.SOBOL
        return 1.0 if smooth else 1 + _DATES_PER_MEAN / len(contract.dates)
    if method.estimator is not Estimator.CONDITIONAL or len(method.kernels) < 2:
        return 1.0
    n_dates = len(contract.dates)
    is_short_note = contract.usual_payment and n_dates <= _DATES_OF_NOTES
    is_costly = contract.jumps and n_dates > 1 and not is_short_note and not method.anchors
    return _COST_OF_DATES if is_costly else _COST_OF_KINKS


class _Contest:
    """Candidates for pilots of one structure, on any paths, and the programs of these pilots."""

    def __init__(self, pilots: Sequence[Pilot]):
        """Simplifies the programs. Raises Diverging where the pilots need different programs."""
        self.pilots, self.candidates = pilots, _candidates(pilots)
        self.numbers = numbers_of(pilots)
        wanted: dict[Hashable, tuple[Level, dict[MultiIndex, None]]] = {}
        for candidate in self.candidates:
            for level in candidate.levels:
                wanted.setdefault(level.key, (level, {}))[1][candidate.index] = None
        self._numbers_of_levels = {key: number for number, key in enumerate(wanted)}
        places = {
            pattern: place for place, pattern in enumerate(dict.fromkeys(one.pattern for one, _ in wanted.values()))
        }
        with np.errstate(all="ignore"):  # a method that fails here is not chosen
            programs = [pilots[0].traced.of_choices(pattern, self.numbers) for pattern in places]
        levels = [(places[level.pattern], tuple(indices)) for level, indices in wanted.values()]
        self.levels = Levels(programs, [level for level, _ in wanted.values()], levels)

    def number_of(self, level: Level) -> int:
        """The number of a level among the different ones of all candidates."""
        return self._numbers_of_levels[level.key]

    def rows_of_stacks(self) -> Iterator[list[int]]:
        """The places of pilots that are run at once, on the same paths."""
        levels = sum(len(candidate.levels) for candidate in self.candidates)
        of_motion: dict[int, list[int]] = {}
        for row, pilot in enumerate(self.pilots):
            of_motion.setdefault(id(pilot.motion), []).append(row)
        for rows in of_motion.values():
            most = max(1, min(_NUMBERS_AT_ONCE // max(1, levels), _ROWS) // self.pilots[rows[0]].motion.n_paths)
            if _has_close_kinks(self.pilots[rows[0]]):
                most = 1  # paths are aimed at the kinks of one request
            yield from (rows[start : start + most] for start in range(0, len(rows), most))


class _Stack:
    """Some pilots of a contest on the same paths; derivatives that several candidates need are computed once."""

    def __init__(self, contest: _Contest, rows: list[int]):
        self._contest, self._rows = contest, rows

    @small_buffers()
    @np.errstate(all="ignore")  # a method that fails here is not chosen
    def errors(self) -> list[Errors]:
        """The squared errors of the methods of every Greek that has a choice, for each pilot."""
        candidates = self._contest.candidates
        if not candidates:
            return [{} for _ in self._rows]
        trial = _Trial(self._contest, self._rows)
        at_once = max(1, _SAMPLES_AT_ONCE // trial.n_samples)
        parts = [candidates[start : start + at_once] for start in range(0, len(candidates), at_once)]
        errors = np.concatenate([trial.squared_errors(part) for part in parts])
        methods: dict[MultiIndex, list[int]] = {}
        for number, candidate in enumerate(candidates):
            methods.setdefault(candidate.index, []).append(number)
        of_greeks = {index: errors[numbers] for index, numbers in methods.items()}
        return [{index: own[:, place] for index, own in of_greeks.items()} for place in range(len(self._rows))]


class _Trial:
    """Trial of the candidates on the paths of some pilots."""

    def __init__(self, contest: _Contest, rows: list[int]):
        self._contest, self._rows = contest, rows
        self._request = contest.pilots[rows[0]].request
        motion = contest.pilots[rows[0]].motion
        # A pilot may miss a kink that few paths of the run reach. A narrow kernel would then seem to have no noise.
        # Between close kinks a payoff may rise so steeply that no path shows it.
        if _has_close_kinks(contest.pilots[rows[0]]):
            aimed = aimed_at_kinks(self._request, contest.numbers.some(rows[:1]).markets, motion)
            moved, self._weights = motion.with_normals(aimed.normals), aimed.weights
        else:
            moved, self._weights = motion.stretched
        stacked = Stacked(contest.numbers, moved, rows)
        self._samples = stacked.bound(contest.levels.program, contest.levels.bound(stacked.numbers, rows))
        self._changes: dict[Hashable, Moments] = {}

    @property
    def n_samples(self) -> int:
        """Paths times requests."""
        return len(self._rows) * len(self._weights)

    def squared_errors(self, candidates: Sequence[Candidate]) -> NDArray[np.float64]:
        """The squared error of each candidate for each request."""
        weights = self._weights
        values = np.array([self._of((self._contest.number_of(own.levels[0]), own.index)) for own in candidates])
        values -= (_dot(values, weights) / len(weights))[..., None]
        errors = _dot(np.square(values, out=values), weights) / len(weights) / effective_paths(self._request)
        for number, candidate in enumerate(candidates):
            if len(candidate.levels) > 1:  # a bias counts twice: no number of paths shows it
                errors[number] += (2 * self._bias(candidate)) ** 2
        costs = np.array([[candidate.cost] for candidate in candidates])
        return np.where(np.isfinite(errors), errors * costs, np.inf)

    def _bias(self, candidate: Candidate) -> NDArray[np.float64]:
        """The bias of a candidate for each request."""
        levels = [(self._contest.number_of(level), candidate.index) for level in candidate.levels]
        near, far = (self._change(one, other) for one, other in pairwise(levels))
        order = np.array([kink_order(self._request.contract, candidate.index)])
        return remaining_bias(near, far, candidate.bias_order, order, deviations=0)

    def _of(self, name: AtLevel) -> Samples:
        """The samples of a derivative at a level, a row of paths for each request."""
        return broadcast(self._samples[name], (len(self._rows), len(self._weights)))

    def _change(self, one: AtLevel, other: AtLevel) -> Moments:
        """The change by other widths; the few paths of a pilot say nothing of its standard error."""
        if (one, other) not in self._changes:
            rows = (self._of(one) - self._of(other)) * self._weights
            mean = rows.sum(axis=-1) / len(self._weights)
            centred = rows - mean[..., None]
            self._changes[one, other] = Moments(
                rows.shape[-1], mean, _dot(centred, centred), np.full_like(mean, np.nan)
            )
        return self._changes[one, other]


def _has_close_kinks(pilot: Pilot) -> bool:
    """True where kinks of one date may be close together, and a density differentiates between them."""
    request = pilot.request
    is_one_date = len(request.path_dates) == 1 and not pilot.motion.grid.has_steps
    return is_one_date and request.contract.several_kinks and len(pilot.kinks) > 1


def _dot(rows: Samples, others: Samples) -> NDArray[np.float64]:
    """The sum of each row's products with another; BLAS would start threads for rows of this length."""
    found: NDArray[np.float64] = np.einsum("...i,...i->...", rows, others)
    return found
