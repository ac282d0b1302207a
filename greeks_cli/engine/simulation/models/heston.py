"""Stochastic variance by S. Heston (Review of Financial Studies 6, 1993), on time steps.

dv = mean_reversion (long_run_variance - v) dt + vol_of_vol sqrt(v) dZ. A step of v is quadratic in a normal, or where v
is near 0 exponential, with the mean and variance of the exact step (L. Andersen, Simple and efficient simulation of
the Heston model, Journal of Computational Finance 11, 2008). The logarithm of the price is normal given v; its drift
makes the price a martingale on every step.

An exponential step is 0 with a positive probability: v bends where it leaves 0. Derivatives of second order are
smoothed there.
"""

import math
from collections.abc import Callable, Hashable, Mapping
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.autodiff.normal import log_upper_tail
from greeks_cli.engine.autodiff.ops import Leaves, Operand, at_most, exp, is_variable, log, sqrt
from greeks_cli.engine.autodiff.softplus import MAX_ORDER, Kernel, SoftPlus
from greeks_cli.engine.compiler.batching import PerTrade
from greeks_cli.engine.compiler.ir import Array
from greeks_cli.engine.simulation.models.stepped import Numbers, Stepped, TimeStep, Values
from greeks_cli.terms.greek import TIME

PARAMETERS = ("initial_variance", "long_run_variance", "mean_reversion", "spot_vol_correlation", TIME, "vol_of_vol")
"""The parameters that the variance, and what follows from it, depend on."""

_KEPT = 256
"""Lengths of steps whose limits are kept."""
_LARGEST = 1.5
"""The variance over the squared mean of a step, up to which it is quadratic."""
_SMALL, _N_POWERS = 0.5, 18
"""The largest argument of a power series, and its number of terms, of which four derivatives keep enough."""
_OF_MEAN = 0.05
"""The share of the mean in the integral of the variance over an exponential step, which so is never 0."""
_LEAST = 0.1
"""The least divisor of a moment that is taken for finite."""
_BEND = Kernel((0.0, 0.0, *[0.2] * (MAX_ORDER - 2)), False, 0, 8)


class Step(NamedTuple):
    """The variance after a step, and the mean and variance of the price's logarithm over its forward."""

    state: Operand
    mean: Operand
    variance: Operand
    change: Operand
    """The variance after the step less that before."""

    @property
    def deviation(self) -> Operand:
        """The standard deviation of the price's logarithm."""
        return sqrt(self.variance)


class _Moved(NamedTuple):
    """The variance after a step, and the logarithm of its exponential moment, or of the moment of its mean."""

    after: Operand
    moment: Operand


class Case(NamedTuple):
    """The steps that occur: exponential ones only near 0, infinite moments only where the price moves with variance."""

    nears_zero: bool
    may_diverge: bool


class Heston(Stepped):
    """Stochastic variance on time steps."""

    parameters = PARAMETERS
    kept: tuple[str, ...] = ("mean", "variance")

    def __init__(self, *others: str):
        """``others`` are results of a step that are kept beside its mean and variance."""
        self.kept = (*self.kept, *others)

    def start(self, values: Values) -> tuple[float | PerTrade, str]:
        return values["initial_variance"], "initial_variance"

    def numbers(self, values: Values, step: TimeStep) -> dict[str, float]:
        return {"years": step.years, "shrinks": step.shrinks}

    def bounds(self, values: Values, step: TimeStep) -> list[tuple[Hashable, float]]:
        """Quadratic steps, and others where the variance is small."""
        may_diverge, (least,) = self._limits(values, step)
        return [(Case(False, may_diverge), math.inf), (Case(True, may_diverge), least)]

    def _limits(self, values: Values, step: TimeStep) -> tuple[bool, tuple[float, ...]]:
        years = step.years - step.shrinks * values[TIME]
        return _limits(tuple(_numbers_of(values[name]) for name in _OF_CASES), float(years))

    def cases(self, values: Values, step: TimeStep, state: Array) -> list[tuple[Hashable, NDArray[np.intp] | None]]:
        """Quadratic steps for all paths, then others for the paths near 0; where these are many, others for all."""
        may_diverge, least = self._limits(values, step)
        every, quadratic = (Case(nears_zero, may_diverge) for nears_zero in (True, False))
        if not isinstance(state, np.ndarray):  # a GPU takes longer to gather paths than to compute all
            return [(every, None)]
        near = np.flatnonzero(state <= (least[0] if state.ndim == 1 else np.array(least)[:, None]))
        if 2 * len(near) > state.size:
            return [(every, None)]
        return [(quadratic, None), (every, near)] if len(near) else [(quadratic, None)]

    def step(self, leaves: Leaves, numbers: Numbers, state: Operand, normal: Operand, case: Hashable) -> Step:
        assert isinstance(case, Case)
        return step(leaves, state, normal, numbers["years"] - numbers["shrinks"] * leaves[TIME], case)


def step(leaves: Leaves, v: Operand, normal: Operand, dt: Operand, case: Case) -> Step:
    """A step from the variance v, by a standard normal."""
    speed, level, xi = leaves["mean_reversion"], leaves["long_run_variance"], leaves["vol_of_vol"]
    correlation = leaves["spot_vol_correlation"]
    decay, lasting = exp(-speed * dt), dt * _mean_decay(speed * dt)
    spent = speed * lasting
    mean = level * spent + v * decay
    spread = xi * xi * lasting * (v * decay + 0.5 * level * spent)
    ratio = spread / (mean * mean)

    along, rest = correlation / xi, 1 - correlation * correlation
    slope = speed * along - 0.5
    is_quadratic = at_most(ratio, _LARGEST) if case.nears_zero else 1.0
    of_mean = _OF_MEAN * (1 - is_quadratic)
    known, later = dt * (0.5 * v + of_mean * mean), dt * (0.5 - of_mean)
    weight = along + (slope + 0.5 * rest) * later
    if case.nears_zero:
        one = _quadratic(mean, ratio * is_quadratic + (1 - is_quadratic), normal, weight, case)
        other = _exponential(mean, ratio * (1 - is_quadratic) + 2 * is_quadratic, normal, weight, case)
        after, moment = (a * is_quadratic + b * (1 - is_quadratic) for a, b in zip(one, other, strict=True))
    else:
        after, moment = _quadratic(mean, ratio, normal, weight, case)
    integral = known + later * after
    mean_of_logarithm = along * after + slope * integral - moment - (slope + 0.5 * rest) * known
    return Step(after, mean_of_logarithm, rest * integral, after - v)


def _mean_decay(x: Operand) -> Operand:
    """(1 - exp(-x)) / x, by powers of a small x: differences that cancel would leave its derivatives no digits."""
    is_small = at_most(x, _SMALL)
    small, large = x * is_small, x * (1 - is_small) + is_small
    series: Operand = 1 / _N_POWERS
    for n in range(_N_POWERS - 1, 0, -1):
        series = (1 - small * series) / n
    return series * is_small + (1 - exp(-large)) / large * (1 - is_small)


def _quadratic(mean: Operand, ratio: Operand, normal: Operand, weight: Operand, case: Case) -> _Moved:
    """a (b + normal)^2."""
    double = 2 / ratio
    less = double - 1
    b_squared = less + sqrt(double * less)
    a = mean / (1 + b_squared)
    shifted = sqrt(b_squared) + normal
    along = weight * a

    def moment(divisor: Operand) -> Operand:
        return along * b_squared / divisor - 0.5 * log(divisor)

    return _Moved(a * shifted * shifted, _finite(moment, 1 - 2 * along, weight * mean, case))


def _exponential(mean: Operand, ratio: Operand, normal: Operand, weight: Operand, case: Case) -> _Moved:
    """0 with a probability, else exponential."""
    at_zero, scale = (ratio - 1) / (ratio + 1), 0.5 * mean * (ratio + 1)
    excess = log(1 - at_zero) - log_upper_tail(normal)

    def moment(divisor: Operand) -> Operand:
        return log(at_zero + (1 - at_zero) / divisor)

    return _Moved(_positive_part(excess) * scale, _finite(moment, 1 - weight * scale, weight * mean, case))


def _positive_part(x: Operand) -> Operand:
    return SoftPlus(_BEND).apply((x,))[0] if is_variable(x) else np.maximum(x, 0)


def _finite(moment: Callable[[Operand], Operand], divisor: Operand, of_mean: Operand, case: Case) -> Operand:
    """A moment where its divisor is large enough, else that of the mean."""
    if not case.may_diverge:
        return moment(divisor)
    is_finite = at_most(-divisor, -_LEAST)
    return moment(divisor * is_finite + (1 - is_finite)) * is_finite + of_mean * (1 - is_finite)


_OF_CASES = ("mean_reversion", "long_run_variance", "vol_of_vol", "spot_vol_correlation")


def _numbers_of(value: float | PerTrade) -> tuple[float, ...]:
    return tuple(value.values.tolist()) if isinstance(value, PerTrade) else (float(value),)


@lru_cache(_KEPT)
def _limits(numbers: tuple[tuple[float, ...], ...], years: float) -> tuple[bool, tuple[float, ...]]:
    """True if a moment of any underlying may be infinite, and the variance of each from which steps are quadratic."""
    count = max(map(len, numbers))
    rows = zip(*(own * (count // len(own)) for own in numbers), strict=True)
    each = [dict(zip(_OF_CASES, row, strict=True)) for row in rows]
    diverges = any(case_of(own, years, True).may_diverge for own in each)
    return diverges, tuple(least_quadratic(own, years) for own in each)


def least_quadratic(values: Mapping[str, float], dt: float) -> float:
    """The variance from which on no step is exponential."""
    speed, level, xi = values["mean_reversion"], values["long_run_variance"], values["vol_of_vol"]
    spent = -math.expm1(-speed * dt)
    scale = xi * xi * spent / speed
    a, b = (1 - spent) / math.sqrt(scale), level * spent / math.sqrt(scale)
    # With m = a v + b and the spread c v + d over scale: _LARGEST m^2 = c v + d.
    c, d = 1 - spent, 0.5 * level * spent
    half = c - 2 * _LARGEST * a * b
    root = half * half - 4 * _LARGEST * a * a * (_LARGEST * b * b - d)
    return (half + math.sqrt(root)) / (2 * _LARGEST * a * a) if root > 0 else 0.0


def case_of(values: Mapping[str, float], dt: float, nears_zero: bool) -> Case:
    """The steps that occur for some values of the parameters."""
    along, rest = values["spot_vol_correlation"] / values["vol_of_vol"], 1 - values["spot_vol_correlation"] ** 2
    slope = values["mean_reversion"] * along - 0.5 + 0.5 * rest
    return Case(nears_zero, max(along + slope * 0.5 * dt, along + slope * (0.5 - _OF_MEAN) * dt) > 0)
