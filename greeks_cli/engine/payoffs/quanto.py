"""Payoff of a quanto option: the path drifts at the rate of the payment's currency, and the payoff corrects it."""

from greeks_cli.engine.autodiff.kinks import Smoother
from greeks_cli.engine.autodiff.ops import Leaves, Operand, as_constant, exp
from greeks_cli.engine.payoffs.base import above, payoff
from greeks_cli.engine.simulation.paths import Path
from greeks_cli.terms.quanto import Quanto


def foreign_drift(leaves: Leaves, years: Operand) -> Operand:
    """The logarithm of the underlying's growth, but for dividends: foreign_rate - fx_correlation vol fx_vol a year."""
    drift = leaves["foreign_rate"] - leaves["fx_correlation"] * leaves["fx_vol"] * leaves["vol"]
    return drift * (years - leaves["time"])


@payoff.register
def _quanto(contract: Quanto, leaves: Leaves, path: Path, smoother: Smoother) -> Operand:
    """fx_rate max(S(T) g - K, 0) for a call, where g replaces the growth at the rate by that of the foreign drift."""
    growth = as_constant(exp(foreign_drift(leaves, path.expiry))) * path.discount(leaves)
    paid = smoother.positive_part(above(contract.type, path[-1] * growth, leaves["strike"]))
    return as_constant(leaves["fx_rate"]) * paid
