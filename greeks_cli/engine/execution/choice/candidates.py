"""Candidates: the methods that apply to each Greek of a request, among which pilot paths choose."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import chain
from typing import Self

from greeks_cli.engine.autodiff.mixed_partials import MultiIndex
from greeks_cli.engine.autodiff.softplus import Kernel
from greeks_cli.engine.estimators.bandwidth import Kink, automatic_kernels, plain_kernels, smooth_kernels
from greeks_cli.engine.estimators.integrable import integrates_first
from greeks_cli.engine.estimators.methods import Method, kink_order, never_pathwise, pathwise_parameter
from greeks_cli.engine.execution.choice.cash_kinks import cash_moves_kinks, pays_cash, starts_by
from greeks_cli.engine.payoffs.controls import Underlying, control_of
from greeks_cli.terms.greek import TIME
from greeks_cli.terms.nodes import curve_of
from greeks_cli.terms.request import Request
from greeks_cli.terms.simulation import Autodiff, Estimator, Sampler, Smoothing

_KEPT = 256
"""Structures whose estimators are kept."""
_PATHWISE_SCALES = (1.0, 0.5, 0.25)
"""Candidate widths, over the width of the rule."""
_CONDITIONAL_SCALES = (6.0, 3.0, 1.5, 0.5)
"""Candidate widths of conditional estimates, over the spread of the kink's argument."""
_ANCHORED_SCALE = 0.5
"""This width for first derivatives where the density knows the anchors alone: it has little noise, and no choice."""
_MOST_POINTS = 1000
"""Dates times underlyings, up to which a smooth part is differentiated twice at all of them where an anchor helps."""
_OF_JUMPS = 0.2
"""One more candidate where the payoff jumps: theta of a digital is least noisy by a density at the jump alone."""


def candidates_of(request: Request, kinks: Sequence[Kink]) -> dict[MultiIndex, tuple[Method, ...]]:
    """The methods that apply to each Greek and that the request allows, the usual one first."""
    wanted = [greek.parameters for greek in request.greeks]
    if (width := fixed_width(request)) is not None and not request.contract.is_early:
        plain = tuple(Kernel.plain(width, kink.base) for kink in kinks)
        asked = request.simulation.estimator
        estimator = Estimator.PATHWISE if asked is Estimator.AUTO else asked
        return {index: (Method(_applicable(request, index, estimator), plain),) for index in wanted}
    candidates, ways = _Candidates(request, kinks), _ways_of(_Subject.of(request, len(kinks)))
    return {index: candidates.of(index, *own) for index, own in ways.items()}


class _Candidates:
    """The methods of each estimator, of automatic widths; methods of equal widths are one object."""

    def __init__(self, request: Request, kinks: Sequence[Kink]):
        self._request, self._kinks, self._n_paths = request, kinks, effective_paths(request)
        self._equal: dict[Method, Method] = {}
        self._of_order: dict[int, list[Method]] = {}
        self._smooth: dict[tuple[str, int], list[Method]] = {}

    def of(
        self, index: MultiIndex, estimators: Sequence[Estimator], firsts: Sequence[str], integrates: bool
    ) -> tuple[Method, ...]:
        """The methods of a Greek by some estimators; ``firsts`` may begin a conditional estimate.

        ``integrates`` adds the mean over the first increment.
        """
        found = list(chain.from_iterable(self._by(estimator, index, firsts) for estimator in estimators))
        if integrates:
            found.append(Method(Estimator.CONDITIONAL, (), integrates=True))
        return tuple(self._equal.setdefault(method, method) for method in found)

    def _by(self, estimator: Estimator, index: MultiIndex, firsts: Sequence[str]) -> list[Method]:
        contract = self._request.contract
        if estimator is Estimator.CONDITIONAL:
            return list(chain.from_iterable(self._conditional(first, len(index)) for first in firsts))
        if estimator is not Estimator.PATHWISE:
            if estimator is Estimator.LIKELIHOOD and (anchors := _anchors(self._request)):
                return [Method(estimator, self._between_anchors(len(index)), anchors=anchors)]
            return [Method(estimator, self._pathwise(2)[0].kernels)]
        is_tangled = contract.tangled_kinks and not contract.moves_one_level(index)
        if is_tangled and index and kink_order(contract, index) > 1:
            return self._tangled
        usual = self._pathwise(3 if len(index) > 2 else 2)
        return usual if usual[0].smooths(index, contract) else usual[:1]

    def _pathwise(self, order: int) -> list[Method]:
        if order not in self._of_order:
            kernels = (automatic_kernels(self._kinks, self._n_paths, scale, order) for scale in _PATHWISE_SCALES)
            self._of_order[order] = [Method(Estimator.PATHWISE, own) for own in kernels]
        return self._of_order[order]

    def _between_anchors(self, order: int) -> tuple[Kernel, ...]:
        """Kernels of dates that move between anchors: narrow for first derivatives, whose noise is the density's."""
        return self._pathwise(2)[-1 if order == 1 else 0].kernels

    @cached_property
    def _tangled(self) -> list[Method]:
        kernels = (plain_kernels(self._kinks, self._n_paths, scale) for scale in _PATHWISE_SCALES)
        return [Method(Estimator.PATHWISE, own) for own in kernels]

    def _conditional(self, first: str, order: int) -> list[Method]:
        if (first, order) not in self._smooth:
            self._smooth[first, order] = self._made_conditional(first, order)
        return self._smooth[first, order]

    def _made_conditional(self, first: str, order: int) -> list[Method]:
        contract = self._request.contract
        anchors = _anchors(self._request)
        scales = (*_CONDITIONAL_SCALES, *([_OF_JUMPS] if contract.jumps else []))
        if anchors and order == 1:
            scales = (_ANCHORED_SCALE,)
        rest = self._between_anchors(order) if anchors else ()
        order += contract.jumps and contract.tangled_kinks  # a bend may be all that makes the payoff jump
        kernels = (smooth_kernels(self._kinks, scale, order) for scale in scales)
        return [Method(Estimator.CONDITIONAL, own, first, anchors, rest) for own in kernels]


@dataclass(frozen=True)
class _Subject:
    """A request and the number of its kinks as a key of the cache; two are equal where their ``key`` is."""

    key: Hashable
    request: Request = field(compare=False)
    n_kinks: int

    @classmethod
    def of(cls, request: Request, n_kinks: int) -> Self:
        """The subject of a request, whose nodes are named by place."""
        request, simulation = request.by_place, request.simulation
        wanted = tuple(greek.parameters for greek in request.greeks)
        key = request.structure, simulation.estimator, simulation.autodiff, simulation.control, wanted
        return cls(key, request, n_kinks)


_Ways = tuple[tuple[Estimator, ...], tuple[str, ...], bool]
"""Estimators, the parameters that a conditional estimate may begin with, and True if the first increment integrates."""


@lru_cache(_KEPT)
def _ways_of(subject: _Subject) -> Mapping[MultiIndex, _Ways]:
    """The estimators of each Greek, which depend on the structure of a request alone."""
    request, n_kinks = subject.request, subject.n_kinks
    asked = request.simulation.estimator in (Estimator.AUTO, Estimator.CONDITIONAL)
    integrates = n_kinks > 0 and asked and integrates_first(request)

    def of_greek(index: MultiIndex) -> _Ways:
        has_choice = n_kinks or request.contract.is_early
        estimators = _estimators(request, index, n_kinks) if has_choice else [Estimator.PATHWISE]
        if not integrates:
            return tuple(estimators), tuple(_firsts(request, index)), False
        if request.simulation.estimator is Estimator.CONDITIONAL:
            estimators = [one for one in estimators if one is Estimator.CONDITIONAL]
        return tuple(estimators), tuple(_firsts(request, index)), True

    return {greek.parameters: of_greek(greek.parameters) for greek in request.greeks}


def _is_on_clocks(request: Request, index: MultiIndex) -> bool:
    """True for a derivative in time of several underlyings, where a vol is a curve.

    Each underlying then has a clock of variance, and a pathwise derivative would move the clocks apart.
    """
    is_walk = request.is_joint and request.market.is_lognormal and len(request.path_dates) > 1
    return TIME in index and is_walk and _has_vol_curve(request)


def _has_vol_curve(request: Request) -> bool:
    return any(curve_of(name) == "vol" for name, _ in request.market.nodes)


def _anchors(request: Request) -> tuple[int, ...]:
    """The dates at which a likelihood ratio holds a path fixed; () for all.

    On a clock of variance dates between anchors would not keep their joint law.
    """
    is_flat = request.market.is_lognormal and not _has_vol_curve(request)
    return request.contract.anchors if is_flat and not pays_cash(request) else ()


def fixed_width(request: Request) -> float | None:
    """The width that the request names, 0 where nothing is to be smoothed; None where it is chosen."""
    simulation = request.simulation
    return 0.0 if simulation.smoothing is Smoothing.NONE else simulation.fixed_width


def _estimators(request: Request, index: MultiIndex, n_kinks: int) -> list[Estimator]:
    simulation = request.simulation
    if _is_on_clocks(request, index):
        return [Estimator.LIKELIHOOD]
    if request.contract.is_early:
        return [_of_early_exercise(request, index)]
    if simulation.estimator is not Estimator.AUTO:
        return [_applicable(request, index, simulation.estimator)]
    contract = request.contract
    if not index or _moves_kinks(request, index) or not all(model.is_conditional for model in request.market.models):
        return [Estimator.PATHWISE]
    if len(index) == 1 and not contract.jumps:
        # Several kinks may bound a payoff, such as a spread; a density then differentiates it with less noise.
        bounded = (
            n_kinks > 1 and len(request.path_dates) == 1 and not contract.guards and index[0] not in contract.values
        )
        return [Estimator.PATHWISE, Estimator.LIKELIHOOD] if bounded or request.bridges else [Estimator.PATHWISE]
    if all(name in contract.values for name in index):
        return [Estimator.PATHWISE]  # a density does not depend on them
    if contract.guards and not any(name in contract.values for name in index):
        return [Estimator.LIKELIHOOD]  # a kernel would meet the branch where it has no value
    every = [Estimator.LIKELIHOOD]
    n_points = len(request.path_dates) * len(request.parts)
    if _anchors(request) and len(index) > 1 and n_points > _MOST_POINTS:
        return every
    if _firsts(request, index):
        every.append(Estimator.CONDITIONAL)
    if len(every) == 1 or (len(request.path_dates) > 1 and not contract.tangled_kinks):
        every.insert(0, Estimator.PATHWISE)
    if simulation.autodiff is Autodiff.GRAD and not contract.jumps and _begins(request, index):
        every.append(Estimator.MIXED)
    return every


def _of_early_exercise(request: Request, index: MultiIndex) -> Estimator:
    """The estimator of a contract that is exercised early.

    The policy is a function of the path, which a density holds fixed; the path's derivative would carry decisions
    along, which is right for the best policy alone (V. Piterbarg, Journal of Computational Finance 7, 2003). Under
    models a density has more noise: second orders have one of their parameters in it, and first orders of several
    underlyings none. Parameters of the contract move no path.
    """
    own = sum(name in request.contract.values for name in index)
    if own == len(index) or (request.is_joint and not request.joint_market.has_density):
        return Estimator.PATHWISE
    if own:
        return Estimator.MIXED
    usual, other = Estimator.LIKELIHOOD, Estimator.MIXED if len(index) > 1 else Estimator.PATHWISE
    if index and not request.market.is_lognormal and (request.is_joint or len(index) > 1):
        usual = other
    asked = request.simulation.estimator
    return asked if index and asked in (Estimator.LIKELIHOOD, other) else usual


def _moves_kinks(request: Request, index: MultiIndex) -> bool:
    """True if market parameters of a derivative move a kink while the path is held fixed.

    Without a joint density no path of several underlyings can be held fixed.
    """
    if request.is_joint and not request.joint_market.has_density:
        return True
    return request.contract.explicit_kinks or cash_moves_kinks(request, index)


def _begins(request: Request, index: MultiIndex) -> str | None:
    """The parameter that an estimate may differentiate pathwise first; None where there is none.

    The start of the lognormal depends on rates too where dividends are escrowed.
    """
    first = pathwise_parameter(request.contract, index)
    return first if first is None or first in request.contract.values or starts_by(request, first) else None


def _firsts(request: Request, index: MultiIndex) -> list[str]:
    """The parameters that a conditional estimate may begin with, "" for its density; none where it does not apply.

    A density does not depend on the contract's parameters, and holds no kink still that the market's parameters move.
    """
    contract = request.contract
    if len(index) < (1 if contract.jumps else 2) or _moves_kinks(request, index) or contract.guards:
        return []
    own = sum(name in contract.values for name in index)
    density = [] if own else [""]
    first = _begins(request, index)
    if contract.jumps or own > 1 or first is None or request.simulation.autodiff is not Autodiff.GRAD:
        return density
    if density and request.simulation.control and not isinstance(control_of(request), Underlying):
        return density  # the first derivatives of contract and control jump on different paths
    # The density of later dates knows the vol: over several dates it matters which parameter moves the path.
    several = not own and len(request.path_dates) > 1 and not pays_cash(request)
    return [*density, *(dict.fromkeys(p for p in index if not never_pathwise(p)) if several else (first,))]


def _applicable(request: Request, index: MultiIndex, estimator: Estimator) -> Estimator:
    """The estimator, or pathwise where it does not apply.

    A mixed estimate cannot begin with the price, with time alone, or at a jump; neither it nor
    a likelihood ratio holds still a kink that the market's parameters move.
    """
    contract = request.contract
    if _is_on_clocks(request, index):
        return Estimator.LIKELIHOOD
    if (index or request.is_joint) and _moves_kinks(request, index):
        return Estimator.PATHWISE
    if estimator is Estimator.CONDITIONAL and not _firsts(request, index):
        return Estimator.PATHWISE
    if estimator is Estimator.MIXED and (contract.jumps or _begins(request, index) is None):
        return Estimator.PATHWISE
    return estimator


def effective_paths(request: Request) -> float:
    """Number of random paths of the same accuracy: Sobol points gain about n^(1/2) for smooth payoffs."""
    paths = request.simulation.paths
    return paths**1.5 if request.simulation.sampler is Sampler.SOBOL else paths
