"""Control variates: contracts with closed forms, on the same paths."""

from typing import Literal

from greeks_cli.engine.autodiff.kinks import Smoother
from greeks_cli.engine.autodiff.ops import Leaves, Operand
from greeks_cli.engine.payoffs.base import payoff
from greeks_cli.engine.simulation.paths import Path
from greeks_cli.terms.contracts.contract import Contract
from greeks_cli.terms.request import Request


class Underlying(Contract):
    """Pays the lognormal at expiry: the underlying, where no dividends in cash make it jump."""

    kind: Literal["underlying"] = "underlying"

    def describe(self) -> str:
        return "underlying"


@payoff.register
def _underlying(contract: Underlying, leaves: Leaves, path: Path, smoother: Smoother) -> Operand:
    return path.lognormal_end


def control_of(request: Request) -> Contract:
    """The control variate of a request: of the contracts with a closed form, the one whose payoff correlates most.

    Under dividends in cash that is the lognormal behind the underlying; under models with jumps or a random variance an
    average has no closed form. Several underlyings have the contract's own control alone.
    """
    if request.is_joint:
        assert request.contract.control is not None  # else the request is refused
        return request.contract.control
    if request.cash_dividends or not request.market.is_lognormal:
        return Underlying(expiry=request.contract.expiry)
    return request.contract.control or Underlying(expiry=request.contract.expiry)
