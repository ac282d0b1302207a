"""Estimators of derivatives per path: pathwise, likelihood ratio, mixed and conditional, which check each other.

Pathwise moves the path with the parameters; its kinks must be smooth. Likelihood ratio holds the
path fixed and moves its probability (M. Broadie and P. Glasserman, Estimating security price
derivatives using simulation, Management Science 42, 1996); kinks may stay sharp. Mixed takes
the first derivative pathwise, which a kink allows, and the others by likelihood ratio.

Conditional divides the payoff into a smooth part, with polynomial kernels of any width, and the rest. The smooth
part is differentiated pathwise. The rest is small but near the kinks, and is differentiated by likelihood ratio, or
mixed. The sum is unbiased for every width; the width only sets how much noise either part has. Or conditional is the
mean over the first increment given the others, where it is known: it has no kink, and is differentiated pathwise.
"""

from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.autodiff.chainer_runtime import chainer
from greeks_cli.engine.autodiff.kinks import Smoother, SmoothPayoff
from greeks_cli.engine.autodiff.mixed_partials import Derivatives, MultiIndex, by_backward, by_grad
from greeks_cli.engine.autodiff.ops import Leaves, Operand, make_leaves
from greeks_cli.engine.autodiff.softplus import Kernel
from greeks_cli.engine.payoffs import discounted_payoff
from greeks_cli.engine.payoffs.early.exercise import certain, uncertain
from greeks_cli.engine.payoffs.given_ratios import mean_given_ratios
from greeks_cli.engine.simulation.any_market import AnyPath
from greeks_cli.engine.simulation.models.model_paths import Paths
from greeks_cli.engine.simulation.scenario import others_of
from greeks_cli.terms.contracts.contract import Contract
from greeks_cli.terms.greek import TIME
from greeks_cli.terms.nodes import curve_of
from greeks_cli.terms.request import Request
from greeks_cli.terms.simulation import Autodiff, Estimator
from greeks_cli.terms.underlyings import CORRELATION

_NEVER_PATHWISE = (TIME, "jump_intensity", CORRELATION)


def never_pathwise(name: str) -> bool:
    """True if a parameter moves the density alone in a mixed estimate, which holds dates and numbers of jumps fixed."""
    return curve_of(name) in _NEVER_PATHWISE


@dataclass(frozen=True)
class Method:
    """Method of a derivative: the estimator, and a kernel for each kink of the payoff."""

    estimator: Estimator
    kernels: tuple[Kernel, ...]
    first: str = ""
    """The parameter in which a conditional estimate differentiates the rest pathwise, or "" for its density alone."""
    anchors: tuple[int, ...] = ()
    """The dates at which a likelihood ratio holds the path fixed, () for all; between, the path moves pathwise."""

    rest: tuple[Kernel, ...] = ()
    """Kernels between anchors of what a conditional estimate leaves to its density; () without anchors."""
    integrates: bool = False
    """True if a conditional estimate is the mean over the first increment, given the others."""

    @cached_property
    def pattern(self) -> Hashable:
        """The method without its widths: which of them are 0, and which are equal."""
        kernels = (
            (tuple(k.widths.index(width) if width else -1 for width in k.widths), k.extrapolated, k.base, k.degree)
            for k in self.all_kernels
        )
        return self.estimator, self.first, self.anchors, self.integrates, tuple(kernels)

    @property
    def all_kernels(self) -> tuple[Kernel, ...]:
        """The kernels of each kink, and those of the rest."""
        return *self.kernels, *self.rest

    def wider(self, widths: NDArray[np.float64], factor: float) -> NDArray[np.float64]:
        """The widths of all kernels, last but one axis, times a factor where they bias: not in a smooth part."""
        first = len(self.kernels) if self.estimator is Estimator.CONDITIONAL else 0
        return np.concatenate([widths[..., :first, :], factor * widths[..., first:, :]], axis=-2)

    def smooths(self, index: MultiIndex, contract: Contract) -> bool:
        """True if this derivative meets a smoothed kink, and so may be biased.

        Pathwise, every derivative may move a kink. A density leaves the contract's parameters to
        the payoff; a mixed estimate leaves one parameter more. A conditional estimate adds what the kernels leave out.
        Between anchors all are pathwise.
        """
        taken = len(index)
        if self.estimator is not Estimator.PATHWISE and not self.anchors:
            own = contract.values
            taken = max(self.estimator is Estimator.MIXED, sum(name in own for name in index))
        kernels = self.rest if self.estimator is Estimator.CONDITIONAL else self.kernels
        return any(any(kernel.widths[: taken + kernel.base + 1]) for kernel in kernels)

    def bias_order(self, contract: Contract, index: MultiIndex) -> int:
        """The power of the width that the bias of a derivative is proportional to, at least."""
        if self.kernels and contract.moves_one_level(index):
            return self.kernels[0].bias_order
        if not self.kernels or contract.tangled_kinks or contract.several_kinks or contract.tangent_kinks:
            return 1
        return self.kernels[0].bias_order


class Differentiation:
    """Derivatives of a contract on some paths.

    ``request`` has the parameters and the mode of Chainer. ``contract`` is the request's, or its control variate on
    the same paths. ``values`` are the values of the parameters, numbers of a type ``dtype``.
    """

    def __init__(
        self,
        request: Request,
        contract: Contract,
        paths: Paths,
        values: Mapping[str, Operand],
        n_paths: int,
        dtype: type[np.floating],
    ):
        self._request, self._contract, self._paths = request, contract, paths
        self._values, self._n_paths, self._dtype = values, n_paths, dtype

    def derivatives(self, method: Method, wanted: Collection[MultiIndex]) -> Derivatives:
        """The wanted derivatives of the discounted payoff, each of shape (n_paths,)."""
        live = {name for index in wanted for name in index}
        leaves = make_leaves(self._values, live, self._n_paths, self._dtype)
        found = self._by_method(method, wanted, leaves)
        if not self._contract.is_early:
            return found
        known = certain(self._contract, leaves, self._paths.moving(leaves))
        added = self._by(chainer.as_variable(known), leaves, wanted)
        return {index: found[index] + added[index] for index in wanted}

    def _by_method(self, method: Method, wanted: Collection[MultiIndex], leaves: Leaves) -> Derivatives:
        if method.integrates:
            path = self._paths.moving(leaves)
            return self._by(_weighted(mean_given_ratios(self._contract, leaves, path), path), leaves, wanted)
        if method.estimator is Estimator.CONDITIONAL:
            return self._conditional(method, wanted, leaves)
        if method.estimator is Estimator.MIXED:
            return self._mixed(method, wanted, leaves)
        if method.estimator is Estimator.PATHWISE:
            path = self._paths.moving(leaves)
            paid = self._sharp(method, leaves, path)
            value = _weighted(paid, path)
        else:
            frozen = self._paths.frozen(leaves, method.anchors)
            paid = chainer.as_variable(self._sharp(method, leaves, frozen))
            usual = self._contract.usual_payment  # the mean of a weight's derivative is 0, times any number
            value = _weighted(paid - usual, frozen) + usual if usual else _weighted(paid, frozen)
        return self._by(value, leaves, wanted)

    def _by(self, value: Operand, leaves: Leaves, wanted: Collection[MultiIndex]) -> Derivatives:
        by = by_grad if self._request.simulation.autodiff is Autodiff.GRAD else by_backward
        return by(value, leaves, wanted)

    def _conditional(self, method: Method, wanted: Collection[MultiIndex], leaves: Leaves) -> Derivatives:
        """A smooth payoff pathwise, and the rest, which is small but near the kinks, by its density or mixed."""
        moving = self._paths.moving(leaves)
        paid = discounted_payoff(self._contract, leaves, moving, SmoothPayoff(method.kernels))
        smooth = _weighted(paid, moving)
        mixed = [index for index in wanted if method.first in index]
        added = self._mixed_from(method.first, partial(self._rest, method), mixed, leaves) if mixed else {}
        found = by_grad(smooth, leaves, mixed) if mixed else {}
        found = {index: found[index] + added[index] for index in mixed}
        others = [index for index in wanted if index not in found]
        if others:
            frozen = self._paths.frozen(leaves, method.anchors)
            value = smooth + self._rest(method, leaves, frozen) * frozen.weight
            found |= self._by(chainer.as_variable(value), leaves, others)
        return found

    def _rest(self, method: Method, leaves: Leaves, path: AnyPath) -> Operand:
        """The payoff less its smooth part."""
        sharp = Smoother(method.rest or [Kernel.plain(0, kernel.base) for kernel in method.kernels])
        paid = discounted_payoff(self._contract, leaves, path, sharp)
        return paid - discounted_payoff(self._contract, leaves, path, SmoothPayoff(method.kernels))

    def _sharp(self, method: Method, leaves: Leaves, path: AnyPath) -> Operand:
        """The payoff, of a contract that is exercised early but for what is known of it."""
        if self._contract.is_early:
            return uncertain(self._contract, leaves, path)
        return discounted_payoff(self._contract, leaves, path, Smoother(method.kernels))

    def _mixed(self, method: Method, wanted: Collection[MultiIndex], leaves: Leaves) -> Derivatives:
        found: Derivatives = {}
        for first, indices in _by_first(self._request.contract, wanted).items():
            if first is None:
                found |= self._by_method(replace(method, estimator=Estimator.PATHWISE), indices, leaves)
            else:
                found |= self._mixed_from(first, partial(self._sharp, method), indices, leaves)
        return found

    def _mixed_from(
        self, first: str, payoff: Callable[[Leaves, AnyPath], Operand], indices: Collection[MultiIndex], leaves: Leaves
    ) -> Derivatives:
        """The derivatives of a payoff whose pathwise parameter is ``first``."""
        moving = {**leaves, first: leaves[first] * 1.0}
        path = self._paths.shifted(leaves, first, moving[first])
        value = chainer.as_variable(payoff(moving, path))
        (slope,) = chainer.grad([value], [moving[first]], enable_double_backprop=True)
        if slope is None:
            slope = value * 0.0
        others = {index: others_of(index, first) for index in indices}
        below = by_grad(slope * path.weight, leaves, set(others.values()))
        return {index: below[rest] for index, rest in others.items()}


def _weighted(paid: Operand, path: AnyPath) -> Operand:
    """A payoff times the density of what the path holds fixed."""
    weight = path.weight
    return chainer.as_variable(paid if isinstance(weight, float) else paid * weight)


def _by_first(contract: Contract, wanted: Collection[MultiIndex]) -> dict[str | None, list[MultiIndex]]:
    """The wanted derivatives by their pathwise parameter."""
    groups: dict[str | None, list[MultiIndex]] = {}
    for index in wanted:
        groups.setdefault(pathwise_parameter(contract, index), []).append(index)
    return groups


def kink_order(contract: Contract, index: MultiIndex) -> int:
    """The number of derivatives of a kink in a pathwise estimate; a jump counts as one derivative."""
    return len(index) + contract.jumps


def pathwise_parameter(contract: Contract, index: MultiIndex) -> str | None:
    """The parameter of a mixed estimate's pathwise derivative: the contract's, else the first.

    The contract's come first because a density does not depend on them. None for the price, and for parameters that
    move the density only.
    """
    return next((p for p in (*contract.values, *index) if p in index and not never_pathwise(p)), None)
