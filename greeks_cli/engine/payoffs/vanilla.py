"""Payoffs of the contracts on the underlying at expiry."""

from greeks_cli.engine.autodiff.kinks import Smoother
from greeks_cli.engine.autodiff.ops import Leaves, Operand
from greeks_cli.engine.payoffs.base import above, payoff
from greeks_cli.engine.simulation.paths import Path
from greeks_cli.terms.vanillas import (
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


@payoff.register
def _european(contract: European, leaves: Leaves, path: Path, smoother: Smoother) -> Operand:
    return smoother.positive_part(above(contract.type, path[-1], leaves["strike"]))


@payoff.register
def _digital(contract: Digital, leaves: Leaves, path: Path, smoother: Smoother) -> Operand:
    in_the_money = smoother.step(above(contract.type, path[-1], leaves["strike"]))
    return in_the_money * (contract.cash if contract.payout is Payout.CASH else path[-1])


@payoff.register
def _forward_start(contract: ForwardStart, leaves: Leaves, path: Path, smoother: Smoother) -> Operand:
    strike = contract.moneyness * path[0] if contract.strike is None else contract.strike
    return smoother.positive_part(above(contract.type, path[-1], strike))


@payoff.register
def _straddle(contract: Straddle, leaves: Leaves, path: Path, smoother: Smoother) -> Operand:
    excess = path[-1] - leaves["strike"]
    return smoother.positive_part(excess) + smoother.positive_part(-excess)


@payoff.register
def _strangle(contract: Strangle, leaves: Leaves, path: Path, smoother: Smoother) -> Operand:
    at_expiry = path[-1]
    below = smoother.positive_part(leaves["low_strike"] - at_expiry)
    return below + smoother.positive_part(at_expiry - leaves["high_strike"])


@payoff.register
def _call_spread(contract: CallSpread, leaves: Leaves, path: Path, smoother: Smoother) -> Operand:
    at_expiry = path[-1]
    bought = smoother.positive_part(at_expiry - leaves["low_strike"])
    return bought - smoother.positive_part(at_expiry - leaves["high_strike"])


@payoff.register
def _put_spread(contract: PutSpread, leaves: Leaves, path: Path, smoother: Smoother) -> Operand:
    at_expiry = path[-1]
    bought = smoother.positive_part(leaves["high_strike"] - at_expiry)
    return bought - smoother.positive_part(leaves["low_strike"] - at_expiry)


@payoff.register
def _butterfly(contract: Butterfly, leaves: Leaves, path: Path, smoother: Smoother) -> Operand:
    at_expiry = path[-1]
    wings = [smoother.positive_part(at_expiry - leaves[name]) for name in ("low_strike", "high_strike")]
    return wings[0] + wings[1] - 2 * smoother.positive_part(at_expiry - leaves["strike"])
