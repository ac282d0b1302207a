"""Payoffs of contracts that a barrier ends or begins."""

from math import pi

from greeks_cli.engine.autodiff.kinks import Smoother, sharp_positive_part
from greeks_cli.engine.autodiff.ops import (
    Leaves,
    Operand,
    as_constant,
    exp,
    log,
    minimum,
    number_of,
    sin,
    sqrt,
    values_of,
)
from greeks_cli.engine.autodiff.path_nodes import log_of
from greeks_cli.engine.payoffs.base import above, payoff
from greeks_cli.engine.payoffs.bridged import positive_distance, rebate_between, untouched_so_far
from greeks_cli.engine.payoffs.rebates import rebate_by_bridge, rebate_on_dates
from greeks_cli.engine.simulation.paths import Path
from greeks_cli.terms.contracts.barriers import Barrier, DoubleBarrier
from greeks_cli.terms.contracts.knocking import Knocking

_BEYOND = 3.0
"""The exponent of a bridge's end beyond the barrier, at most: exp(3) is many widths of a kernel."""
_DEVIATIONS = 10.0
"""Standard deviations of the logarithm at expiry, beyond which no path ends."""


@payoff.register
def _barrier(contract: Barrier, leaves: Leaves, path: Path, smoother: Smoother) -> Operand:
    gain = above(contract.type, path[-1], leaves["strike"])
    # Where only paths beyond the barrier end out of the money, the barrier removes them: the strike has no kink.
    never_loses = (
        contract.is_continuous
        and not contract.closes_early
        and not smoother.smooths_values
        and (contract.type.sign < 0) == contract.barrier_type.above
        and contract.type.sign * (contract.barrier - contract.strike) >= 0
    )
    return knocking(contract, gain, leaves, path, smoother, never_loses)


def knocking(
    contract: Barrier, gain: Operand, leaves: Leaves, path: Path, smoother: Smoother, never_loses: bool = False
) -> Operand:
    """The payoff of an option that is in the money by ``gain``, where the underlying of a path touches the barrier.

    ``never_loses`` is true where no path that the barrier leaves ends out of the money.
    """
    if contract.knocked:
        return _knocked(contract, gain, smoother)
    vanilla = smoother.positive_part(gain)
    if contract.looks and contract.rebate and contract.pays_at_hit:
        alive = _alive(contract, leaves, path, smoother)
        return alive[-1] * vanilla + contract.rebate * rebate_on_dates(leaves, path, alive)
    bridges = path.bridges(leaves)
    if bridges:
        so_far = untouched_so_far(bridges, [(leaves["barrier"], contract.barrier_type.side)], smoother)
        untouched = so_far[-1]
    else:
        untouched = _untouched(contract, leaves, path, smoother)
    kept = untouched * (gain if never_loses else vanilla)
    if not (contract.rebate and contract.pays_at_hit):
        return _paid(contract, vanilla, kept, untouched)
    if contract.touched(number_of(leaves["spot"])):  # part of the structure: ``Barrier.case``
        hit = path[-1] * 0.0 + as_constant(exp(path.accruals(leaves).rate))
    elif bridges:
        hit = rebate_between(bridges, so_far, path.accruals(leaves).rate)
    else:
        hit = rebate_by_bridge(contract, leaves, path, untouched)
    return kept + contract.rebate * hit


def _alive(contract: Barrier, leaves: Leaves, path: Path, smoother: Smoother) -> Operand:
    """1 at every date where the dates so far have not found the barrier touched, shape (n_dates, n_paths)."""
    side = contract.barrier_type.side
    furthest = smoother.running_maximum(-side * path.first(len(contract.looks)))
    return smoother.step(furthest * -1.0 - side * leaves["barrier"])


def _knocked(contract: Knocking, gain: Operand, smoother: Smoother) -> Operand:
    """The payoff once a barrier is touched: a European that is knocked in, or the rebate of one that is knocked out."""
    if contract.knocks_in:
        return smoother.positive_part(gain)
    was_paid = isinstance(contract, Barrier) and contract.pays_at_hit
    return 0.0 * gain + (0.0 if was_paid else contract.rebate)


def _paid(contract: Knocking, vanilla: Operand, kept: Operand, untouched: Operand) -> Operand:
    """The payment of a European, of which ``kept`` is that of untouched paths."""
    paid, rebated = (vanilla - kept, untouched) if contract.knocks_in else (kept, 1 - untouched)
    return paid + contract.rebate * rebated if contract.rebate else paid


def _untouched(contract: Barrier, leaves: Leaves, path: Path, smoother: Smoother) -> Operand:
    """1 where the barrier is not touched; with continuous monitoring, the probability of not touching it.

    A Brownian bridge between logarithms at distances a and b from a barrier on the same side
    touches it with probability exp(-2 a b / (vol^2 T)). Kernels of derivatives alone act on the scale of
    the probability, because a much wider kernel would be biased. Far beyond the barrier b is bounded.
    """
    side = contract.barrier_type.side
    if not contract.is_continuous:
        spots = path.first(len(contract.looks))
        return smoother.step(smoother.maximum(-side * spots) * -1.0 - side * leaves["barrier"])
    if contract.opens_later:
        return _untouched_later(leaves, path, smoother, side)
    start = side * log(leaves["spot"] / leaves["barrier"])
    if number_of(start) <= 0:  # part of the structure: ``Barrier.case``
        return path[-1] * 0.0
    variance = path.accruals(leaves, 0).variance
    steepness = 2 * start / variance
    distance = side * (log_of(path[0]) - as_constant(log(leaves["barrier"])))
    if smoother.smooths_values:
        return 1 - exp(-steepness * positive_distance(distance, leaves["barrier"], smoother))
    scale = values_of(steepness)
    beyond = minimum(_BEYOND / scale, _DEVIATIONS * sqrt(values_of(variance)))
    end = sharp_positive_part(distance + beyond) - beyond
    return smoother.gated(scale * end, 1 - exp(-steepness * end))


def _untouched_later(leaves: Leaves, path: Path, smoother: Smoother, side: float) -> Operand:
    """The probability of not touching the barrier between the first two dates, 0 where either is beyond it."""
    level = as_constant(log(leaves["barrier"]))
    start, end = (
        positive_distance(side * (log_of(path[date]) - level), leaves["barrier"], smoother) for date in (0, 1)
    )
    variance = path.accruals(leaves, 1, since=0).variance
    return 1 - exp(-2 * start * end / variance)


@payoff.register
def _double_barrier(contract: DoubleBarrier, leaves: Leaves, path: Path, smoother: Smoother) -> Operand:
    gain = above(contract.type, path[-1], leaves["strike"])
    if contract.knocked:
        return _knocked(contract, gain, smoother)
    vanilla = smoother.positive_part(gain)
    inside = (_stays_inside if contract.is_continuous else _found_inside)(contract, leaves, path, smoother)
    return _paid(contract, vanilla, inside * vanilla, inside)


def _found_inside(contract: DoubleBarrier, leaves: Leaves, path: Path, smoother: Smoother) -> Operand:
    """1 where all dates of monitoring find the underlying between the barriers."""
    spots = path.first(len(contract.looks))
    above_low = smoother.step(smoother.maximum(-spots) * -1.0 - leaves["low_barrier"])
    return above_low * smoother.step(leaves["high_barrier"] - smoother.maximum(spots))


def _stays_inside(contract: DoubleBarrier, leaves: Leaves, path: Path, smoother: Smoother) -> Operand:
    """The probability that a path between its ends stays between the barriers, 0 where the path ends outside.

    Ends outside are moved to the barrier, where the probability is 0: the series are good inside only.
    """
    bridges = path.bridges(leaves)
    if bridges:
        sides = [(leaves["low_barrier"], 1.0), (leaves["high_barrier"], -1.0)]
        return untouched_so_far(bridges, sides, smoother)[-1]
    low, high = leaves["low_barrier"], leaves["high_barrier"]
    width, start = log(high / low), log(leaves["spot"] / low)
    if number_of(start) <= 0 or number_of(width - start) <= 0:  # part of the structure: ``DoubleBarrier.case``
        return path[-1] * 0.0
    end = smoother.positive_part(log_of(path[-1]) - as_constant(log(low)))
    end = width - smoother.positive_part(width - end)
    variance = path.accruals(leaves).variance
    kind, n = contract.between(number_of(leaves["vol"]))
    return (_by_images if kind == "images" else _by_waves)(start, end, width, variance, n)


def _by_images(start: Operand, end: Operand, width: Operand, variance: Operand, n: int) -> Operand:
    """The density at the end of all images of the start, those of an odd number of reflections less, over the path's.

    T. Anderson, Annals of Mathematical Statistics 31 (1960); N. Ikeda and N. Kunitomo, Mathematical Finance 2 (1992).
    """
    scale = -2 / variance
    inside = 1 - exp(scale * start * end)
    for i in range(1, n + 1):
        shift = i * width
        once = exp(scale * (shift + start) * (shift + end)) + exp(scale * (shift - start) * (shift - end))
        twice = exp(scale * shift * (shift + end - start)) + exp(scale * shift * (shift - end + start))
        inside = inside + twice - once
    return inside


def _by_waves(start: Operand, end: Operand, width: Operand, variance: Operand, n: int) -> Operand:
    """The density at the end as a sum of the standing waves between the barriers, over the density of the path."""
    gap, slowest = end - start, -0.5 * pi * pi * variance / (width * width)
    growth = gap * gap / (2 * variance)
    waves = [
        exp(k * k * slowest + growth) * (sin(k * pi * start / width) * sin(k * pi * end / width))
        for k in range(1, n + 1)
    ]
    return 2 * sqrt(2 * pi * variance) / width * sum(waves[1:], waves[0])
