"""From merged moments to estimates with their errors."""

from collections.abc import Sequence
from math import isfinite
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.block import Plan, Tally
from greeks_cli.terms.errors import NonFiniteEstimate
from greeks_cli.terms.greek import Greek
from greeks_cli.terms.result import Estimate


def estimates(plan: Plan, tally: Tally, exact: Sequence[float | None]) -> tuple[Estimate, ...]:
    """One estimate per Greek of the plan's request.

    Raises NonFiniteEstimate, naming the Greek, when a value or its error is not a finite number.
    """
    moments = tally.values
    bias = _bias(tally)
    quantile = NormalDist().inv_cdf(0.5 + plan.request.simulation.confidence / 2)
    return tuple(
        _estimate(greek, float(moments.mean[i]), float(moments.stderr[i]), float(bias[i]), exact[i], quantile)
        for i, greek in enumerate(plan.request.greeks)
    )


def _estimate(greek: Greek, value: float, stderr: float, bias: float, exact: float | None, quantile: float) -> Estimate:
    if not (isfinite(value) and isfinite(stderr) and isfinite(bias)):
        raise NonFiniteEstimate(
            f"{greek.name}: the estimate is {value} with standard error {stderr}; "
            "the simulation left the range of its floating-point type, try --dtype float64 or a smaller scale"
        )
    half = quantile * stderr
    return Estimate(greek, value, stderr, value - half, value + half, bias, exact)


def _bias(tally: Tally) -> NDArray[np.float64]:
    """How large the smoothing bias may be: as measured, plus two standard errors of that.

    The noise of the measurement is added so that it cannot hide a bias.
    """
    if tally.bias is None:
        return np.zeros_like(tally.values.mean)
    return np.abs(tally.bias.mean) + 2 * tally.bias.stderr
