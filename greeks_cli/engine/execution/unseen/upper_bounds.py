"""Upper bounds on the prices of contracts that are exercised early."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.estimators.moments import Moments
from greeks_cli.engine.estimators.row_sums import Vector
from greeks_cli.engine.execution.plan import Plan
from greeks_cli.terms.contracts.exercise import Bounds, Exercisable

if TYPE_CHECKING:
    from greeks_cli.engine.exercise.bounds import Bound


def upper_bounds(
    plans: Sequence[Plan], upper: Moments | None, values: Vector, stderrs: Vector
) -> tuple[Vector, Vector]:
    """The upper bound on each plan's price and its standard error; NaN for other Greeks, and where there is none.

    ``upper`` are the moments of a bound on the plans' own paths; nested paths tell by how much the bound passes the
    value, where they show exercise. All are of shape (n_greeks, n_plans).
    """
    found, noise = np.full_like(values, np.nan), np.full_like(values, np.nan)
    prices = np.flatnonzero(is_price(plans[0]))
    if not plans[0].request.contract.is_early or not prices.size:
        return found, noise
    if upper is not None:
        found[prices], noise[prices] = upper.mean[prices], upper.stderr[prices]
    for number, plan in enumerate(plans):
        contract = plan.request.contract
        assert isinstance(contract, Exercisable)
        gap = _gap(plan) if contract.bounds is Bounds.NESTED else None
        if gap is not None:
            found[prices, number] = values[prices, number] + gap.mean
            noise[prices, number] = np.hypot(stderrs[prices, number], gap.stderr)
        elif upper is None:
            from greeks_cli.engine.exercise.bounds import upper_bound  # early exercise of several underlyings alone

            found[prices, number], noise[prices, number] = upper_bound(plan.request)
    return found, noise


def _gap(plan: Plan) -> "Bound | None":
    """The gap by nested paths, or None where too few of them tell it."""
    from greeks_cli.engine.exercise.nested import nested_gap  # nested paths are asked for

    return nested_gap(plan.request)


def is_price(plan: Plan) -> NDArray[np.bool_]:
    """True for each Greek that is the price, as a column."""
    return np.array([not greek.order for greek in plan.request.greeks])[:, None]
