"""How good the methods of each Greek are, by a few paths: of one request, or of many that differ in numbers alone."""

from collections.abc import Hashable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.bias import remaining_bias
from greeks_cli.engine.derivatives import MultiIndex
from greeks_cli.engine.many import Many, Unlike
from greeks_cli.engine.moments import Moments
from greeks_cli.engine.pilot import Errors, Pilot, effective_paths
from greeks_cli.engine.program import Source, widened
from greeks_cli.engine.recordings import bound_to_all
from greeks_cli.engine.scenario import Simulated
from greeks_cli.engine.valuation import Method, kink_order

_NUMBERS_AT_ONCE = 1 << 20
"""Paths times results times requests that are tried together, at most."""

Methods = tuple[Method, ...]
"""One of each request's; they differ in their widths alone."""
Trial = tuple[Methods, MultiIndex]
Samples = NDArray[np.floating]
"""A row of paths for each request."""


def squared_errors(pilots: Sequence[Pilot]) -> list[Errors]:
    """What its few paths say of the methods of every Greek that has a choice; infinite where one fails."""
    alike: dict[Hashable, list[int]] = {}
    for number, pilot in enumerate(pilots):
        alike.setdefault((id(pilot.recordings), repr(pilot.request.simulation)), []).append(number)
    found: dict[int, Errors] = {}
    for numbers in alike.values():
        one = pilots[numbers[0]]
        most = max(1, _NUMBERS_AT_ONCE // (one.paths.n_paths * max(1, len(_trials([one])))))
        for start in range(0, len(numbers), most):
            stack = numbers[start : start + most]
            found |= zip(stack, _of_stack([pilots[number] for number in stack]), strict=True)
    return [found[number] for number in range(len(pilots))]


def _of_stack(pilots: Sequence[Pilot]) -> list[Errors]:
    try:
        return _tried(pilots)
    except Unlike:
        return [_tried([pilot])[0] for pilot in pilots]


def _tried(pilots: Sequence[Pilot]) -> list[Errors]:
    request = pilots[0].request
    trials = _trials(pilots)
    if not trials:
        return [{} for _ in pilots]
    normals, weights = _with_tails(pilots[0].paths.normals, request.contract.dates)
    with np.errstate(all="ignore"):  # a method that fails here is not chosen
        samples = _samples(pilots, trials, Simulated.of(request, normals))
        errors = {
            index: np.array([_squared_error(pilots[0], methods, index, samples, weights) for methods in choice])
            for index, choice in _choices(pilots).items()
        }
    return [{index: of_methods[:, number] for index, of_methods in errors.items()} for number in range(len(pilots))]


def _choices(pilots: Sequence[Pilot]) -> dict[MultiIndex, list[Methods]]:
    """The methods of every Greek that has a choice."""
    return {
        index: list(zip(*(pilot.candidates[index] for pilot in pilots), strict=True))
        for index, methods in pilots[0].candidates.items()
        if len(methods) > 1
    }


def _trials(pilots: Sequence[Pilot]) -> list[Trial]:
    """What is computed to judge them: a derivative that meets a smoothed kink at wider widths too."""
    contract = pilots[0].request.contract
    return [
        (wider, index)
        for index, choice in _choices(pilots).items()
        for methods in choice
        for wider in (_wider(methods) if methods[0].smooths(index, contract) else [methods])
    ]


def _wider(methods: Methods) -> list[Methods]:
    return [tuple(method.widened(factor) for method in methods) for factor in (1, 2, 4)]


def _samples(pilots: Sequence[Pilot], trials: Sequence[Trial], simulated: Simulated) -> Mapping[Trial, Samples]:
    run: dict[Methods, dict[MultiIndex, NDArray[np.floating]]] = {}
    for methods, _ in trials:
        if methods not in run:
            run[methods] = _derivatives(pilots, methods, simulated)
    shape = len(pilots), simulated.n_paths
    return {(methods, index): np.broadcast_to(run[methods][index], shape) for methods, index in trials}


def _derivatives(
    pilots: Sequence[Pilot], methods: Methods, simulated: Simulated
) -> dict[MultiIndex, NDArray[np.floating]]:
    """What a choice of methods gives: a row of paths for each request, or one for all of them."""
    number_of = bound_to_all([pilot.request for pilot in pilots], methods)
    program = pilots[0].recordings.of_choices(methods[0].estimator)
    if len(pilots) > 1:
        numbers = [source for source in program.sources if number_of(source) is not None]
        program = widened(program, numbers, len(pilots))

    def fetch(source: Source) -> Any:
        number = number_of(source)
        if number is None:
            return simulated.fetch(source)
        return number.column(np.float64) if isinstance(number, Many) else number

    return dict(program.run(fetch, simulated.n_paths))


def _squared_error(
    pilot: Pilot, methods: Methods, index: MultiIndex, samples: Mapping[Trial, Samples], weights: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Of each request's method."""
    contract, values = pilot.request.contract, samples[methods, index]
    mean = np.mean(weights * values, axis=-1, keepdims=True)
    variance = np.mean(weights * (values - mean) ** 2, axis=-1)
    bias = np.zeros(1)
    if methods[0].smooths(index, contract):
        rows = [samples[wider, index] for wider in _wider(methods)]
        near, far = (Moments.of([weights * (a - b)]) for a, b in pairwise(rows))
        order = np.array([[kink_order(contract, index)]])
        (bias,) = remaining_bias(near, far, methods[0].bias_order, order, deviations=0)
    # Twice the bias, for a bias is worse than noise: no number of paths shows it.
    error = variance / effective_paths(pilot.request) + (2 * bias) ** 2
    return np.where(np.isfinite(error), error, np.inf)


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
