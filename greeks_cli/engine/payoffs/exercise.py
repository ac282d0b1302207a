"""Payoffs of contracts that are exercised early, by a policy that regression has found.

The policy is a function of the path at each date, and its numbers are inputs of the program. It exercises where the
payment is larger than the value of going on. Decisions are data: no derivative passes through them.

A martingale M that follows the price as closely as it is known is taken off: the closed form of the European, and
bells of the logarithm less their means a date before. Its mean is 0 for every policy and at all values of the
parameters, so the discounted payment less M has the mean of the payment, and next to no noise. The largest of all
payments less M, each path knowing its future, is an upper bound (L. Rogers, Mathematical Finance 12, 2002; M. Haugh and
L. Kogan, Operations Research 52, 2004).
"""

from collections.abc import Mapping
from typing import Literal

import numpy as np

from greeks_cli.engine.autodiff.kinks import Sharp, Smoother
from greeks_cli.engine.autodiff.ops import (
    Leaves,
    Operand,
    as_constant,
    concat,
    exp,
    log,
    running_total,
    total,
    values_of,
)
from greeks_cli.engine.autodiff.path_nodes import log_of
from greeks_cli.engine.payoffs.at_dates import at_dates, given_forwards
from greeks_cli.engine.payoffs.base import at_expiry, discounted_payoff, payoff
from greeks_cli.engine.payoffs.bells import bells
from greeks_cli.engine.simulation.any_market import AnyPath
from greeks_cli.engine.simulation.paths import Path
from greeks_cli.terms.contract import Contract
from greeks_cli.terms.exercise import Exercisable

POLICY = "exercise policy"
"""The leaf of the policy's numbers by name: one for each date, shape (n_dates, 1), or one for all, shape ()."""
DEGREE = 8
"""The degree of the polynomial for the premium of going on."""
MORE_THAN_ROUNDING = 1 + 1e-9
"""The least ratio of a payment to the value of going on: without a rate, both are equal deep in the money."""
Columns = Mapping[str, Operand]


class Exercised:
    """Quantities of a contract at its exercise dates, each of shape (n_dates, n_paths)."""

    def __init__(self, contract: Contract, leaves: Leaves, path: AnyPath):
        assert isinstance(path, Path)
        self._contract, self._leaves, self._path = contract, leaves, path
        self.n_dates = path.n_dates
        self._accruals = path.accruals(leaves, slice(0, self.n_dates))
        self._share = as_constant(leaves[POLICY]["share"])

    @property
    def payments(self) -> Operand:
        """The payment on exercise at each date."""
        return payoff(self._contract, self._leaves, at_dates(self._path.spots), Sharp())

    def payment_today(self) -> Operand:
        """The payment on exercise now, one per path."""
        spot = self._leaves["spot"] + 0.0 * values_of(self._path[0])
        return payoff(self._contract, self._leaves, at_dates(spot), Sharp())

    @property
    def discounts(self) -> Operand:
        """The discount factors of the dates."""
        return as_constant(self._accruals.discount)

    @property
    def logarithms(self) -> Operand:
        """The logarithm of the lognormal."""
        return log_of(self._path.lognormals)

    def europeans(self) -> Operand:
        """The discounted price of the European at each date.

        Where dividends in cash make the price jump, the European is on the lognormal's share that they leave.
        """
        to_expiry, variance = self._path.accruals(self._leaves), self._accruals.variance
        forwards = exp(self.logarithms + (as_constant(to_expiry.carry) - self._accruals.carry))
        return self._european(forwards, variance[-1:] - variance)

    def european_today(self) -> Operand:
        """The price of the European today, one per path."""
        to_expiry = self._path.accruals(self._leaves)
        forward = as_constant(self._path.start(self._leaves) * exp(to_expiry.carry)) + 0.0 * values_of(self._path[0])
        return self._european(forward, as_constant(to_expiry.variance))

    def _european(self, forwards: Operand, variance: Operand) -> Operand:
        forwards = forwards * self._share
        discount = as_constant(self._path.accruals(self._leaves).discount)
        return payoff(self._contract, self._leaves, given_forwards(forwards, variance), Sharp()) * discount

    def premiums(self, policy: Columns) -> Operand:
        """The martingale of the premium over the European: bells less their means, summed up to each date."""
        logs, accruals = self.logarithms, self._accruals
        start = as_constant(log(self._path.start(self._leaves))) + 0.0 * values_of(logs[:1])
        before = concat([start, logs[:-1]]) if self.n_dates > 1 else start
        growth, variance = accruals.growth, accruals.variance
        means = before + (growth - _shifted(growth))
        scale, centre = policy["scale"], policy["centre"]
        spread = (variance - _shifted(variance)) * (scale * scale)
        values, expected = bells((logs - centre) * scale), bells((means - centre) * scale, spread)
        found: Operand = 0.0
        for k, (value, mean) in enumerate(zip(values, expected, strict=True)):
            found = found + policy[f"martingale {k}"] * (value - mean)
        return running_total(found)

    def hedged(self, policy: Columns) -> Operand:
        """The discounted payments less the martingale, but for the European's price today."""
        return self.discounts * self.payments - self.europeans() - self.premiums(policy)

    def decisions(self, policy: Columns) -> Operand:
        """1 at the date of exercise, else 0; the last date exercises what is left."""
        payments, logs = values_of(self.payments), values_of(self.logarithms)
        going = values_of(self.europeans()) / values_of(self.discounts) + premium_of(policy, logs)
        exercised = (going * MORE_THAN_ROUNDING < payments).astype(logs.dtype)
        exercised = np.concatenate([exercised[:-1], np.ones_like(exercised[:1])])
        counts = np.cumsum(exercised, axis=0)
        return exercised * (counts < 1.5).astype(logs.dtype)


def premium_of(policy: Columns, logs: Operand) -> Operand:
    """The value of going on over the European's at each date.

    It is a polynomial between the ends of the pilot's paths, and 0 at least where the European's price is exact.
    """
    x = np.minimum(np.maximum((logs - policy["middle"]) * policy["steepness"], policy["lowest"]), policy["highest"])
    found = policy[f"continuation {DEGREE}"]
    for k in reversed(range(DEGREE)):
        found = found * x + policy[f"continuation {k}"]
    return np.maximum(found, policy["least"])


def _shifted(column: Operand) -> Operand:
    """The column of each date's predecessor, 0 before the first."""
    return concat([0.0 * column[:1], column[:-1]]) if column.shape[0] > 1 else 0.0 * column


def certain(contract: Contract, leaves: Leaves, path: AnyPath) -> Operand:
    """The part of the value that is known: the payment of exercise now, or the European and the premium as fitted."""
    own, policy = Exercised(contract, leaves, path), leaves[POLICY]
    known = own.european_today() + as_constant(policy["premium"])
    if not contract.exercises_today:
        return known
    today = as_constant(policy["today"])
    return today * own.payment_today() + (1 - today) * known


def uncertain(contract: Contract, leaves: Leaves, path: AnyPath) -> Operand:
    """The discounted payment less the martingale and the part of the value that is known, shape (n_paths,)."""
    own, policy = Exercised(contract, leaves, path), leaves[POLICY]
    decisions, premium = own.decisions(policy), as_constant(policy["premium"])
    if contract.exercises_today:
        later = 1 - as_constant(policy["today"])
        decisions, premium = decisions * later, premium * later
    return total(decisions * own.hedged(policy)) - premium


class UpperBound(Contract):
    """The most that a holder gains who knows the path, less the martingale."""

    kind: Literal["upper-bound"] = "upper-bound"
    of: Contract

    def describe(self) -> str:
        return "upper bound"


@discounted_payoff.register
def _upper_bound(contract: UpperBound, leaves: Leaves, path: AnyPath, smoother: Smoother) -> Operand:
    own, policy = Exercised(contract.of, leaves, path), leaves[POLICY]
    most = Sharp().maximum(own.hedged(policy)) + own.european_today()
    if not contract.of.exercises_today:
        return most
    return Sharp().maximum(concat([row.reshape(1, -1) for row in (most, own.payment_today())]))


@discounted_payoff.register
def _early(contract: Exercisable, leaves: Leaves, path: AnyPath, smoother: Smoother) -> Operand:
    if not contract.is_early:
        return at_expiry(contract, leaves, path, smoother)
    return certain(contract, leaves, path) + uncertain(contract, leaves, path)
