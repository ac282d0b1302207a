"""Stochastic variance by S. Heston (Review of Financial Studies 6, 1993), on time steps.

dv = mean_reversion (long_run_variance - v) dt + vol_of_vol sqrt(v) dZ. A step of v is quadratic in a normal, or where v
is near 0 exponential, with the mean and variance of the exact step (L. Andersen, Simple and efficient simulation of
the Heston model, Journal of Computational Finance 11, 2008). The logarithm of the price is normal given v; its drift
makes the price a martingale on every step.

An exponential step is 0 with a positive probability: v bends where it leaves 0. Derivatives of second order are
smoothed there.
"""

from typing import NamedTuple

import numpy as np

from greeks_cli.engine.autodiff.normal import log_upper_tail
from greeks_cli.engine.autodiff.ops import Leaves, Operand, at_most, exp, is_variable, log, sqrt
from greeks_cli.engine.autodiff.softplus import MAX_ORDER, Kernel, SoftPlus
from greeks_cli.terms.greek import TIME

PARAMETERS = ("initial_variance", "long_run_variance", "mean_reversion", "spot_vol_correlation", TIME, "vol_of_vol")
"""The parameters that the variance, and what follows from it, depend on."""
START = "initial_variance"
"""The parameter that the variance starts from."""

_LARGEST = 1.5
"""The variance over the squared mean of a step, up to which it is quadratic."""
_OF_MEAN = 0.05
"""The share of the mean in the integral of the variance over a step, which so is never 0."""
_LEAST = 0.1
"""The least divisor of a moment that is taken for finite."""
_BEND = Kernel((0.0, 0.0, *[0.2] * (MAX_ORDER - 2)), False, 0, 8)


class Step(NamedTuple):
    """The variance after a step, and the mean and variance of the price's logarithm over its forward."""

    state: Operand
    mean: Operand
    variance: Operand


class _Moved(NamedTuple):
    """The variance after a step, the logarithm of its exponential moment, and 1 where the moment is finite."""

    after: Operand
    moment: Operand
    is_finite: Operand


def step(leaves: Leaves, v: Operand, normal: Operand, dt: Operand, nears_zero: bool) -> Step:
    """A step from the variance v; on no path is it exponential unless ``nears_zero``."""
    speed, level, xi = leaves["mean_reversion"], leaves["long_run_variance"], leaves["vol_of_vol"]
    correlation = leaves["spot_vol_correlation"]
    decay = exp(-speed * dt)
    spent = 1 - decay
    mean = level + (v - level) * decay
    spread = xi * xi / speed * spent * (v * decay + 0.5 * level * spent)
    ratio = spread / (mean * mean)

    along, rest = correlation / xi, 1 - correlation * correlation
    slope, later = speed * along - 0.5, (0.5 - _OF_MEAN) * dt
    known = 0.5 * dt * v + _OF_MEAN * dt * mean
    weight = along + (slope + 0.5 * rest) * later
    if nears_zero:
        is_quadratic = at_most(ratio, _LARGEST)
        one = _quadratic(mean, ratio * is_quadratic + (1 - is_quadratic), normal, weight)
        other = _exponential(mean, ratio * (1 - is_quadratic) + 2 * is_quadratic, normal, weight)
        mixed = (a * is_quadratic + b * (1 - is_quadratic) for a, b in zip(one, other, strict=True))
        after, moment, is_finite = mixed
    else:
        after, moment, is_finite = _quadratic(mean, ratio, normal, weight)
    moment = moment * is_finite + weight * mean * (1 - is_finite)
    integral = known + later * after
    return Step(after, along * after + slope * integral - moment - (slope + 0.5 * rest) * known, rest * integral)


def _quadratic(mean: Operand, ratio: Operand, normal: Operand, weight: Operand) -> _Moved:
    """a (b + normal)^2."""
    double = 2 / ratio
    b_squared = double - 1 + sqrt(double) * sqrt(double - 1)
    a = mean / (1 + b_squared)
    shifted = sqrt(b_squared) + normal
    divisor, is_finite = _divisor(1 - 2 * weight * a)
    return _Moved(a * shifted * shifted, weight * b_squared * a / divisor - 0.5 * log(divisor), is_finite)


def _exponential(mean: Operand, ratio: Operand, normal: Operand, weight: Operand) -> _Moved:
    """0 with a probability, else exponential."""
    at_zero, scale = (ratio - 1) / (ratio + 1), 0.5 * mean * (ratio + 1)
    excess = log(1 - at_zero) - log_upper_tail(normal)
    divisor, is_finite = _divisor(1 - weight * scale)
    return _Moved(_positive_part(excess) * scale, log(at_zero + (1 - at_zero) / divisor), is_finite)


def _positive_part(x: Operand) -> Operand:
    return SoftPlus(_BEND).apply((x,))[0] if is_variable(x) else np.maximum(x, 0)


def _divisor(x: Operand) -> tuple[Operand, Operand]:
    """x where it is large enough, else 1; and 1 where it is."""
    is_finite = at_most(-x, -_LEAST)
    return x * is_finite + (1 - is_finite), is_finite
