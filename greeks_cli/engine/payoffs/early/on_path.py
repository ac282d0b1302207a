"""Quantities of a contract on the path of one underlying at its exercise dates."""

from collections.abc import Sequence

import numpy as np

from greeks_cli.engine.autodiff.ops import Leaves, Operand, as_constant, concat, log, running_total, values_of
from greeks_cli.engine.autodiff.path_nodes import log_of
from greeks_cli.engine.payoffs.early.bells import N_BELLS, bells, functions_of
from greeks_cli.engine.payoffs.early.quantities import Columns, Early
from greeks_cli.engine.payoffs.early.ranks import going_on
from greeks_cli.engine.payoffs.early.running import running
from greeks_cli.engine.simulation.any_market import AnyPath
from greeks_cli.engine.simulation.models.conditional import differences
from greeks_cli.engine.simulation.paths import Path
from greeks_cli.terms.contracts.contract import Contract

_INNER = (5, 3, 1)
"""The inner bells of each state that functions of the price are multiplied by, for one state, two, and three."""
_FINE_BELLS = 33
_FARTHEST = 4.0
"""Standard deviations beyond which a state counts as there."""


class EarlyOnPath(Early):
    """Quantities of a contract that depends on the path; no formula is used."""

    def __init__(self, contract: Contract, leaves: Leaves, path: AnyPath):
        assert isinstance(path, Path)
        super().__init__(contract, leaves, path)
        self._path = path
        self._accruals = path.accruals(leaves, slice(0, self.n_dates))
        self._running = running(contract, leaves, path)

    @property
    def payments(self) -> Operand:
        return self._running.payments

    def payment_today(self) -> Operand:
        return self._running.today

    @property
    def discounts(self) -> Operand:
        return as_constant(self._accruals.discount)

    def known_today(self) -> Operand:
        return 0.0 * values_of(self._path[0])

    @property
    def states(self) -> Sequence[Operand]:
        """The states by which the policy decides: the logarithm of the lognormal, and what the contract keeps."""
        return [values_of(log_of(self._path.lognormals)), *self._running.states]

    def going_on(self, policy: Columns) -> Operand:
        return going_on(policy, self.states, values_of(self.payments))

    def martingale(self, policy: Columns) -> Operand:
        """The sum of functions of the price less their means a date before, times functions of the states then."""
        logs, accruals = log_of(self._path.lognormals), self._accruals
        first = as_constant(log(self._path.start(self._leaves))) + 0.0 * values_of(logs[:1])
        before = concat([first, logs[:-1]]) if logs.shape[0] > 1 else first
        means, scale, centre = before + differences(accruals.growth), policy["scale"], policy["centre"]
        spread = differences(accruals.variance) * (scale * scale)
        here = functions_of((logs - centre) * scale, scale, n=self.n_bells)
        expected = functions_of((means - centre) * scale, scale, spread, self.n_bells)
        factors = [1.0, *self._factors(policy)]
        found: Operand = 0.0
        for k, (value, mean) in enumerate(zip(here, expected, strict=True)):
            weight = sum(policy[f"martingale {k} by {j}"] * factor for j, factor in enumerate(factors))
            found = found + weight * (value - mean)
        return running_total(found)

    @property
    def n_bells(self) -> int:
        """The bells of the price: finer ones where they meet no functions of states."""
        return N_BELLS if self._running.states else _FINE_BELLS

    def _factors(self, policy: Columns) -> list[Operand]:
        """The functions of the states at the date before each; those of the first date have coefficients of 0."""
        states = [np.concatenate([state[:1], state[:-1]]) for state in self._running.states]
        return factors_of(states, policy)


def n_factors(n_states: int) -> int:
    """The number of functions of some states."""
    return n_states * (1 + _INNER[n_states - 1]) if n_states else 0


def factors_of(states: Sequence[Operand], policy: Columns) -> list[Operand]:
    """The functions of the states at a date: each in standard deviations, and bells of it."""
    return [factor for k, state in enumerate(states) for factor in _factors_of(state, policy, k, len(states))]


def _factors_of(state: Operand, policy: Columns, number: int, n_states: int) -> list[Operand]:
    x = (state - policy[f"before {number}"]) * policy[f"per spread {number}"]
    x = np.minimum(np.maximum(x, -_FARTHEST), _FARTHEST)
    outer = (N_BELLS - _INNER[n_states - 1]) // 2
    return [x, *bells(x)[outer : N_BELLS - outer]]
