"""Estimates of the Greeks and their errors, from merged moments."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import isfinite, isnan
from statistics import NormalDist

import numpy as np

from greeks_cli.engine.autodiff.mixed_partials import MultiIndex
from greeks_cli.engine.backends.select import arithmetic
from greeks_cli.engine.estimators.bias import bias_of_dates, bias_of_length, bias_of_steps, remaining_bias
from greeks_cli.engine.estimators.methods import kink_order
from greeks_cli.engine.estimators.moments import Moments
from greeks_cli.engine.estimators.row_sums import Vector
from greeks_cli.engine.estimators.scales import price_scale, size_of
from greeks_cli.engine.execution.accumulator import StackMoments
from greeks_cli.engine.execution.numbers import type_of
from greeks_cli.engine.execution.plan import Plan
from greeks_cli.engine.execution.regression import Regression
from greeks_cli.engine.execution.unseen.kink_tails import kink_tails, rare_kinks
from greeks_cli.engine.execution.unseen.rare_events import unseen
from greeks_cli.engine.execution.unseen.tails import Tail
from greeks_cli.engine.execution.unseen.unexercised import unexercised
from greeks_cli.engine.execution.unseen.upper_bounds import is_price, upper_bounds
from greeks_cli.engine.execution.warnings import UNTRUSTED, contradicted, replaced, too_rich, unguarded, untrusted
from greeks_cli.terms.errors import NonFiniteEstimate
from greeks_cli.terms.objections import NOTABLE_CHANCE
from greeks_cli.terms.request import Request
from greeks_cli.terms.results.result import Estimate
from greeks_cli.terms.simulation import Sampler

_FEW_SCRAMBLES = 0.25
"""The relative error of a standard error that four equal scrambles have; the means of many are nearly normal."""
_NEGLIGIBLE, _NEGLIGIBLE_NEAR_KINKS = 0.5, 2.0
"""The contribution of rare paths, in standard errors, below which it is not stated; of Sobol points near kinks."""
Estimates = tuple[Estimate, ...]
"""One estimate per Greek."""


@dataclass(frozen=True, slots=True)
class Truth:
    """Closed forms per Greek, the contract's and the control variate's; None where there is none."""

    exact: Sequence[float | None]
    control: Sequence[float | None] = ()


def estimates(
    plans: Sequence[Plan], moments: StackMoments, truths: Sequence[Truth], tails: Mapping[MultiIndex, Tail]
) -> list[Estimates | NonFiniteEstimate]:
    """The estimates of each plan's Greeks, or the error that names a Greek whose estimate is not a finite number.

    The plans were computed as one: they have dates, sampler, Greeks and methods in common, not the market. ``tails``
    are those of the Greeks, which the sample may have missed.
    """
    with arithmetic(plans[0].request.simulation), np.errstate(all="ignore"):  # non-finite estimates are named
        return _of_plans(plans, moments, truths, tails)


def _of_plans(
    plans: Sequence[Plan], moments: StackMoments, truths: Sequence[Truth], tails: Mapping[MultiIndex, Tail]
) -> list[Estimates | NonFiniteEstimate]:
    plan = plans[0]
    regression = _regression(plans, moments, truths)
    values = moments.values.mean if regression is None else regression.values
    stderrs = moments.values.stderr if regression is None else regression.stderrs
    scales = np.array([_scales(own) for own in plans]).T
    # The spread of a constant is rounding. Shifted paths show what is small as exactly as what is large.
    is_small = np.array([[greek.parameters in own.small for own in plans] for greek in plan.request.greeks])
    smallest = np.where(is_small, 0.0, scales)
    constant = stderrs <= 1e-12 * (np.abs(values) + smallest)
    stderrs = np.where(constant, 0.0, stderrs)
    values = np.where(constant & (np.abs(values) <= 1e-12 * smallest), 0.0, values)
    hidden = np.zeros_like(values)
    unexplained = constant if regression is None else constant | regression.is_rounding
    doubtful = unexplained & np.array([_may_move(own) for own in plans]).T
    for number in np.flatnonzero(doubtful.any(axis=0)).tolist():
        controlled = None if regression is None else regression.of_plan(number)
        missed = unseen(plans[number], values[:, number], scales[:, number], controlled)
        if plans[number].request.contract.is_early and moments.upper is not None:
            bound, noise = moments.upper.mean[..., number], moments.upper.stderr[..., number]
            missed = missed + unexercised(plans[number], float(np.max(bound)), float(np.max(noise)))
        hidden[:, number] = np.where(doubtful[:, number], missed, 0.0)
    uncertainties = _uncertainties(plan, moments)
    # The change by three more events of the size of the few that carry an estimate (the rule of three): if k equal
    # events carry it, their size over n is stderr / sqrt(k), and the standard error is certain to 1 / (2 sqrt(k)).
    # By chance too few events occur, and then the standard error is too small as well.
    rarely_seen = np.where(uncertainties > UNTRUSTED, 3 * 2 * uncertainties * stderrs, 0.0)
    missed, shares = (np.array([tails[greek.parameters][k] for greek in plan.request.greeks]) for k in (0, 1))
    for number in np.flatnonzero([bool(rare_kinks(own)) for own in plans]).tolist():
        controlled = None if regression is None else regression.of_plan(number)
        near = kink_tails(plans[number], controlled, moments.paths)
        is_sobol = plan.request.simulation.sampler is Sampler.SOBOL
        counts = near.missed > (_NEGLIGIBLE_NEAR_KINKS if is_sobol else 0.0) * stderrs[:, number]
        missed[:, number] = np.maximum(missed[:, number], counts * near.missed)
        shares[:, number] = np.maximum(shares[:, number], counts * near.share)
    missed = np.where(missed > _NEGLIGIBLE * stderrs, missed, 0.0)
    of_steps = np.where(unexplained, 0.0, _of_steps(moments))
    change = np.where(unexplained, 0.0, _change(moments.values, moments.dates))
    contract = plan.request.contract
    of_dates = bias_of_dates(values, change, contract.jumps, len(contract.dates))
    others = of_steps + of_dates + np.where(is_price(plan), 0.0, _change(moments.values, moments.refit))
    bias = np.where(unexplained, hidden, _bias(plan, moments) + others + np.maximum(rarely_seen, missed))
    # Kinks that cancel, and formulas, leave a rounded difference where their sum is 0.
    cancels = np.array([len(own.kinks) > 1 or not own.request.contract.always_defined for own in plans])
    bias += _rounding(plans, np.where(is_small & ~cancels, np.abs(values) * (1 + abs(plan.shift)), scales))
    shares = np.where((missed > 0) & ~unexplained, shares, 0.0)
    upper, of_upper = upper_bounds(plans, moments.upper, values, stderrs)
    upper += of_dates
    bias += np.where(np.isnan(upper), 0.0, np.maximum(upper - of_dates - values, 0.0))
    upper = np.maximum(upper, values + hidden)  # the paths of a bound see no event either that the value's do not
    table = np.array([values, stderrs, bias, of_steps, hidden, uncertainties, shares, moments.values.m2, scales])
    table = np.concatenate([table, [upper, of_upper]])
    rows = zip(plans, truths, table.T.tolist(), strict=True)
    return [_of_plan(own, truth, numbers, moments.values.count) for own, truth, numbers in rows]


def _of_plan(plan: Plan, truth: Truth, numbers: Sequence[Sequence[float]], count: int) -> Estimates | NonFiniteEstimate:
    """The estimates of one plan from a row of numbers for each Greek; ``count`` is the number of samples."""
    quantile = student_quantile((1 - plan.request.simulation.confidence) / 2, count - 1)
    used = {index: group.method.estimator for group in plan.groups for index in group.wanted}
    answers = []
    rows = zip(plan.request.greeks, truth.exact, numbers, strict=True)
    for i, (greek, exact, own) in enumerate(rows):
        value, stderr, bias, of_steps, hidden, uncertainty, share, m2, scale, *bound = own
        if not (isfinite(value) and isfinite(stderr) and isfinite(bias)):
            return NonFiniteEstimate(
                f"{greek.name}: the estimate is {value} with standard error {stderr}; {_reason(plan)}"
            )
        low, high = value - quantile * stderr, value + quantile * stderr
        upper = of_upper = None
        if not isnan(bound[0]):
            upper, of_upper = bound
            high = max(value, upper) + quantile * max(stderr, of_upper)
        warning = (
            untrusted(plan, i, m2, hidden, uncertainty, share)
            or contradicted(plan, value, stderr, bias, exact, scale)
            or replaced(plan, greek, used)
            or unguarded(plan, greek, used)
            or too_rich(plan)
            or (None if greek.order else plan.request.contract.remark(plan.request.spot))
        )
        method = used[greek.parameters]
        answers.append(
            Estimate(greek, value, stderr, low, high, bias, exact, method, warning, of_steps, upper, of_upper)
        )
    return tuple(answers)


def _regression(plans: Sequence[Plan], moments: StackMoments, truths: Sequence[Truth]) -> Regression | None:
    """The estimates regressed on their controls, or None without controls."""
    if moments.control is None:
        return None
    expected = np.array([truth.control for truth in truths], np.float64).T  # NaN where unknown
    controls = [[plan.controls[greek.parameters] for greek in plan.request.greeks] for plan in plans]
    own = zip(plans, controls, strict=True)
    sizes = np.array([[size_of(plan.request, index) for index in indices] for plan, indices in own]).T
    return Regression.of(moments.values, moments.control, expected, sizes, type_of(plans[0].request))


def _rounding(plans: Sequence[Plan], scales: Vector) -> Vector:
    """The bias from prices rounded to single precision, the same on all paths; 0 in double precision."""
    if type_of(plans[0].request) is np.float64:
        return np.zeros_like(scales)
    prices = np.array([_largest_spot(plan.request) / price_scale(plan.request) for plan in plans])
    found: Vector = float(np.finfo(np.float32).eps) * scales * prices
    return found


def _largest_spot(request: Request) -> float:
    return max(part.spot for part in request.parts)


def _bias(plan: Plan, moments: StackMoments) -> Vector:
    if moments.near is None or moments.far is None:
        return np.zeros_like(moments.values.mean)
    contract, greeks = plan.request.contract, plan.request.greeks
    laws = {index: group.method.bias_order(contract, index) for group in plan.groups for index in group.wanted}
    law = np.array([laws[greek.parameters] for greek in greeks])
    orders = np.array([kink_order(contract, greek.parameters) for greek in greeks])
    return remaining_bias(moments.near, moments.far, law[:, None], orders[:, None])


def _of_steps(moments: StackMoments) -> Vector:
    """The bias of time steps; 0 without."""
    near, far = moments.steps, moments.far_steps
    return _change(moments.values, near) if near is None or far is None else bias_of_steps(near, far)


def _change(values: Moments, change: Moments | None) -> Vector:
    """The bias that is proportional to a length: the change from twice the length, and its noise."""
    return np.zeros_like(values.mean) if change is None else bias_of_length(change)


def _uncertainties(plan: Plan, moments: StackMoments) -> Vector:
    """The relative error of each standard error; of scrambles only where a few of them carry the estimate."""
    uncertainties = moments.values.stderr_uncertainty
    if plan.request.simulation.sampler is Sampler.SOBOL:
        return np.where(uncertainties > _FEW_SCRAMBLES, uncertainties, 0.0)
    return uncertainties


def _reason(plan: Plan) -> str:
    """The likely reason why an estimate is no number, with the remedy."""
    request = plan.request
    if request.chance_of_no_price > NOTABLE_CHANCE:
        return "dividends take all of the price on some paths; lower them, or use dividend_model escrowed"
    return (
        "it left the range of its floating-point type (try --dtype float64 or a smaller scale), "
        "or the payoff takes a logarithm or root of a negative number"
    )


def _may_move(plan: Plan) -> list[bool]:
    """False for the Greeks that are 0 on every path there is."""
    idle = plan.request.idle_parameters
    return [idle.isdisjoint(greek.parameters) for greek in plan.request.greeks]


def _scales(plan: Plan) -> Vector:
    return np.array([size_of(plan.request, greek.parameters) for greek in plan.request.greeks])


@lru_cache(64)
def student_quantile(tail: float, freedom: int) -> float:
    """The upper quantile of Student's t, by the expansion of Cornish and Fisher (Abramowitz and Stegun 26.7.5).

    Good to 4 digits from 14 degrees of freedom up, the fewest that occur.
    """
    z = -NormalDist().inv_cdf(tail)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / freedom**power for power, term in enumerate(terms, start=1))
