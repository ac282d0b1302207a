"""Control variates: contracts with closed forms, on the same paths."""

from functools import singledispatch
from typing import Literal

from greeks_cli.engine.autodiff.kinks import Smoother
from greeks_cli.engine.autodiff.ops import Leaves, Operand
from greeks_cli.engine.payoffs.base import payoff
from greeks_cli.engine.simulation.paths import Path
from greeks_cli.terms.contract import Contract, StrikeKind
from greeks_cli.terms.models import Model
from greeks_cli.terms.path_contracts import Asian, Average
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
    average has no closed form.
    """
    if request.cash_dividends or request.market.model is not Model.GBM:
        return Underlying(expiry=request.contract.expiry)
    return _control(request.contract)


@singledispatch
def _control(contract: Contract) -> Contract:
    return Underlying(expiry=contract.expiry)


@_control.register
def _asian(contract: Asian) -> Contract:
    """The geometric average of the same fixings, where the arithmetic one may end on either side of a fixed strike."""
    fixed = contract.strike_kind is StrikeKind.FIXED and not contract.is_decided
    if fixed and contract.average is Average.ARITHMETIC:
        return contract.model_copy(update={"average": Average.GEOMETRIC})
    return Underlying(expiry=contract.expiry)
