"""What a contract pays, as a graph of the leaves: one function per contract, found by its type."""

from functools import singledispatch

from greeks_cli.engine.autodiff.leaves import Leaves
from greeks_cli.engine.autodiff.ops import Operand, exp
from greeks_cli.engine.autodiff.softplus import Smoother
from greeks_cli.engine.simulation.paths import Path
from greeks_cli.terms.contract import Contract, OptionType


@singledispatch
def payoff(contract: Contract, leaves: Leaves, path: Path, smoother: Smoother) -> Operand:
    """The undiscounted payment at expiry, one per path, shape (n_paths,)."""
    raise TypeError(f"no payoff is registered for {type(contract).__name__}")


def above(type: OptionType, one: Operand, other: Operand) -> Operand:
    """By how much a call, or the other way round a put, is in the money."""
    return one - other if type is OptionType.CALL else other - one


def discounted_payoff(contract: Contract, leaves: Leaves, path: Path, smoother: Smoother) -> Operand:
    """The payment's value today, one per path."""
    discount = exp(-leaves["rate"] * (contract.expiry - leaves["time"]))
    return discount * payoff(contract, leaves, path, smoother)
