"""Exercise policies: the numbers by which a contract is exercised early, constants of a run."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field

import numpy as np

from greeks_cli.engine.autodiff.ops import Leaves
from greeks_cli.engine.compiler import elementary
from greeks_cli.engine.exercise.fit import Array, Fit
from greeks_cli.engine.exercise.variants import USUAL, Variant
from greeks_cli.engine.payoffs.early.quantities import POLICY
from greeks_cli.terms.contracts.path_exercise import ExercisableOnPath
from greeks_cli.terms.request import Request

Columns = Mapping[str, Array]
"""The numbers of a policy by name: one for each date, shape (n_dates, 1), or one for all, shape ()."""
_KEPT = 256
_OF_DECISIONS = (
    "middle",
    "steepness",
    "lowest",
    "highest",
    "continuation",
    "per payment",
    "deviation",
    "per deviation",
)


@dataclass(frozen=True)
class _Subject:
    """A request as a key of the cache; two are equal where their ``key`` is."""

    key: Hashable
    request: Request = field(compare=False)


def policy_of(request: Request, variant: Variant = USUAL) -> Columns:
    """The numbers of a request's policy, a pure function of contract, market and seed.

    Variants decide otherwise, and keep the martingale.
    """
    key = repr(request.contract), request.market, request.simulation.seed, request.simulation.steps, variant
    found = _policy(_Subject(key, request), variant)
    if variant == USUAL:
        return found
    return {**policy_of(request), **{name: own for name, own in found.items() if name.startswith(_OF_DECISIONS)}}


def with_policy(request: Request, values: Leaves) -> Leaves:
    """The numbers that a payoff reads, with the policy of a contract that is exercised early."""
    return {**values, POLICY: policy_of(request)} if request.contract.is_early else values


@elementary.kept(_KEPT)
def _policy(subject: _Subject, variant: Variant) -> Columns:
    from greeks_cli.engine.exercise.on_joint_model import FitOnJointModel
    from greeks_cli.engine.exercise.on_model import FitOnModel
    from greeks_cli.engine.exercise.on_one import FitOnOne  # an option without early exercise needs no fit
    from greeks_cli.engine.exercise.on_path import FitOnPath
    from greeks_cli.engine.exercise.on_several import FitOnSeveral

    request = subject.request
    if isinstance(request.contract, ExercisableOnPath):
        chosen: Callable[[Request, Variant], Fit] = FitOnPath
    elif request.market.is_lognormal:
        chosen = FitOnSeveral if request.is_joint else FitOnOne
    else:
        chosen = FitOnJointModel if request.is_joint else FitOnModel
    with np.errstate(all="ignore"):
        return chosen(request, variant).run()
