"""A few paths that choose how each Greek is estimated.

No method is best everywhere. The rule of ``widths`` suits spot Greeks; those of vol weigh the
paths far from the kink, where a wide kernel is biased and a narrow one not noisy. Mixed
estimates win for orders in spot, pathwise ones for orders in vol. So each Greek tries what
applies to it and takes the method of the least total error.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.autodiff.mixed_partials import MultiIndex
from greeks_cli.engine.autodiff.softplus import Kernel
from greeks_cli.engine.estimators.bandwidth import Kink, automatic_kernels, pilot_kinks
from greeks_cli.engine.estimators.methods import Method, derivatives, pathwise_parameter
from greeks_cli.engine.execution.traced import Recordings, recordings_of
from greeks_cli.engine.payoffs.controls import control_of
from greeks_cli.engine.simulation.normals import PILOT, standard_normals
from greeks_cli.engine.simulation.path_data import Scenario, Simulated
from greeks_cli.terms.contract import Contract
from greeks_cli.terms.request import Request
from greeks_cli.terms.simulation import Autodiff, Estimator, Sampler, Smoothing

_FEWEST_PATHS, _MOST_PATHS = 2048, 16384
_SCALES = (1.0, 0.5, 0.25)
"""Of the rule's width."""


@dataclass(frozen=True, slots=True)
class Group:
    """Greeks that share a method, and so a graph."""

    method: Method
    wanted: tuple[MultiIndex, ...]


Errors = Mapping[MultiIndex, NDArray[np.float64]]
"""The squared error of each method that a Greek has a choice of, in the order of its candidates."""


class Choice(NamedTuple):
    """How each Greek is estimated, and what was found on the way: the recordings and the payoff's kinks."""

    groups: tuple[Group, ...]
    recordings: Recordings
    kinks: tuple[Kink, ...]


@dataclass(frozen=True, slots=True)
class Pilot:
    """A few paths of a request, and what is to be tried on them."""

    request: Request
    paths: Simulated
    kinks: tuple[Kink, ...]
    candidates: Mapping[MultiIndex, tuple[Method, ...]]
    recordings: Recordings

    @classmethod
    def of_all(cls, requests: Iterable[Request]) -> list[Self]:
        """The pilot of each request; those of one market that follow each other fly the same paths."""
        found: list[Self] = []
        last: tuple[object, ...] = ()
        for request in requests:
            key = request.contract.dates, request.market, _drawn(request)
            if key != last:
                last, paths = key, pilot_paths(request)
                scenario = Scenario(paths)
            kinks = tuple(pilot_kinks(request, scenario))
            candidates = _candidates(request, kinks)
            found.append(cls(request, paths, kinks, candidates, recordings_of(request, candidates)))
        return found

    def choice(self, errors: Errors) -> Choice:
        """Every Greek with its method of least error.

        Requests that differ in numbers alone have the same candidates. Given the sum of their errors, all choose
        alike: a curve whose method changes on the way jumps by the noise.
        """
        chosen = {i: methods[int(errors[i].argmin()) if i in errors else 0] for i, methods in self.candidates.items()}
        return Choice(_grouped(self.request.contract, chosen), self.recordings, self.kinks)


@np.errstate(all="ignore")  # what is not finite is reported with the estimate
def choose_controls(request: Request, groups: Sequence[Group], paths: Simulated) -> dict[MultiIndex, MultiIndex]:
    """For every Greek, which derivative of the control varies most like it on a pilot's paths: the same, or the value.

    Many derivatives of the underlying are constant, such as its gamma, and control nothing.
    """
    scenario, control = Scenario(paths), control_of(request.contract)
    best: dict[MultiIndex, MultiIndex] = {}
    for group in groups:
        own = derivatives(request, request.contract, scenario, group.method, group.wanted)
        other = derivatives(request, control, scenario, group.method, {(), *group.wanted})
        for index in group.wanted:
            best[index] = max((index, ()), key=lambda choice: _shared_variance(own[index], other[choice]))
    return best


def _shared_variance(x: NDArray[np.floating], y: NDArray[np.floating]) -> float:
    """The squared correlation; 0 where either only varies by rounding."""
    if min(x.std() - 1e-9 * np.abs(x).max(), y.std() - 1e-9 * max(np.abs(y).max(), 1e-3)) <= 0:
        return 0.0
    return float(np.corrcoef(x, y)[0, 1] ** 2)


def pilot_paths(request: Request) -> Simulated:
    """Paths with one increment per date, whatever the steps: they only choose the settings."""
    seed, n_rows, n_paths = _drawn(request)
    return Simulated.of(request, standard_normals(seed, PILOT, 0, (1,) * n_rows, n_paths, np.float64))


def _drawn(request: Request) -> tuple[int, int, int]:
    """Of a pilot's normals: their seed, how many a path takes, and how many paths there are."""
    contract, simulation = request.contract, request.simulation
    wanted = simulation.paths // 32 if _fixed_width(request) is None else 0
    n_paths = min(_MOST_PATHS, max(_FEWEST_PATHS, wanted))
    return simulation.seed, len(contract.dates) + contract.extra_normals, n_paths


def _candidates(request: Request, kinks: Sequence[Kink]) -> dict[MultiIndex, tuple[Method, ...]]:
    """The methods that apply to each Greek and that the request allows, the usual one first."""
    simulation = request.simulation
    wanted = [greek.parameters for greek in request.greeks]
    fixed = _fixed_width(request)
    if fixed is not None:
        plain = tuple(Kernel.plain(fixed, kink.base) for kink in kinks)
        estimator = Estimator.PATHWISE if simulation.estimator is Estimator.AUTO else simulation.estimator
        return {index: (Method(_applicable(request, index, estimator), plain),) for index in wanted}
    kernels = [automatic_kernels(kinks, effective_paths(request), scale) for scale in _SCALES]
    pathwise = tuple(Method(Estimator.PATHWISE, own) for own in kernels)
    usual = pathwise[:1]
    others = {estimator: (Method(estimator, kernels[0]),) for estimator in (Estimator.LIKELIHOOD, Estimator.MIXED)}

    def allowed(index: MultiIndex) -> tuple[Method, ...]:
        own = pathwise if usual[0].smooths(index, request.contract) else usual
        return tuple(method for estimator in _estimators(request, index) for method in others.get(estimator, own))

    return {index: allowed(index) for index in wanted}


def _fixed_width(request: Request) -> float | None:
    """The width that the request names, 0 where nothing is to be smoothed; None where it is chosen."""
    simulation = request.simulation
    return 0.0 if simulation.smoothing is Smoothing.NONE else simulation.fixed_width


def _estimators(request: Request, index: MultiIndex) -> list[Estimator]:
    simulation = request.simulation
    if simulation.estimator is not Estimator.AUTO:
        return [_applicable(request, index, simulation.estimator)]
    contract = request.contract
    if len(index) < (1 if contract.jumps else 2) or contract.explicit_kinks:
        return [Estimator.PATHWISE]
    if all(name in contract.values for name in index):
        return [Estimator.PATHWISE]  # a density knows nothing of them
    every = [Estimator.PATHWISE, Estimator.LIKELIHOOD]
    if simulation.autodiff is Autodiff.GRAD and not contract.jumps and pathwise_parameter(contract, index):
        every.append(Estimator.MIXED)
    return every


def _applicable(request: Request, index: MultiIndex, estimator: Estimator) -> Estimator:
    """Pathwise where the estimator does not apply.

    A mixed estimate cannot begin with the price, with time alone, or at a jump; neither it nor
    a likelihood holds still a kink that the market's parameters move.
    """
    contract = request.contract
    if contract.explicit_kinks and index:
        return Estimator.PATHWISE
    if estimator is Estimator.MIXED and (contract.jumps or pathwise_parameter(contract, index) is None):
        return Estimator.PATHWISE
    return estimator


def effective_paths(request: Request) -> float:
    """Random paths of the same accuracy: Sobol points do better, by about n^(1/2) where all is smooth."""
    paths = request.simulation.paths
    return paths**1.5 if request.simulation.sampler is Sampler.SOBOL else paths


def _grouped(contract: Contract, chosen: dict[MultiIndex, Method]) -> tuple[Group, ...]:
    """Greeks by method; an unsmoothed pathwise one joins a group that is there for others."""
    needed = [method for index, method in chosen.items() if method.smooths(index, contract)]
    host = next((method for method in needed if method.estimator is Estimator.PATHWISE), None)
    members: dict[Method, list[MultiIndex]] = {}
    for index, method in chosen.items():
        joins = host and method.estimator is Estimator.PATHWISE and not host.smooths(index, contract)
        members.setdefault(host if host and joins else method, []).append(index)
    return tuple(Group(method, tuple(indices)) for method, indices in members.items())
