"""Law of several lognormal underlyings at expiry, in numbers or as graphs of the leaves."""

from collections.abc import Callable, Sequence
from math import pi, sqrt
from typing import NamedTuple

from greeks_cli.engine.autodiff import ops
from greeks_cli.engine.autodiff.normal import normal_cdf
from greeks_cli.engine.autodiff.ops import Leaves, Operand, exp, log, total


class Part(NamedTuple):
    """The law of one underlying over its initial level."""

    forward: Operand
    deviation: Operand

    @property
    def mean(self) -> Operand:
        """The mean of the logarithm."""
        return log(self.forward) - 0.5 * self.deviation * self.deviation


class JointLaw(NamedTuple):
    """The laws of the underlyings, their correlations, and the discount factor."""

    parts: Sequence[Part]
    correlation: Callable[[int, int], Operand]
    discount: Operand

    def variance(self, shares: Sequence[Operand]) -> Operand:
        """The variance of a weighted sum of the logarithms."""
        scaled = [share * part.deviation for share, part in zip(shares, self.parts, strict=True)]
        found = sum(one * one for one in scaled)
        for i, one in enumerate(scaled):
            for j, other in enumerate(scaled[:i]):
                found = found + 2.0 * self.correlation(i, j) * one * other
        return found


class Given(NamedTuple):
    """The value of a payment on two underlyings by the mean over one of them, ``given``."""

    law: JointLaw
    given: int
    numbers: Callable[[str], Operand]
    """Inputs of the rule by name, each of shape (n_places, n_points); of one row the place of a bend."""

    def value(self, leaves: Leaves, is_anchored: bool, n_puts: int) -> Operand:
        """The discounted mean."""
        strike, part = leaves["strike"], self.law.parts[self.given]
        x, share = self._places(strike, is_anchored)
        given = exp(part.mean + part.deviation * x)
        numbers = self.numbers
        forward, deviation = self._other(x)
        paid = numbers("of_given") * given + numbers("of_strike") * strike + numbers("slope") * forward
        for k in range(n_puts):
            at = numbers(f"of_given {k}") * given + numbers(f"of_strike {k}") * strike
            d1 = log(forward / at) / deviation + 0.5 * deviation
            put = at * normal_cdf(deviation - d1) - forward * normal_cdf(-d1)
            paid = paid + numbers(f"number {k}") * put
        return self.law.discount * total(share * exp(-0.5 * x * x) * paid) * (1 / sqrt(2 * pi))

    def _places(self, strike: Operand, is_anchored: bool) -> tuple[Operand, Operand]:
        """The standard normals behind the given underlying, and their shares."""
        place, share = self.numbers("place"), self.numbers("share")
        if not is_anchored:
            return place, share
        part = self.law.parts[self.given]
        bend = log(strike) + self.numbers("bend")
        return (bend + place - part.mean) / part.deviation, share / part.deviation

    def _other(self, x: Operand) -> tuple[Operand, Operand]:
        """The forward and the standard deviation of the other underlying, given x."""
        other, correlation = self.law.parts[1 - self.given], self.law.correlation(1, 0)
        moved = correlation * other.deviation
        left = other.deviation * ops.sqrt((1.0 - correlation) * (1.0 + correlation))
        return other.forward * exp(moved * x - 0.5 * moved * moved), left
