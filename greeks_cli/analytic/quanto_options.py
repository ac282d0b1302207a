"""Closed form of a quanto option."""

from greeks_cli.analytic.black import black
from greeks_cli.analytic.closed_form import AccrualsTo, closed_form
from greeks_cli.engine.autodiff.ops import Leaves, Operand, exp
from greeks_cli.engine.payoffs.quanto import foreign_drift
from greeks_cli.terms.quanto import Quanto


@closed_form.register
def _quanto(contract: Quanto, leaves: Leaves, accruals: AccrualsTo) -> Operand:
    """The formula of Black for the forward under the payment's currency (E. Reiner, Quanto mechanics, Risk 5, 1992)."""
    to_expiry = accruals()
    without_rate = exp(to_expiry.carry) * to_expiry.discount
    forward = leaves["spot"] * without_rate * exp(foreign_drift(leaves, leaves["expiry"]))
    option = black(contract.type.sign, forward, leaves["strike"], to_expiry.deviation)
    return leaves["fx_rate"] * to_expiry.discount * option
