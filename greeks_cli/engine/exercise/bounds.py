"""Upper bound on a price by a martingale of one step: the value as fitted, less its mean over a few successors.

L. Andersen and M. Broadie, Management Science 50, 2004, follow the policy from each successor to its end; here the
regression of later values stands for that, and a successor is one step long. Any function gives a martingale, so the
bound holds whatever the regression is worth, and for few successors, whose noise only raises it.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from greeks_cli.engine.autodiff.kinks import Sharp
from greeks_cli.engine.autodiff.ops import values_of
from greeks_cli.engine.compiler import elementary
from greeks_cli.engine.exercise.fit import Array, Moves, pilot_path
from greeks_cli.engine.exercise.policy import Columns, policy_of
from greeks_cli.engine.payoffs.base import payoff
from greeks_cli.engine.payoffs.early.at_dates import at_dates_of_several
from greeks_cli.engine.payoffs.early.bells import bells
from greeks_cli.engine.payoffs.early.quantities import POLICY, EarlyOnSeveral
from greeks_cli.engine.payoffs.early.ranks import going_on, ranked
from greeks_cli.engine.simulation.joint.lognormals import values_of_part
from greeks_cli.engine.simulation.joint.paths import JointPath
from greeks_cli.terms.request import Request

_PATHS, _SUCCESSORS = 4096, 64
_OUTER, _INNER = 2, 3
"""Streams of the paths, and of the steps to their successors."""
_KEPT = 256


class Bound(NamedTuple):
    """A bound on a price, and its standard error."""

    mean: float
    stderr: float


def upper_bound(request: Request) -> Bound:
    """The bound on the price of a contract on several underlyings, a pure function of the request."""
    return _bound(request.changed(greeks=request.greeks[:1]))


@lru_cache(_KEPT)
def _bound(request: Request) -> Bound:
    with np.errstate(all="ignore"):
        samples = _Paths(request).samples()
    return Bound(float(samples.mean()), float(samples.std() / np.sqrt(len(samples))))


class _Paths:
    """Paths, and the steps by which their successors at each date leave them."""

    def __init__(self, request: Request):
        self._request, self._policy = request, policy_of(request)
        path, steps = pilot_path(request, _OUTER, _PATHS), pilot_path(request, _INNER, _PATHS * _SUCCESSORS)
        assert isinstance(path, JointPath)
        assert isinstance(steps, JointPath)
        own = EarlyOnSeveral(request.contract, {**request.payoff_values, POLICY: self._policy}, path)
        self._payments = np.asarray(values_of(own.payments))
        self._payment_today = np.asarray(values_of(own.payment_today()))
        self._discounts = np.broadcast_to(own.discounts, (own.n_dates, 1))[:, 0]
        named = path.named.items()
        self._moves = [Moves(part, values_of_part(request.values, name)) for name, part in named]
        self._steps = [Moves(part, values_of_part(request.values, name)).steps for name, part in steps.named.items()]

    def samples(self) -> Array:
        """The largest discounted payment less the martingale, path by path."""
        martingale: Array = np.zeros(_PATHS)
        most: Array = np.full(_PATHS, -np.inf)
        if self._request.contract.exercises_today:
            most = np.broadcast_to(self._payment_today, most.shape)
        for date, discount in enumerate(self._discounts):
            martingale = martingale + self._increment(date, discount)
            most = np.maximum(most, discount * self._payments[date] - martingale)
        return most

    def _increment(self, date: int, discount: float) -> Array:
        """The martingale's increment up to a date; the bells of the policy lessen the noise of successors."""
        policy = {name: column[date] for name, column in self._policy.items() if column.ndim}
        here = [own.logs[date] for own in self._moves]
        value = discount * self._value(policy, date, here, self._payments[date]) - self._of_bells(policy, here)
        successors = [
            (own.before(date)[:, None] + steps[date].reshape(_PATHS, _SUCCESSORS)).ravel()
            for own, steps in zip(self._moves, self._steps, strict=True)
        ]
        view = at_dates_of_several([elementary.exp(logs) for logs in successors])
        payments = np.asarray(values_of(payoff(self._request.contract, self._request.payoff_values, view, Sharp())))
        values = discount * self._value(policy, date, successors, payments) - self._of_bells(policy, successors)
        mean = values.reshape(_PATHS, _SUCCESSORS).mean(axis=1)
        return value - mean + self._known_increment(policy, date)

    def _value(self, policy: Columns, date: int, logs: list[Array], payments: Array) -> Array:
        """The value as fitted: the payment where the policy exercises, else that of going on."""
        if date == len(self._payments) - 1:
            return payments
        states = ranked(logs)
        exercised = payments > going_on(policy, states, payments)
        return np.where(exercised, payments, going_on(policy, states, payments, "value"))

    def _of_bells(self, policy: Columns, logs: list[Array]) -> Array:
        found: Array = np.zeros_like(logs[0])
        for k, own in enumerate(logs):
            rows = bells((own - policy[f"centre of {k}"]) * policy[f"scale of {k}"])
            found = found + sum(policy[f"martingale {b} of {k}"] * row for b, row in enumerate(rows))
        return found

    def _known_increment(self, policy: Columns, date: int) -> Array:
        found: Array = np.zeros(_PATHS)
        for k, own in enumerate(self._moves):
            for b, (one, mean) in enumerate(zip(*own.bells(date), strict=True)):
                found = found + policy[f"martingale {b} of {k}"] * (one - mean)
        return found
