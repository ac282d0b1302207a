"""From normals to derivatives per path, by three estimators that check each other.

Pathwise moves the path with the parameters; its kinks must be smooth. Likelihood holds the
path fixed and moves its probability (M. Broadie and P. Glasserman, Estimating security price
derivatives using simulation, Management Science 42, 1996); nothing need be smooth. Mixed takes
the first derivative pathwise, which a kink allows, and the others by likelihood.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from greeks_cli.engine.autodiff.chainer_runtime import chainer
from greeks_cli.engine.autodiff.leaves import Leaves, make_leaves
from greeks_cli.engine.autodiff.mixed_partials import Derivatives, MultiIndex, by_backward, by_grad
from greeks_cli.engine.autodiff.ops import Operand
from greeks_cli.engine.autodiff.softplus import Kernel, Smoother
from greeks_cli.engine.payoffs import discounted_payoff
from greeks_cli.engine.simulation.path_data import Scenario
from greeks_cli.engine.simulation.paths import FrozenPath, Path, ShiftedPath, SimulatedPath
from greeks_cli.terms.contract import Contract
from greeks_cli.terms.greek import TIME
from greeks_cli.terms.request import Request
from greeks_cli.terms.simulation import Autodiff, Estimator


@dataclass(frozen=True, slots=True)
class Method:
    """How a derivative is estimated: the estimator, and a kernel for each kink of the payoff."""

    estimator: Estimator
    kernels: tuple[Kernel, ...]

    def smooths(self, index: MultiIndex, contract: Contract) -> bool:
        """Whether this derivative meets a smoothed kink, and so may be biased.

        Pathwise, every derivative may move a kink; a density leaves the contract's parameters to
        the payoff, and a mixed estimate one parameter more.
        """
        taken = len(index)
        if self.estimator is not Estimator.PATHWISE:
            own = contract.values
            taken = max(self.estimator is Estimator.MIXED, sum(name in own for name in index))
        return any(any(kernel.widths[: taken + kernel.base + 1]) for kernel in self.kernels)

    @property
    def bias_order(self) -> int:
        """The power of the width that the bias follows."""
        return self.kernels[0].bias_order if self.kernels else 1


def derivatives(
    request: Request,
    contract: Contract,
    scenario: Scenario,
    method: Method,
    wanted: Collection[MultiIndex],
    values: Mapping[str, Operand] | None = None,
) -> Derivatives:
    """The wanted derivatives of a contract's discounted payoff, each of shape (n_paths,).

    ``scenario`` is of the request's market and dates, and serves any number of methods;
    ``contract`` is the request's own, or its control variate on the same paths; ``values`` are
    the parameters', the request's if left out.
    """
    values = values or request.values
    if method.estimator is Estimator.MIXED:
        return _mixed(request, contract, scenario, method, wanted, values)
    leaves = _leaves(values, scenario, wanted)
    if method.estimator is Estimator.PATHWISE:
        value = _discounted(contract, leaves, SimulatedPath(leaves, scenario), method)
        return _differentiate(request, value, leaves, wanted)
    frozen = FrozenPath(leaves, scenario)
    value = _discounted(contract, leaves, frozen, method) * frozen.weight
    return _differentiate(request, chainer.as_variable(value), leaves, wanted)


def _mixed(
    request: Request,
    contract: Contract,
    scenario: Scenario,
    method: Method,
    wanted: Collection[MultiIndex],
    values: Mapping[str, Operand],
) -> Derivatives:
    leaves = _leaves(values, scenario, wanted)
    found: Derivatives = {}
    for first, indices in _by_first(request.contract, wanted).items():
        if first is None:
            pathwise = replace(method, estimator=Estimator.PATHWISE)
            found |= derivatives(request, contract, scenario, pathwise, indices, values)
            continue
        moving = {**leaves, first: leaves[first] * 1.0}
        path = ShiftedPath(leaves, scenario, first, moving[first])
        value = _discounted(contract, moving, path, method)
        (slope,) = chainer.grad([value], [moving[first]], enable_double_backprop=True)
        if slope is None:
            slope = value * 0.0
        others = {index: _without(index, first) for index in indices}
        below = by_grad(slope * path.weight, leaves, set(others.values()))
        found |= {index: below[rest] for index, rest in others.items()}
    return found


def _leaves(values: Mapping[str, Operand], scenario: Scenario, wanted: Collection[MultiIndex]) -> Leaves:
    live = {name for index in wanted for name in index}
    return make_leaves(values, live, scenario.n_paths, scenario.dtype)


def _by_first(contract: Contract, wanted: Collection[MultiIndex]) -> dict[str | None, list[MultiIndex]]:
    """The wanted derivatives by their pathwise parameter."""
    groups: dict[str | None, list[MultiIndex]] = {}
    for index in wanted:
        groups.setdefault(pathwise_parameter(contract, index), []).append(index)
    return groups


def kink_order(contract: Contract, index: MultiIndex) -> int:
    """How often a pathwise estimate differentiates a kink: a jump is one derivative ahead."""
    return len(index) + contract.jumps


def pathwise_parameter(contract: Contract, index: MultiIndex) -> str | None:
    """The parameter of a mixed estimate's pathwise derivative: the contract's, else the first.

    None where there is none: a density knows nothing of the contract's parameters, and time
    moves the density alone.
    """
    return next((p for p in (*contract.values, *index) if p in index and p != TIME), None)


def _discounted(contract: Contract, leaves: Leaves, path: Path, method: Method) -> Operand:
    return chainer.as_variable(discounted_payoff(contract, leaves, path, Smoother(method.kernels)))


def _differentiate(request: Request, value: Operand, leaves: Leaves, wanted: Collection[MultiIndex]) -> Derivatives:
    by = by_grad if request.simulation.autodiff is Autodiff.GRAD else by_backward
    return by(value, leaves, wanted)


def _without(index: MultiIndex, parameter: str) -> MultiIndex:
    at = index.index(parameter)
    return index[:at] + index[at + 1 :]
