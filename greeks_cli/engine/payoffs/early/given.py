"""Quantities at exercise dates of a contract on one underlying whose increments are normal given variance and jumps.

No formula of the European is used. The policy decides by the price and its variance; a martingale of shocks stands for
the price. The formula of Black with the variance that is expected until expiry is near the European.
"""

from collections.abc import Mapping
from itertools import product

import numpy as np

from greeks_cli.engine.autodiff.kinks import Sharp
from greeks_cli.engine.autodiff.ops import Operand, as_constant, exp, running_total, values_of
from greeks_cli.engine.payoffs.base import payoff
from greeks_cli.engine.payoffs.early.at_dates import given_forwards
from greeks_cli.engine.payoffs.early.moves import Move, deviations_of, levels_of, move_of
from greeks_cli.engine.payoffs.early.quantities import Columns, EarlyOnUnderlying
from greeks_cli.engine.payoffs.early.shocks import shocks
from greeks_cli.terms.markets.models import Model

DEGREE = 6
"""The degree of the polynomials for the premium of going on; one in the deviation counts as two."""
STATES = ("log", "deviation")
"""Variables of the polynomials: the logarithm of the price, and the square root of its variance."""


class EarlyGiven(EarlyOnUnderlying):
    """Quantities of a contract on one underlying under a model."""

    def known_today(self) -> Operand:
        return 0.0 * values_of(self._path[0])

    def martingale(self, policy: Columns) -> Operand:
        found: Operand = 0.0
        for k, shock in enumerate(shocks(policy, self.move, self.european)):
            found = found + policy[f"martingale {k}"] * shock
        return running_total(found)

    def going_on(self, policy: Columns) -> Operand:
        near = self.near(policy, values_of(self.logarithms), self.levels)
        return continuation_value(policy, self.model, self.states, near)

    @property
    def model(self) -> Model:
        """The model of the underlying."""
        return self._path.model

    @property
    def levels(self) -> Operand | None:
        """The variance at each date; None where it is no process."""
        return levels_of(self._path, self._leaves)

    @property
    def diffusion_left(self) -> Operand:
        """The variance of the logarithm from each date to expiry by a vol that is no process, shape (n_dates, 1)."""
        if self.model.has_variance:
            return np.zeros((self.n_dates, 1))
        to_date = values_of(self._accruals.variance)
        return to_date[-1:] - to_date

    @property
    def states(self) -> list[Operand]:
        """The quantities by which the policy decides, without derivatives."""
        levels = self.levels
        found = [values_of(self.logarithms)]
        return found if levels is None else [*found, deviations_of(levels)]

    @property
    def move(self) -> Move:
        """The moves between exercise dates."""
        return move_of(self._path, self._leaves, self.logarithms)

    def near(self, policy: Columns, logs: Operand, levels: Operand | None) -> Operand:
        """A price near the European's at each date, without derivatives."""
        left = policy["left"] if levels is None else policy["left"] + policy["left per variance"] * levels
        return values_of(self.european(logs, left)) / values_of(self.discounts)

    def european(self, logs: Operand, variance: Operand) -> Operand:
        """The discounted price of the European, if the logarithm to expiry has a variance."""
        return self._european(self._accruals.carry, logs, variance)

    def european_at(self, date: int, logs: Operand, variance: Operand) -> Operand:
        """The discounted price of the European at one date."""
        return self._european(np.broadcast_to(self._accruals.carry, (self.n_dates, 1))[date], logs, variance)

    def _european(self, carry: Operand, logs: Operand, variance: Operand) -> Operand:
        to_expiry = self._path.accruals(self._leaves)
        forwards = exp(logs + (as_constant(to_expiry.carry) - carry))
        discount = as_constant(to_expiry.discount)
        return payoff(self._contract, self._leaves, given_forwards(forwards, variance), Sharp()) * discount


def degrees(model: Model) -> list[int]:
    """The degree of each polynomial."""
    return [a + 2 * b for a, b in _powers_of(model)]


def _powers_of(model: Model) -> list[tuple[int, int]]:
    """The powers of the logarithm and of the deviation in each polynomial."""
    most = DEGREE // 2 if model.has_variance else 0
    return [(a, b) for b, a in product(range(most + 1), range(DEGREE + 1)) if a + 2 * b <= DEGREE]


def continuation_value(policy: Mapping[str, Operand], model: Model, states: list[Operand], near: Operand) -> Operand:
    """The continuation value at each date: what is near the European's and a premium, and a share of it at least.

    The premium is a polynomial between the ends of the pilot's paths on which exercise is tried, and constant beyond.
    """
    x = [
        np.minimum(
            np.maximum((own - policy[f"middle {of}"]) * policy[f"steepness {of}"], policy[f"lowest {of}"]),
            policy[f"highest {of}"],
        )
        for of, own in zip(STATES, states, strict=False)
    ]
    premium: Operand = 0.0
    for k, row in enumerate(polynomials(model, x)):
        premium = premium + policy[f"continuation {k}"] * row
    return np.maximum(near + premium, policy["least"] * near)


def polynomials(model: Model, states: list[Operand]) -> list[Operand]:
    """The polynomials in states; the first is 1."""
    logs, deviations = _powers(states[0]), _powers(states[-1])
    return [logs[a] * deviations[b] if b else logs[a] for a, b in _powers_of(model)]


def _powers(x: Operand) -> list[Operand]:
    found: list[Operand] = [1.0]
    for _ in range(DEGREE):
        found.append(found[-1] * x)
    return found
