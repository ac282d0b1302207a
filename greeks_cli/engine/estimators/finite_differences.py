"""Derivatives by bump and reprice: central differences on common random numbers.

The differences at steps h and 2h are extrapolated, (4 D(h) - D(2h))/3, whose bias is O(h^4);
the payoff stays sharp. Steps are shares of the scale on which a price varies with each
parameter: the change that moves the underlying by a standard deviation.
"""

from collections import Counter
from itertools import product

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.autodiff.kinks import Smoother
from greeks_cli.engine.autodiff.mixed_partials import MultiIndex
from greeks_cli.engine.autodiff.softplus import Kernel
from greeks_cli.engine.estimators.scales import scale_of
from greeks_cli.engine.exercise.policy import with_policy
from greeks_cli.engine.payoffs import discounted_payoff
from greeks_cli.engine.simulation.any_market import data_of, moved_market, plain_path
from greeks_cli.engine.simulation.path_data import Motion
from greeks_cli.terms.markets.joint_market import JointMarket
from greeks_cli.terms.request import Request

_SHARES = {1: 0.02, 2: 0.05}
"""Step over scale, by order: a second difference of a kink is noisier at smaller steps."""


def bumped(
    request: Request, motion: Motion, index: MultiIndex, n_kinks: int
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """The extrapolated difference per path, and its change from the difference at step h, for orders 1 and 2."""
    near = _difference(request, motion, index, 1.0, n_kinks)
    far = _difference(request, motion, index, 2.0, n_kinks)
    value = (4 * near - far) / 3
    return value, value - near


def _difference(
    request: Request, motion: Motion, index: MultiIndex, factor: float, n_kinks: int
) -> NDArray[np.floating]:
    steps = {name: factor * _step(request, name, len(index)) for name in index}
    total: NDArray[np.floating] = np.zeros(motion.n_paths)
    for places, weight in _stencil(index):
        shifted = {
            name: value + places.get(name, 0) * steps.get(name, 0.0) for name, value in request.payoff_values.items()
        }
        total = total + weight * _price(request, motion, shifted, n_kinks)
    for name in index:
        total = total / steps[name]
    return total


def _step(request: Request, name: str, order: int) -> float:
    """The step of a parameter; twice as far, correlations still are positive definite, two of them together too."""
    step = _SHARES[order] * scale_of(request, name)
    if isinstance(request.market, JointMarket):
        return min(step, request.market.room(name) / 4)
    return step


def _stencil(index: MultiIndex) -> list[tuple[dict[str, int], float]]:
    """The points of a difference, in steps per parameter, each with its weight."""
    each = [_LINE[power] for power in Counter(index).values()]
    names = list(dict.fromkeys(index))
    return [
        (
            dict(zip(names, [place for place, _ in points], strict=True)),
            float(np.prod([weight for _, weight in points])),
        )
        for points in product(*each)
    ]


_LINE = {1: ((1, 0.5), (-1, -0.5)), 2: ((1, 1.0), (0, -2.0), (-1, 1.0))}


def _price(request: Request, motion: Motion, values: dict[str, float], n_kinks: int) -> NDArray[np.floating]:
    contract = request.contract
    data = data_of(motion, moved_market(request, values))
    path = plain_path(data, request, values)
    value = discounted_payoff(contract, with_policy(request, values), path, Smoother((Kernel.plain(0),) * n_kinks))
    return np.asarray(getattr(value, "array", value))
