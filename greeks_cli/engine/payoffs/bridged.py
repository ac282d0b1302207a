"""Barriers that are watched along the bridges of a path, under models of smiles."""

from collections.abc import Sequence

from greeks_cli.engine.autodiff.kinks import Smoother
from greeks_cli.engine.autodiff.ops import Operand, as_constant, exp, log, total, values_of
from greeks_cli.engine.autodiff.recurrences import running_product
from greeks_cli.engine.simulation.bridges import Bridges

Sides = Sequence[tuple[Operand, float]]
"""Barriers, each with 1 where the price lies above it, -1 where it lies below."""


def untouched_so_far(bridges: Bridges, sides: Sides, smoother: Smoother) -> Operand:
    """The probability that no bridge before each, and as a last row none at all, touches a barrier.

    A bridge whose start or end lies beyond has the probability 0. Two barriers are taken as independent: a short bridge
    does not reach both.
    """
    probability: Operand = 1.0
    for barrier, side in sides:
        probability = probability * _untouched_by(bridges, barrier, side, smoother)
    return running_product(bridges.alone(probability))


def _untouched_by(bridges: Bridges, barrier: Operand, side: float, smoother: Smoother) -> Operand:
    level = as_constant(log(barrier))
    starts, ends = (positive_distance(side * (x - level), barrier, smoother) for x in (bridges.starts, bridges.ends))
    return 1 - exp(-2 * starts * ends / bridges.variance_to(level))


def positive_distance(distance: Operand, barrier: Operand, smoother: Smoother) -> Operand:
    """max(distance, 0) of a logarithm from a barrier's, smoothed in units of price at the barrier."""
    scale = values_of(barrier)
    return smoother.positive_part(distance * scale) * (1 / scale)


def rebate_between(bridges: Bridges, untouched: Operand, rate: Operand) -> Operand:
    """The mean payment of 1 at hit, in the middle of its bridge, brought to expiry, to which ``rate`` is integrated."""
    return total((untouched[:-1] - untouched[1:]) * exp(rate - bridges.rate))
