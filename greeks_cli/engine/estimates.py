"""From merged moments to estimates with their errors."""

from collections.abc import Sequence
from math import isfinite
from statistics import NormalDist

import numpy as np

from greeks_cli.engine.bias import remaining_bias
from greeks_cli.engine.block import Plan, Tally
from greeks_cli.terms.errors import NonFiniteEstimate
from greeks_cli.terms.greek import Greek
from greeks_cli.terms.result import Estimate


def estimates(plan: Plan, tally: Tally, exact: Sequence[float | None]) -> tuple[Estimate, ...]:
    """One estimate per Greek of the plan's request.

    Raises NonFiniteEstimate, naming the Greek, when a value or its error is not a finite number.
    """
    moments = tally.values
    bias = np.zeros_like(moments.mean)
    if tally.near is not None and tally.far is not None:
        bias = remaining_bias(tally.near, tally.far, plan.groups[0].kernels[0].bias_order)
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
