"""Payoff of a contract as a graph of the leaves: one function per contract, found by its type.

A module of payoffs is imported when a contract of its module is first paid.
"""

import importlib
from functools import singledispatch

from greeks_cli.engine.autodiff.kinks import Smoother
from greeks_cli.engine.autodiff.ops import Leaves, Operand
from greeks_cli.engine.simulation.any_market import AnyPath
from greeks_cli.terms.contracts.contract import Contract, OptionType, module_of

_MODULES = {
    "vanillas": ".vanilla",
    "barriers": ".barriers",
    "path_dependent": ".path_dependent",
    "periodic": ".path_dependent",
    "structured": ".structured",
    "formula": ".formula",
    "joint": ".joint",
    "two_assets": ".two_assets",
}
"""Modules of payoffs, by the modules of ``terms.contracts`` that define their contracts."""


@singledispatch
def payoff(contract: Contract, leaves: Leaves, path: AnyPath, smoother: Smoother) -> Operand:
    """The undiscounted payment at expiry, one per path, shape (n_paths,)."""
    if module := _MODULES.get(module_of(contract)):
        importlib.import_module(module, __package__)
    own = payoff.dispatch(type(contract))
    if own is payoff.dispatch(object):
        raise TypeError(f"no payoff is registered for {type(contract).__name__}")
    found: Operand = own(contract, leaves, path, smoother)
    return found


def above(type: OptionType, one: Operand, other: Operand) -> Operand:
    """The amount by which an option is in the money: one - other for a call, other - one for a put."""
    return one - other if type is OptionType.CALL else other - one


def paid_at(amount: Operand, date: int, leaves: Leaves, path: AnyPath) -> Operand:
    """A payment at a date by its number, brought to expiry."""
    return amount * (path.discount(leaves, date) / path.discount(leaves))


def at_expiry(contract: Contract, leaves: Leaves, path: AnyPath, smoother: Smoother) -> Operand:
    """The discounted payment at expiry, one per path, shape (n_paths,)."""
    return path.discount(leaves) * payoff(contract, leaves, path, smoother)


discounted_payoff = singledispatch(at_expiry)
"""The discounted payoff, one per path, shape (n_paths,)."""
