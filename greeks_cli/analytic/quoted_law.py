"""Law of the underlying at expiry under local volatility: that of the quotes, whatever lies before the expiry.

Europeans cost what F. Black's formula gives at the implied vol of the surface (B. Dupire, Pricing with a smile, Risk 7,
1994). That is a function of the strike and of the quotes. As the spot, rates or time move, the local variance stays and
the smile moves: derivatives in these are not known.
"""

from functools import lru_cache
from math import exp as exp_of
from math import pi
from math import sqrt as root

from greeks_cli.analytic.black import N, black
from greeks_cli.engine.autodiff.ops import Leaves, Operand, exp, log, sqrt
from greeks_cli.engine.simulation.models.local_vol import LocalVol
from greeks_cli.terms.markets.market import Market


@lru_cache(64)
def has_law_of_quotes(market: Market, expiry: float) -> bool:
    """True if Europeans of an expiry cost under local volatility what the surface says: no floor of it holds before."""
    return not LocalVol(market.smiles).is_floored(expiry)


class Quoted:
    """Law of a surface of quoted vols at an expiry, by leaves of the strikes, the shift of all vols and the quotes."""

    def __init__(self, market: Market, expiry: float, leaves: Leaves):
        self._surface, self._leaves, self._expiry = LocalVol(market.smiles), leaves, expiry
        self._forward = market.forward(expiry)
        self._discount = exp_of(-market.flat(expiry).rate * expiry)

    def option(self, sign: float, strike: str) -> Operand:
        return self._discount * black(sign, self._forward, self._leaves[strike], sqrt(self._variance(strike)))

    def cash(self, sign: float, strike: str) -> Operand:
        above = self._above(strike)
        return self._discount * (above if sign > 0 else 1 - above)

    def asset(self, sign: float, strike: str) -> Operand:
        """An option, and the strike where the underlying ends beyond it."""
        return self.option(sign, strike) * sign + self._leaves[strike] * self.cash(sign, strike)

    def _above(self, strike: str) -> Operand:
        """N(d2) - n(d2) ds/dk, minus the derivative of a call in its strike, where s^2 is the total variance at k."""
        deviation = sqrt(self._variance(strike))
        d2 = -1 * self._moneyness(strike) / deviation - 0.5 * deviation
        slope = self._variance(strike, 1) / (2 * deviation)
        return N(d2) - exp(-0.5 * d2 * d2) * (1 / root(2 * pi)) * slope

    def _variance(self, strike: str, order: int = 0) -> Operand:
        return self._surface.total_variance(self._leaves, self._expiry, self._moneyness(strike), order)

    def _moneyness(self, strike: str) -> Operand:
        return log(self._leaves[strike] * (1 / self._forward))
