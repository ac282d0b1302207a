"""Exercise policy on several underlyings: polynomials of ranked logarithms and of the payment."""

import numpy as np

from greeks_cli.engine.exercise.fit import NEVER, PER_COLUMN, Array, Fit, Moves, fitted_martingale, pilot_path
from greeks_cli.engine.exercise.least_squares import fitted
from greeks_cli.engine.exercise.variants import Variant
from greeks_cli.engine.payoffs.bells import N_BELLS
from greeks_cli.engine.payoffs.early import EarlyOnSeveral
from greeks_cli.engine.payoffs.ranks import going_on, n_polynomials, polynomials, ranked
from greeks_cli.engine.simulation.joint import values_of_part
from greeks_cli.engine.simulation.joint_paths import JointPath
from greeks_cli.terms.request import Request


class FitOnSeveral(Fit):
    """Fit of a policy on several underlyings; the value at each date is fitted on all paths too, for bounds."""

    def __init__(self, request: Request, variant: Variant):
        path = pilot_path(request, variant.stream)
        assert isinstance(path, JointPath)
        own = EarlyOnSeveral(request.contract, request.payoff_values, path)
        super().__init__(request, variant, own, 0.0)
        self._moves = [Moves(part, values_of_part(request.values, name)) for name, part in path.named.items()]
        self._ends = [f" of {k}" for k in range(len(self._moves))]
        self._n = n_polynomials(len(self._moves)) + 1
        self._add("per payment", *(f"{name} {k}" for name in ("continuation", "value") for k in range(self._n)))
        for k, of in enumerate(self._ends):
            self._add(f"middle {k}", f"steepness {k}", f"centre{of}", f"scale{of}")
            self._add(*(f"martingale {b}{of}" for b in range(N_BELLS)))

    def _martingale(self, date: int, value: Array) -> Array:
        return fitted_martingale(self._moves, date, value, self.columns, self._ends)

    def _continuation(self, date: int, value: Array) -> None:
        """Fits the value of going on where the payment is positive, and on all paths."""
        columns, paid = self.columns, self._payments[date] > 0
        logs = [own.logs[date] for own in self._moves]
        for k, own in enumerate(ranked(logs)):
            columns[f"middle {k}"][date], columns[f"steepness {k}"][date] = own.mean(), 1 / (own.std() or 1.0)
        if paid.any():
            columns["per payment"][date] = 1 / (self._payments[date][paid].std() or 1.0)
        rows = np.array([np.ones_like(value), *polynomials(self._at(date), logs, self._payments[date])])
        self._set("value", date, fitted(rows, value))
        if int(paid.sum()) < PER_COLUMN * len(rows) or not self._is_used(date):
            columns["continuation 0"][date] = NEVER
            return
        self._set("continuation", date, fitted(rows[:, paid], value[paid]))

    def _set(self, name: str, date: int, coefficients: Array) -> None:
        for k, coefficient in enumerate(coefficients):
            self.columns[f"{name} {k}"][date] = coefficient

    def _going_on(self, date: int) -> Array:
        found: Array = going_on(self._at(date), [own.logs[date] for own in self._moves], self._payments[date])
        return found
