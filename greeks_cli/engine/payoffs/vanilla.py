"""Payoffs of the contracts on the underlying at expiry.

Under a model whose logarithm is normal given its variance and jumps, the mean payoff given these is a formula of Black
and Scholes, and has no kink.
"""

from greeks_cli.engine.autodiff.kinks import Smoother
from greeks_cli.engine.autodiff.normal import normal_cdf
from greeks_cli.engine.autodiff.ops import Leaves, Operand, as_constant, log
from greeks_cli.engine.payoffs.base import above, payoff
from greeks_cli.engine.simulation.paths import Path
from greeks_cli.terms.contracts.contract import OptionType
from greeks_cli.terms.contracts.vanillas import (
    Butterfly,
    CallSpread,
    Digital,
    European,
    ForwardStart,
    Payout,
    PutSpread,
    Straddle,
    Strangle,
)


class _Vanillas:
    """Options on the underlying at expiry, or their means given variance and jumps."""

    def __init__(self, leaves: Leaves, path: Path, smoother: Smoother):
        self._leaves, self._path, self._smoother = leaves, path, smoother
        if path.is_integrable:
            growth, self._deviation = path.first_increment(leaves)
            self._forward = as_constant(leaves["spot"]) * growth

    def call(self, strike: Operand) -> Operand:
        """max(price - strike, 0)."""
        return self.option(OptionType.CALL, strike)

    def put(self, strike: Operand) -> Operand:
        """max(strike - price, 0)."""
        return self.option(OptionType.PUT, strike)

    def option(self, type: OptionType, strike: Operand) -> Operand:
        """A call or a put."""
        if self._path.is_integrable:
            cash, asset = self._chances(type.sign, strike)
            return type.sign * (self._forward * asset - strike * cash)
        return self._smoother.positive_part(above(type, self._path[-1], strike))

    def digital(self, contract: Digital) -> Operand:
        """Cash or the underlying where a digital ends in the money."""
        type, strike = contract.type, self._leaves["strike"]
        if self._path.is_integrable:
            cash, asset = self._chances(type.sign, strike)
            return contract.cash * cash if contract.payout is Payout.CASH else self._forward * asset
        in_the_money = self._smoother.step(above(type, self._path[-1], strike))
        return in_the_money * (contract.cash if contract.payout is Payout.CASH else self._path[-1])

    def _chances(self, sign: float, strike: Operand) -> tuple[Operand, Operand]:
        """The chances to end in the money, by the measures of cash and of the underlying."""
        d1 = log(self._forward / as_constant(strike)) / self._deviation + 0.5 * self._deviation
        return normal_cdf(sign * (d1 - self._deviation)), normal_cdf(sign * d1)


@payoff.register
def _european(contract: European, leaves: Leaves, path: Path, smoother: Smoother) -> Operand:
    return _Vanillas(leaves, path, smoother).option(contract.type, leaves["strike"])


@payoff.register
def _digital(contract: Digital, leaves: Leaves, path: Path, smoother: Smoother) -> Operand:
    return _Vanillas(leaves, path, smoother).digital(contract)


@payoff.register
def _forward_start(contract: ForwardStart, leaves: Leaves, path: Path, smoother: Smoother) -> Operand:
    if contract.strike is not None:
        return _Vanillas(leaves, path, smoother).option(contract.type, leaves["set_strike"])
    # A kernel of prices would be too wide on paths that start low.
    start = path[0]
    return start * smoother.positive_part(above(contract.type, path[-1] / start, contract.moneyness))


@payoff.register
def _straddle(contract: Straddle, leaves: Leaves, path: Path, smoother: Smoother) -> Operand:
    options = _Vanillas(leaves, path, smoother)
    return options.call(leaves["strike"]) + options.put(leaves["strike"])


@payoff.register
def _strangle(contract: Strangle, leaves: Leaves, path: Path, smoother: Smoother) -> Operand:
    options = _Vanillas(leaves, path, smoother)
    return options.put(leaves["low_strike"]) + options.call(leaves["high_strike"])


@payoff.register
def _call_spread(contract: CallSpread, leaves: Leaves, path: Path, smoother: Smoother) -> Operand:
    options = _Vanillas(leaves, path, smoother)
    bought = options.call(leaves["low_strike"])
    return bought - options.call(leaves["high_strike"])


@payoff.register
def _put_spread(contract: PutSpread, leaves: Leaves, path: Path, smoother: Smoother) -> Operand:
    options = _Vanillas(leaves, path, smoother)
    bought = options.put(leaves["high_strike"])
    return bought - options.put(leaves["low_strike"])


@payoff.register
def _butterfly(contract: Butterfly, leaves: Leaves, path: Path, smoother: Smoother) -> Operand:
    options = _Vanillas(leaves, path, smoother)
    wings = [options.call(leaves[name]) for name in ("low_strike", "high_strike")]
    return wings[0] + wings[1] - 2 * options.call(leaves["strike"])
