"""Warnings of estimates: reasons not to trust an error bar, or a request that could not be kept."""

from collections.abc import Mapping

import numpy as np

from greeks_cli.engine.autodiff.mixed_partials import MultiIndex
from greeks_cli.engine.estimators.methods import kink_order
from greeks_cli.engine.execution.numbers import type_of
from greeks_cli.engine.execution.plan import Plan
from greeks_cli.engine.exercise.policy import policy_of
from greeks_cli.terms.contracts.exercise import Exercisable
from greeks_cli.terms.greek import Greek
from greeks_cli.terms.simulation import Estimator

_FEWEST_NEAR_KINK = 30
_REACH = 4
"""The distance, in widths, up to which a smoothed kink bends what another kink adds."""
_FEW_DATES = 0.1
"""The share of exercise dates whose paths may be too few for a basis: hardly any is in the money at the first dates."""
_CONTRADICTION = 5
"""The distance from a closed form, in standard errors, that is no chance."""
UNTRUSTED = 0.1
"""The relative error of a standard error beyond which it is not trusted."""


def untrusted(plan: Plan, i: int, m2: float, hidden: float, uncertainty: float, share: float) -> str | None:
    """The reason not to trust the error bar, or None.

    ``m2`` is the sum of centred squares, ``hidden`` the bound on unseen events, ``uncertainty`` the relative error of
    the standard error, ``share`` that of paths in the variance that the run may have missed.
    """
    if _misses_the_kink(plan, i):
        if m2 == 0:
            return "no path comes near the smoothed kink; use a wider width"
        return "too few paths come near the smoothed kink; use a wider width or a smaller beta"
    if hidden > 0:
        return "every path gave the same; bias bounds what unseen events may add"
    if m2 == 0:
        return None
    if uncertainty > UNTRUSTED:
        return f"heavy tails: the standard error itself is uncertain by {uncertainty:.0%}"
    return f"heavy tails: {share:.0%} of the variance is of paths that the run may miss" if share > UNTRUSTED else None


def too_rich(plan: Plan) -> str | None:
    """The warning that the pilot's paths are too few for the basis that was asked for, or None."""
    contract = plan.request.contract
    if not isinstance(contract, Exercisable) or not contract.is_early or contract.basis is None:
        return None
    n_dates = int(policy_of(plan.request)["thin"])
    if n_dates <= _FEW_DATES * len(contract.rights):
        return None
    return f"basis {contract.basis} is too rich for the paths in the money at {n_dates} exercise dates; take fewer"


def replaced(plan: Plan, greek: Greek, used: Mapping[MultiIndex, Estimator]) -> str | None:
    """The warning that the requested estimator does not apply to a Greek, or None."""
    asked, given = plan.request.simulation.estimator, used[greek.parameters]
    if asked in (Estimator.AUTO, given) or not greek.order:
        return None
    return f"estimator {asked} does not apply to it; {given} is used"


def contradicted(plan: Plan, value: float, stderr: float, bias: float, exact: float | None, scale: float) -> str | None:
    """The warning that the closed form is far away, or None."""
    if exact is None:
        return None
    rounding = np.finfo(type_of(plan.request)).eps * (1e3 * max(abs(value), abs(exact)) + 1e4 * scale)
    if abs(value - exact) <= _CONTRADICTION * stderr + bias + rounding:
        return None
    return f"the closed form {exact:.6g} contradicts it; trust neither, and report it"


def unguarded(plan: Plan, greek: Greek, used: Mapping[MultiIndex, Estimator]) -> str | None:
    """The warning that kernels meet the edge of a guarded branch, or other kinks, or None."""
    contract, index = plan.request.contract, greek.parameters
    if not (contract.guards or contract.tangent_kinks or contract.several_kinks):
        return None
    moves_kinks = any(name in contract.values for name in index)
    if contract.guards and index and (moves_kinks or used[index] is Estimator.PATHWISE):
        return "it moves the edge of a branch whose value ends there; what the edge adds is not estimated well"
    if contract.tangent_kinks and len(index) > 3 and used[index] is Estimator.PATHWISE:
        return "a fourth derivative where the second one bends is smoothed; the bias may be larger than stated"
    if contract.several_kinks and moves_kinks and kink_order(contract, index) > 1 and _kernels_meet(plan, index):
        return "kinks that are close together are smoothed as one; the bias may be larger than stated"
    return None


def _kernels_meet(plan: Plan, index: MultiIndex) -> bool:
    """True if a kernel that a derivative meets reaches another kink."""
    kernels = next(group.method.kernels for group in plan.groups if index in group.wanted)
    if not kernels:  # means over an increment have none
        return False
    widths = (max(own.widths[: len(index) + own.base + 1], default=0.0) for own in kernels)
    return any(kink.apart * kink.spread < _REACH * width for kink, width in zip(plan.kinks, widths, strict=True))


def _misses_the_kink(plan: Plan, i: int) -> bool:
    """True if a fixed width is so small that fewer than 30 paths are likely to lie within it."""
    request, width = plan.request, plan.request.simulation.fixed_width
    if width is None or kink_order(request.contract, request.greeks[i].parameters) < 2:
        return False
    return any(request.simulation.paths * width < _FEWEST_NEAR_KINK * kink.spread for kink in plan.kinks)
