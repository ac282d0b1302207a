"""Payoffs of contracts that are exercised early, by a policy that regression has found.

The policy is a function of the path at each date, and its numbers are inputs of the program. It exercises where the
payment is larger than the value of going on. Decisions are data: no derivative passes through them.

A martingale M that follows the price as closely as it is known is taken off: the closed form of the European, and
bells of the logarithm less their means a date before. Its mean is 0 for every policy and at all values of the
parameters, so the discounted payment less M has the mean of the payment, and next to no noise. The largest of all
payments less M, each path knowing its future, is an upper bound (L. Rogers, Mathematical Finance 12, 2002; M. Haugh and
L. Kogan, Operations Research 52, 2004).
"""

from typing import Literal

from greeks_cli.engine.autodiff.kinks import Sharp, Smoother
from greeks_cli.engine.autodiff.ops import Leaves, Operand, as_constant, concat, total
from greeks_cli.engine.autodiff.rows import chosen_rows
from greeks_cli.engine.payoffs.base import at_expiry, discounted_payoff
from greeks_cli.engine.payoffs.early.quantities import POLICY, early
from greeks_cli.engine.simulation.any_market import AnyPath
from greeks_cli.terms.contracts.contract import Contract
from greeks_cli.terms.contracts.exercise import Exercisable


def certain(contract: Contract, leaves: Leaves, path: AnyPath) -> Operand:
    """The part of the value that is known: the payment of exercise now, or the European and the premium as fitted."""
    own, policy = early(contract, leaves, path), leaves[POLICY]
    known = own.known_today() + as_constant(policy["premium"])
    if not contract.exercises_today:
        return known
    today = as_constant(policy["today"])
    return today * own.payment_today() + (1 - today) * known


def uncertain(contract: Contract, leaves: Leaves, path: AnyPath) -> Operand:
    """The discounted payment less the martingale and the part of the value that is known, shape (n_paths,)."""
    own, policy = early(contract, leaves, path), leaves[POLICY]
    decisions, premium = own.decisions(policy), as_constant(policy["premium"])
    if contract.exercises_today:
        later = 1 - as_constant(policy["today"])
        decisions, premium = decisions * later, premium * later
    return total(decisions * own.hedged(policy)) - premium


class UpperBound(Contract):
    """The most that a holder gains who knows the path, less the martingale."""

    kind: Literal["upper-bound"] = "upper-bound"
    of: Exercisable

    def describe(self) -> str:
        return "upper bound"


@discounted_payoff.register
def _upper_bound(contract: UpperBound, leaves: Leaves, path: AnyPath, smoother: Smoother) -> Operand:
    own, policy = early(contract.of, leaves, path), leaves[POLICY]
    hedged = chosen_rows(own.hedged(policy), contract.of.rights_places)
    most = Sharp().maximum(hedged) + own.known_today()
    if not contract.of.exercises_today:
        return most
    return Sharp().maximum(concat([row.reshape(1, -1) for row in (most, own.payment_today())]))


@discounted_payoff.register
def _early(contract: Exercisable, leaves: Leaves, path: AnyPath, smoother: Smoother) -> Operand:
    if not contract.is_early:
        return at_expiry(contract, leaves, path, smoother)
    return certain(contract, leaves, path) + uncertain(contract, leaves, path)
