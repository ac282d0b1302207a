"""Payoff of a contract as a graph of the leaves: one function per contract, found by its type."""

from functools import singledispatch

from greeks_cli.engine.autodiff.kinks import Smoother
from greeks_cli.engine.autodiff.ops import Leaves, Operand
from greeks_cli.engine.simulation.any_market import AnyPath
from greeks_cli.terms.contract import Contract, OptionType


@singledispatch
def payoff(contract: Contract, leaves: Leaves, path: AnyPath, smoother: Smoother) -> Operand:
    """The undiscounted payment at expiry, one per path, shape (n_paths,)."""
    raise TypeError(f"no payoff is registered for {type(contract).__name__}")


def above(type: OptionType, one: Operand, other: Operand) -> Operand:
    """The amount by which an option is in the money: one - other for a call, other - one for a put."""
    return one - other if type is OptionType.CALL else other - one


def paid_at(amount: Operand, date: int, leaves: Leaves, path: AnyPath) -> Operand:
    """A payment at a date by its number, brought to expiry."""
    return amount * (path.discount(leaves, date) / path.discount(leaves))


def discounted_payoff(contract: Contract, leaves: Leaves, path: AnyPath, smoother: Smoother) -> Operand:
    """The discounted payoff, one per path, shape (n_paths,)."""
    return path.discount(leaves) * payoff(contract, leaves, path, smoother)
