"""Laws of the underlying at expiry, by the discounted expectations that contracts on it are sums of."""

import math
from collections.abc import Callable
from typing import NamedTuple, Protocol

from greeks_cli.analytic.black import N, european
from greeks_cli.analytic.characteristic import log_characteristic
from greeks_cli.engine.autodiff.complex_numbers import as_complex, real_part
from greeks_cli.engine.autodiff.ops import Leaves, Operand, exp, log, total
from greeks_cli.engine.simulation.accruals import Accruals
from greeks_cli.terms.markets.models import Model


class EndLaw(Protocol):
    """Law of the underlying at expiry. Strikes are named as the leaves are; ``sign`` is 1 above them, -1 below."""

    def option(self, sign: float, strike: str) -> Operand:
        """The value of max(sign (S - K), 0)."""

    def cash(self, sign: float, strike: str) -> Operand:
        """The value of 1 where the underlying ends on a side of the strike."""

    def asset(self, sign: float, strike: str) -> Operand:
        """The value of the underlying where it ends on a side of the strike."""


class Lognormal:
    """Law of the model gbm. Digitals: M. Rubinstein and E. Reiner, Unscrambling the binary code, Risk 4 (1991)."""

    def __init__(self, leaves: Leaves, to_expiry: Accruals):
        self._leaves, self._to_expiry = leaves, to_expiry

    def option(self, sign: float, strike: str) -> Operand:
        return european(sign, self._leaves["spot"], self._leaves[strike], self._to_expiry)

    def cash(self, sign: float, strike: str) -> Operand:
        return self._to_expiry.discount * N(sign * (self._d1(strike) - self._to_expiry.deviation))

    def asset(self, sign: float, strike: str) -> Operand:
        to_expiry = self._to_expiry
        return self._leaves["spot"] * exp(to_expiry.carry) * to_expiry.discount * N(sign * self._d1(strike))

    def _d1(self, strike: str) -> Operand:
        deviation = self._to_expiry.deviation
        return (log(self._leaves["spot"] / self._leaves[strike]) + self._to_expiry.carry) / deviation + 0.5 * deviation


class Places(NamedTuple):
    """Places of a rule along a contour, and their shares dz, as arrays of the trace."""

    z: Operand
    shares: Operand


class Transformed:
    """Law of a model with a known characteristic function; expectations are Fourier integrals (A. Lewis, 2001).

    With X = log(S(T) / forward), k = log(K / forward) and -1 < Im z < 0,

        E min(S(T), K) = K/pi Re of the integral of E exp(i z X) exp(-i z k) / (z (z + i)),

    taken over the right half of a contour; digitals are its derivatives in K.
    """

    def __init__(self, model: Model, leaves: Leaves, to_expiry: Accruals, places: Callable[[str], Places]):
        """``places`` gives the rule for a strike."""
        self._model, self._leaves, self._to_expiry, self._places = model, leaves, to_expiry, places
        self._forward = leaves["spot"] * exp(to_expiry.carry)

    def option(self, sign: float, strike: str) -> Operand:
        K = self._leaves[strike]
        covered = K * self._integral(strike, lambda z: 1 / (z * (z + 1j)))
        return self._to_expiry.discount * ((self._forward if sign > 0 else K) - covered)

    def cash(self, sign: float, strike: str) -> Operand:
        above = self._integral(strike, lambda z: -1j / z)
        return self._to_expiry.discount * (above if sign > 0 else 1.0 - above)

    def asset(self, sign: float, strike: str) -> Operand:
        below = self._leaves[strike] * self._integral(strike, lambda z: 1j / (z + 1j))
        return self._to_expiry.discount * (self._forward - below if sign > 0 else below)

    def _integral(self, strike: str, kernel: Callable[[Operand], Operand]) -> Operand:
        places = self._places(strike)
        k = as_complex(log(self._leaves[strike] / self._forward))
        years = self._leaves["expiry"] - self._leaves["time"]
        variance = 0.0 if self._model.has_variance else self._to_expiry.variance
        grown = exp(log_characteristic(self._model, places.z, self._leaves, years, variance) - 1j * places.z * k)
        return total(real_part(grown * (places.shares * kernel(places.z)))) * (1 / math.pi)
