"""Fit of a policy by several states: polynomials of the states and of the payment."""

from abc import abstractmethod
from collections.abc import Sequence

import numpy as np

from greeks_cli.engine.exercise.fit import NEVER, Array, Fit
from greeks_cli.engine.exercise.least_squares import fitted
from greeks_cli.engine.exercise.variants import Variant
from greeks_cli.engine.payoffs.early.quantities import Early
from greeks_cli.engine.payoffs.early.ranks import going_on, n_polynomials, polynomials
from greeks_cli.terms.request import Request


class FitByStates(Fit):
    """Fit of a policy by several states; the value at each date is fitted on all paths too, for bounds."""

    def __init__(self, request: Request, variant: Variant, own: Early, n_states: int):
        super().__init__(request, variant, own, 0.0)
        self._n = n_polynomials(n_states) + 1
        self._add("per payment", *(f"{name} {k}" for name in ("continuation", "value") for k in range(self._n)))
        self._add(*(f"{name} {k}" for k in range(n_states) for name in ("middle", "steepness")))

    def _continuation(self, date: int, value: Array) -> None:
        """Fits the value of going on where the payment is positive, and on all paths."""
        columns, paid, states = self.columns, self._payments[date] > 0, self._states(date)
        for k, own in enumerate(states):
            columns[f"middle {k}"][date], columns[f"steepness {k}"][date] = own.mean(), 1 / (own.std() or 1.0)
        if paid.any():
            columns["per payment"][date] = 1 / (self._payments[date][paid].std() or 1.0)
        rows = np.array([np.ones_like(value), *polynomials(self._at(date), states, self._payments[date])])
        self._set("value", date, fitted(rows, value))
        wanted = min(self._basis or self._n, self._n)
        if not self._is_used(date) or self._n_functions(wanted, int(paid.sum())) < wanted:
            columns["continuation 0"][date] = NEVER
            return
        self._set("continuation", date, fitted(rows[:wanted, paid], value[paid]))

    def _set(self, name: str, date: int, coefficients: Array) -> None:
        for k, coefficient in enumerate(coefficients):
            self.columns[f"{name} {k}"][date] = coefficient

    def _going_on(self, date: int) -> Array:
        found: Array = going_on(self._at(date), self._states(date), self._payments[date])
        return found

    @abstractmethod
    def _states(self, date: int) -> Sequence[Array]:
        """The states by which the policy decides at a date."""
