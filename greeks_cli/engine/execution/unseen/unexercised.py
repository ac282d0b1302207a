"""Bound on what early exercise adds that no path shows, where every path gives the price of the European.

The gap between the bounds may be what exercise far out is worth. Paths whose normals are stretched tell by how much a
payment less the martingale passes the price there: that counts three times over the number of paths, as for other
events that no path shows (rule of three). Of a call without dividends, which nobody exercises, it passes it nowhere.
"""

from math import prod

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.autodiff.kinks import Sharp
from greeks_cli.engine.autodiff.ops import values_of
from greeks_cli.engine.estimators.scales import scale_of
from greeks_cli.engine.execution.choice.selection import pilot_motion
from greeks_cli.engine.execution.plan import Plan
from greeks_cli.engine.exercise.policy import with_policy
from greeks_cli.engine.payoffs import discounted_payoff
from greeks_cli.engine.payoffs.early.exercise import UpperBound, certain
from greeks_cli.engine.payoffs.early.quantities import POLICY
from greeks_cli.engine.simulation.any_market import data_of, markets_of, plain_path
from greeks_cli.engine.simulation.paths import Path
from greeks_cli.terms.contracts.exercise import Exercisable
from greeks_cli.terms.request import Request

_STRETCHES = (2, 4, 8)
_ROUNDING = 1e-9
_FARTHEST = 6.0
"""Standard deviations beyond which no exercise matters: scores are those of a normal there."""


def unexercised(plan: Plan, upper: float, of_upper: float) -> NDArray[np.float64]:
    """A bound per Greek on what exercise adds; ``upper`` is the bound on the price, with its standard error.

    A Greek of what exercise adds is its value times scores: per standard deviation z for the spot and the contract's
    levels, z^2 - 1 for other parameters.
    """
    request = plan.request
    price, beyond, is_now = _beyond(request)
    if is_now:
        return np.zeros(len(request.greeks))
    gap = max(upper + 2 * of_upper - price, 0.0) + 3 * beyond / request.simulation.paths
    gap = gap if gap > _ROUNDING * abs(price) else 0.0
    return np.array([gap * prod(_score(request, name) for name in greek.parameters) for greek in request.greeks])


def _score(request: Request, name: str) -> float:
    is_level = name == "spot" or name in request.contract.values
    value = abs(request.values.get(name, 0.0))
    scale = min(scale_of(request, name), value or np.inf)
    return (_FARTHEST if is_level else _FARTHEST**2 - 1) / scale


def _beyond(request: Request) -> tuple[float, float, bool]:
    """The price without early exercise, the most that a stretched path passes it by, and if exercise is now."""
    motion, markets = pilot_motion(request), markets_of([request])
    leaves = with_policy(request, request.payoff_values)
    assert isinstance(request.contract, Exercisable)
    bound, price, beyond = UpperBound(of=request.contract), 0.0, 0.0
    with np.errstate(all="ignore"):
        for stretch in _STRETCHES:
            path = plain_path(data_of(motion.with_normals(motion.normals * stretch), markets), request, request.values)
            assert isinstance(path, Path)
            price = float(np.ravel(values_of(certain(request.contract, leaves, path)))[0])
            most = np.nan_to_num(values_of(discounted_payoff(bound, leaves, path, Sharp()))) - price
            is_rounding = most <= _ROUNDING * (price + np.asarray(path.spots).max(axis=0))
            beyond = max(beyond, float(np.where(is_rounding, 0.0, most).max()))
    return price, beyond, bool(leaves[POLICY]["today"])
