"""How good the methods of each Greek are, by a few paths: of one request, or of many that differ in numbers alone."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.autodiff.mixed_partials import MultiIndex
from greeks_cli.engine.compiler.batching import Many, Unlike
from greeks_cli.engine.compiler.ir import Source, small_buffers
from greeks_cli.engine.estimators.bias import remaining_bias
from greeks_cli.engine.estimators.methods import kink_order
from greeks_cli.engine.estimators.moments import Moments
from greeks_cli.engine.execution.selection import Errors, Pilot, effective_paths
from greeks_cli.engine.execution.traced import OpenNumbers, Widths, widths_of
from greeks_cli.engine.simulation.path_data import Simulated
from greeks_cli.terms.simulation import Estimator

_NUMBERS_AT_ONCE = 1 << 21
"""Paths times results times requests that are tried together, at most, on each thread."""

Samples = NDArray[np.floating]
"""A row of paths for each request."""
Mapper = Callable[[Callable[[list[Pilot]], list[Errors]], list[list[Pilot]]], Iterable[list[Errors]]]
"""Python's ``map``, or what does the same on threads."""


class Level:
    """A method at some widths for each request."""

    def __init__(self, estimator: Estimator, widths: Widths):
        self.estimator, self.widths = estimator, widths
        self.key: Hashable = (estimator, widths.tobytes())
        """Equal for equal levels, whose derivatives need to be made once."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A method of a Greek that has a choice, and what it takes to judge it."""

    index: MultiIndex
    bias_order: int
    levels: tuple[Level, ...]
    """It; and where it meets a smoothed kink, the same at two and at four times its widths."""


def squared_errors(pilots: Sequence[Pilot], mapper: Mapper = map) -> list[Errors]:
    """What its few paths say of the methods of every Greek that has a choice; infinite where one fails.

    ``mapper`` may be the ``map`` of an executor: stacks of pilots are tried independently of each other.
    """
    alike: dict[Hashable, list[int]] = {}
    for number, pilot in enumerate(pilots):
        alike.setdefault((id(pilot.recordings), pilot.request.simulation), []).append(number)
    stacks: list[list[int]] = []
    for numbers in alike.values():
        one = pilots[numbers[0]]
        tried = sum(len(candidate.levels) for candidate in _to_be_tried([one]))
        most = max(1, _NUMBERS_AT_ONCE // (one.paths.n_paths * max(1, tried)))
        stacks += (numbers[start : start + most] for start in range(0, len(numbers), most))
    found: dict[int, Errors] = {}
    of_stacks = mapper(_of_stack, [[pilots[number] for number in stack] for stack in stacks])
    for stack, errors in zip(stacks, of_stacks, strict=True):
        found |= zip(stack, errors, strict=True)
    return [found[number] for number in range(len(pilots))]


@small_buffers()
def _of_stack(pilots: Sequence[Pilot]) -> list[Errors]:
    try:
        return _tried(pilots)
    except Unlike:
        return [_tried([pilot])[0] for pilot in pilots]


def _tried(pilots: Sequence[Pilot]) -> list[Errors]:
    candidates = _to_be_tried(pilots)
    if not candidates:
        return [{} for _ in pilots]
    trial = _Trial(pilots)
    found: dict[MultiIndex, list[NDArray[np.float64]]] = {}
    with np.errstate(all="ignore"):  # a method that fails here is not chosen
        for candidate in candidates:
            found.setdefault(candidate.index, []).append(trial.squared_error(candidate))
    errors = {index: np.array(of_methods) for index, of_methods in found.items()}
    return [{index: of_methods[:, number] for index, of_methods in errors.items()} for number in range(len(pilots))]


def _to_be_tried(pilots: Sequence[Pilot]) -> list[Candidate]:
    """Those of every Greek that has a choice."""
    contract = pilots[0].request.contract
    found: list[Candidate] = []
    for index, own in pilots[0].candidates.items():
        if len(own) == 1:
            continue
        for methods in zip(*(pilot.candidates[index] for pilot in pilots), strict=True):
            widths, method = widths_of(methods), methods[0]
            factors = (1, 2, 4) if method.smooths(index, contract) else (1,)
            levels = tuple(Level(method.estimator, factor * widths) for factor in factors)
            found.append(Candidate(index, method.bias_order, levels))
    return found


class _Trial:
    """Pilots that fly as one; what several candidates need is made once."""

    def __init__(self, pilots: Sequence[Pilot]):
        request = pilots[0].request
        self._pilots = pilots
        self._numbers = OpenNumbers([pilot.request for pilot in pilots])
        normals, self._weights = _with_tails(pilots[0].paths.normals, request.contract.dates)
        self._simulated = Simulated.of(request, normals)
        self._known: dict[Hashable, dict[MultiIndex, Samples]] = {}
        self._changes: dict[Hashable, Moments] = {}

    def squared_error(self, candidate: Candidate) -> NDArray[np.float64]:
        """Of each request."""
        index, request, weights = candidate.index, self._pilots[0].request, self._weights
        values = self._samples(candidate.levels[0], index)
        mean = _dot(values, weights) / len(weights)
        error = _dot(np.square(values - mean[..., None]), weights) / len(weights) / effective_paths(request)
        if len(candidate.levels) > 1:
            near, far = (self._change(one, other, index) for one, other in pairwise(candidate.levels))
            order = np.array([kink_order(request.contract, index)])
            bias = remaining_bias(near, far, candidate.bias_order, order, deviations=0)
            error = error + (2 * bias) ** 2  # twice, for a bias is worse than noise: no number of paths shows it
        return np.where(np.isfinite(error), error, np.inf)

    def _samples(self, level: Level, index: MultiIndex) -> Samples:
        if level.key not in self._known:
            self._known[level.key] = self._derivatives(level)
        return np.broadcast_to(self._known[level.key][index], (len(self._pilots), self._simulated.n_paths))

    def _change(self, one: Level, other: Level, index: MultiIndex) -> Moments:
        """What other widths change; the few paths of a pilot say nothing of how sure that is."""
        key = one.key, other.key, index
        if key not in self._changes:
            rows = (self._samples(one, index) - self._samples(other, index)) * self._weights
            mean = rows.sum(axis=-1) / len(self._weights)
            centred = rows - mean[..., None]
            self._changes[key] = Moments(rows.shape[-1], mean, _dot(centred, centred), np.full_like(mean, np.nan))
        return self._changes[key]

    def _derivatives(self, level: Level) -> dict[MultiIndex, Samples]:
        """What a method gives: a row for each request, or one for all of them."""
        program = self._pilots[0].recordings.of_choices(level.estimator, len(self._pilots))
        number_of = self._numbers.at(level.widths)

        def fetch(source: Source) -> Any:
            number = number_of(source)
            if number is None:
                return self._simulated.fetch(source)
            return number.column(np.float64) if isinstance(number, Many) else number

        return dict(program.run(fetch, self._simulated.n_paths))


def _dot(rows: Samples, others: Samples) -> NDArray[np.float64]:
    """The product of each row with another; BLAS would wake threads of its own for rows as long."""
    found: NDArray[np.float64] = np.einsum("...i,...i->...", rows, others)
    return found


def _with_tails(
    normals: NDArray[np.floating], dates: tuple[float, ...]
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """The paths with every other one ending twice as far out, and weights that undo it in a mean.

    A kink that few paths of the run will reach, a pilot may not see at all; its best method would
    then be the one whose kernel is the narrowest, for it seems to have no noise. The weights are
    those of the mixture of both laws (A. Owen and Y. Zhou, Safe and effective importance sampling,
    JASA 95, 2000): at most 4/3, so what the pilot sees anyway, it sees nearly as well.
    """
    along = np.sqrt(np.diff(dates, prepend=0.0) / dates[-1])[:, None]
    normals = normals.copy()
    path = normals[: len(dates)]
    end = (along * path).sum(axis=0)
    end[::2] *= 2
    path[:, ::2] += along * (end[::2] / 2)
    return normals, 2 / (1 + 0.5 * np.exp(0.375 * end * end))
