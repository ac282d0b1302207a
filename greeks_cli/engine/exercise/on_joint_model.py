"""Exercise policy on several underlyings under models: polynomials of ranked logarithms, payment and variances."""

import numpy as np

from greeks_cli.engine.autodiff.ops import values_of
from greeks_cli.engine.exercise.fit import NEVER, Array, Fit, pilot_path
from greeks_cli.engine.exercise.least_squares import fitted
from greeks_cli.engine.exercise.variants import USUAL, Variant
from greeks_cli.engine.payoffs.early.joint_given import EarlyOnSeveralGiven
from greeks_cli.engine.payoffs.early.joint_shocks import (
    COLUMNS,
    OF_VALUE,
    States,
    bounded,
    joint_shocks,
    n_joint_shocks,
    n_rows,
    rows_of,
    value_and_slopes,
    value_of,
)
from greeks_cli.engine.payoffs.early.ranks import ranked
from greeks_cli.terms.request import Request

_PATHS = 1 << 13
_RARE = 1 / 512
"""The share of paths beyond each bound of a slope."""


class FitOnJointModel(Fit):
    """Fit of a policy on several underlyings under models."""

    def __init__(self, request: Request, variant: Variant):
        path = pilot_path(request, variant.stream, _PATHS)
        self._own = own = EarlyOnSeveralGiven(request.contract, request.payoff_values, path)
        super().__init__(request, variant, own, 0.0)
        self._moves, self._states, self._before = own.moves, own.states, own.before(own.moves)
        self._n, count = n_rows(own.models), len(own.models)
        scales = ["per payment", *(f"{name} {k}" for name in ("middle", "steepness") for k in range(count))]
        scales += [
            f"{name} {k}" for name in ("deviation", "per deviation") for k in range(len(self._states.deviations))
        ]
        self._add(*scales, *(f"continuation {k}" for k in range(self._n)))
        self._add(*(OF_VALUE + name for name in scales), *(f"{OF_VALUE}value {k}" for k in range(self._n)))
        self._add(*(f"{name} of {k}" for name in COLUMNS for k in range(count)))
        self._add(*(f"{name} slope {k}" for name in ("least", "largest") for k in range(count)))
        self._add(*(f"martingale {k}" for k in range(n_joint_shocks(own.models))))
        self._set_moments()

    def _set_moments(self) -> None:
        """Sets the numbers that need no regression."""
        for k, move in enumerate(self._moves):
            logs = np.asarray(values_of(move.after))
            self.columns[f"centre of {k}"][:, 0] = logs.mean(axis=1)
            self.columns[f"scale of {k}"][:, 0] = 1 / np.maximum(logs.std(axis=1), 1e-6)

    def _martingale(self, date: int, value: Array) -> Array:
        if self._variant != USUAL:
            found: Array = self._of_usual[date]
            return found
        if date == self._last:
            self._scale(date)
            self._fit_value(date, self._payments[date])
        before = _at(self._before, date)
        near, slopes = value_and_slopes(self._at(date), before, self._own.payment_at)
        for k, own in enumerate(slopes):
            for name, share in (("least", _RARE), ("largest", 1 - _RARE)):
                self.columns[f"{name} slope {k}"][date] = np.quantile(own, share)
        slopes, moves = bounded(self._at(date), slopes), [move.at(date) for move in self._moves]
        shocks = joint_shocks(self._at(date), moves, slopes)
        rows = np.array([np.broadcast_to(row, value.shape) for row in shocks])
        others = np.array([np.ones_like(value), near, before.payments, *before.logs, *before.deviations])
        coefficients = fitted(np.concatenate([others, rows]), value)[len(others) :]
        for k, coefficient in enumerate(coefficients):
            self.columns[f"martingale {k}"][date] = coefficient
        total: Array = np.einsum("k,kn->n", coefficients, rows)
        return total

    def _scale(self, date: int) -> None:
        """Sets the numbers by which states are standardised."""
        states, columns = _at(self._states, date), self.columns
        paid = states.payments > 0
        for prefix in ("", OF_VALUE):
            for k, own in enumerate(ranked(states.logs)):
                columns[f"{prefix}middle {k}"][date] = own.mean()
                columns[f"{prefix}steepness {k}"][date] = 1 / (own.std() or 1.0)
            for k, own in enumerate(states.deviations):
                columns[f"{prefix}deviation {k}"][date] = own.mean()
                columns[f"{prefix}per deviation {k}"][date] = 1 / (own.std() or 1.0)
            if paid.any():
                columns[f"{prefix}per payment"][date] = 1 / (states.payments[paid].std() or 1.0)

    def _fit_value(self, date: int, value: Array) -> None:
        """Fits the value on all paths."""
        rows = np.array([np.ones_like(value), *rows_of(self._at(date), _at(self._states, date))])
        for k, coefficient in enumerate(fitted(rows, value)):
            self.columns[f"{OF_VALUE}value {k}"][date] = coefficient

    def _continuation(self, date: int, value: Array) -> None:
        """Fits the value of going on where the payment is positive, and on all paths."""
        self._scale(date)
        paid = self._payments[date] > 0
        if self._variant == USUAL:
            self._fit_value(date, value)
        rows = np.array([np.ones_like(value), *rows_of(self._at(date), _at(self._states, date))])
        wanted = min(self._basis or self._n, self._n)
        if not self._is_used(date) or self._n_functions(wanted, int(paid.sum())) < wanted:
            self.columns["continuation 0"][date] = NEVER
            return
        for k, coefficient in enumerate(fitted(rows[:wanted, paid], value[paid])):
            self.columns[f"continuation {k}"][date] = coefficient

    def _going_on(self, date: int) -> Array:
        found: Array = value_of(self._at(date), _at(self._states, date), "continuation")
        return found


def _at(states: States, date: int) -> States:
    """The states at a date."""
    logs, deviations = ([own[date] for own in every] for every in (states.logs, states.deviations))
    return States(logs, deviations, states.payments[date])
