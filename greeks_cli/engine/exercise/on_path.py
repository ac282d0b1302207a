"""Exercise policy of a contract on the path of one underlying, by its price and what the contract keeps of the past."""

from collections.abc import Sequence

import numpy as np

from greeks_cli.engine.exercise.by_states import FitByStates
from greeks_cli.engine.exercise.fit import Array, Moves, pilot_path
from greeks_cli.engine.exercise.least_squares import fitted
from greeks_cli.engine.exercise.variants import Variant
from greeks_cli.engine.payoffs.early.on_path import EarlyOnPath, factors_of, n_factors
from greeks_cli.engine.simulation.paths import PlainPath
from greeks_cli.terms.request import Request

_PER_PRODUCT = 96
"""Paths for each coefficient of the martingale, at most."""


class FitOnPath(FitByStates):
    """Fit of a policy on the path of one underlying."""

    def __init__(self, request: Request, variant: Variant):
        path = pilot_path(request, variant.stream)
        assert isinstance(path, PlainPath)
        own = EarlyOnPath(request.contract, request.payoff_values, path)
        self._all = [np.asarray(state) for state in own.states]
        self._n_kept, self._n_bells = len(self._all) - 1, own.n_bells
        super().__init__(request, variant, own, n_states=len(self._all))
        self._moves = Moves(path, request.values)
        self._add("centre", "scale", *(f"{name} {k}" for k in range(self._n_kept) for name in ("before", "per spread")))
        self._n_factors = 1 + n_factors(self._n_kept)
        self._add(*(f"martingale {b} by {j}" for b in range(self._n_bells + 1) for j in range(self._n_factors)))

    def _martingale(self, date: int, value: Array) -> Array:
        """Fits products of functions of the price and of the states at the date before."""
        own, columns = self._moves, self.columns
        columns["centre"][date], columns["scale"][date] = own.centre(date), own.scale(date)
        factors = [np.ones_like(value), *self._factors(date)]
        here, means = own.functions(date, self._n_bells)
        rows = np.array([factors[0], *(factor * row for row in here for factor in factors)])
        enough = _PER_PRODUCT * len(rows)
        found = fitted(rows[:, :enough], value[:enough])[1:].reshape(len(here), len(factors))
        total: Array = np.zeros_like(value)
        for b, coefficients in enumerate(found):
            weight: Array = np.zeros_like(value)
            for j, (coefficient, factor) in enumerate(zip(coefficients, factors, strict=True)):
                columns[f"martingale {b} by {j}"][date] = coefficient
                weight = weight + coefficient * factor
            total = total + weight * (here[b] - means[b])
        return total

    def _factors(self, date: int) -> list[Array]:
        if not date:
            return []
        for k, state in enumerate(self._all[1:]):
            before = state[date - 1]
            self.columns[f"before {k}"][date] = before.mean()
            self.columns[f"per spread {k}"][date] = 1 / (before.std() or 1.0)
        return factors_of([state[date - 1] for state in self._all[1:]], self._at(date))

    def _states(self, date: int) -> Sequence[Array]:
        return [state[date] for state in self._all]
