"""Closed forms of contracts on two underlyings of which the second decides whether the first is paid."""

from dataclasses import dataclass

from greeks_cli.analytic.bivariate import Bivariate
from greeks_cli.analytic.black import N, black
from greeks_cli.analytic.joint_law import JointLaw
from greeks_cli.engine.autodiff.ops import Leaves, Operand, exp, log


@dataclass(frozen=True)
class CorrelationForm:
    """The formula for a payment of A where B ends beyond a trigger."""

    sign: float

    def value(self, law: JointLaw, leaves: Leaves, normal: Bivariate) -> Operand:
        """E. Haug, The complete guide to option pricing formulas, 2007, section 5.2: two-asset correlation options."""
        (paid, watched), correlation, sign = law.parts, law.correlation(1, 0), self.sign
        d = (log(paid.forward / leaves["strike"]) / paid.deviation) - 0.5 * paid.deviation
        e = (log(watched.forward / leaves["trigger"]) / watched.deviation) - 0.5 * watched.deviation
        above = normal(sign * (d + paid.deviation), sign * (e + correlation * paid.deviation), correlation)
        below = normal(sign * d, sign * e, correlation)
        return sign * law.discount * (paid.forward * above - leaves["strike"] * below)


@dataclass(frozen=True)
class BarrierForm:
    """The formula for a payment of A that a continuous barrier on B ends or begins."""

    sign: float
    is_above: bool
    knocks_in: bool
    is_touched: bool

    def value(self, law: JointLaw, leaves: Leaves, spot: Operand, rebate: Operand, normal: Bivariate) -> Operand:
        """R. Heynen and H. Kat, Crossing barriers, Risk 7 (1994), and the rebate at expiry; ``spot`` is that of B."""
        vanilla = black(self.sign, law.parts[0].forward, leaves["strike"], law.parts[0].deviation)
        if self.is_touched:
            return law.discount * (vanilla if self.knocks_in else rebate + 0.0 * vanilla)
        kept, untouched = self._untouched(law, leaves, spot, normal)
        if self.knocks_in:
            return law.discount * (vanilla - kept + rebate * untouched)
        return law.discount * (kept + rebate * (1.0 - untouched))

    def _untouched(self, law: JointLaw, leaves: Leaves, spot: Operand, normal: Bivariate) -> tuple[Operand, Operand]:
        """The mean payment on paths that do not touch the barrier, and their probability."""
        (paid, watched), correlation, sign = law.parts, law.correlation(1, 0), self.sign
        side, deviation = 1.0 if self.is_above else -1.0, watched.deviation
        distance, mean = log(leaves["barrier"] / spot), log(watched.forward / spot) - 0.5 * deviation * deviation
        d = log(paid.forward / leaves["strike"]) / paid.deviation - 0.5 * paid.deviation
        e, reflected = (distance - mean) / deviation, 2.0 * distance / deviation

        def beyond(d: Operand, e: Operand, mean: Operand) -> Operand:
            """The probability to end in the money without touching, when B has a mean."""
            weight = exp(2.0 * mean * distance / (deviation * deviation))
            mirrored = normal(sign * (d + correlation * reflected), side * (e - reflected), moved)
            return normal(sign * d, side * e, moved) - weight * mirrored

        moved = -sign * side * correlation
        tilt = correlation * paid.deviation
        of_paid = beyond(d + paid.deviation, e - tilt, mean + tilt * deviation)
        of_cash = beyond(d, e, mean)
        weight = exp(2.0 * mean * distance / (deviation * deviation))
        untouched = N(side * e) - weight * N(side * (e - reflected))
        return sign * (paid.forward * of_paid - leaves["strike"] * of_cash), untouched
