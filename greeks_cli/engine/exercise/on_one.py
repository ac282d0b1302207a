"""Exercise policy on one underlying: polynomials of its logarithm for what going on is worth over the European."""

import numpy as np

from greeks_cli.engine.compiler import elementary
from greeks_cli.engine.exercise.fit import NEVER, Array, Fit, Moves, fitted_martingale, pilot_path
from greeks_cli.engine.exercise.least_squares import fitted
from greeks_cli.engine.exercise.variants import USUAL, Variant
from greeks_cli.engine.payoffs.early.bells import N_BELLS
from greeks_cli.engine.payoffs.early.quantities import (
    DEGREE,
    MORE_THAN_ROUNDING,
    POLICY,
    EarlyOnOne,
    continuation_value,
)
from greeks_cli.engine.simulation.paths import PlainPath
from greeks_cli.terms.request import Request

_NEARLY = 0.95
"""The least payment over the European's price where exercise is tried and dividends leave that price inexact."""


class FitOnOne(Fit):
    """Fit of a policy on one underlying."""

    def __init__(self, request: Request, variant: Variant):
        path = pilot_path(request, variant.stream)
        assert isinstance(path, PlainPath)
        cash = request.cash_dividends
        is_exact = not (cash and cash.jumps)
        share = 1.0 if is_exact else float(np.mean(path[-1]) / np.mean(path.lognormal_end))
        own = EarlyOnOne(request.contract, {**request.payoff_values, POLICY: {"share": np.asarray(share)}}, path)
        super().__init__(request, variant, own, np.asarray(own.europeans()))
        self._moves = Moves(path, request.values)
        accruals, spots = path.accruals(request.values, slice(0, own.n_dates)), np.asarray(path.spots).mean(axis=1)
        forwards = spots * elementary.exp(-np.broadcast_to(accruals.carry, (own.n_dates, 1))[:, 0])
        ratio = 1.0 if is_exact else forwards[-1] / forwards
        self._states = np.asarray(own.states)
        self._wanted = self._basis or DEGREE + 1
        self._add("ratio", "centre", "scale", "middle", "steepness", "lowest", "highest", "least")
        self._add(*(f"continuation {k}" for k in range(self._wanted)), *(f"martingale {k}" for k in range(N_BELLS)))
        self.columns["share"] = np.asarray(share)
        self.columns["ratio"][:, 0] = ratio
        self._compared = np.asarray(own.compared(self.columns["ratio"]))
        self.columns["least"][...] = 1.0
        if cash and cash.jumps:
            self.columns["least"][: max(cash.after)] = _NEARLY  # dividends to come

    def _martingale(self, date: int, value: Array) -> Array:
        self._moves.aim(date, value)
        return fitted_martingale([self._moves], date, value, self.columns, [""])

    def _continuation(self, date: int, value: Array) -> None:
        """Fits the premium on the paths where exercise pays more than the European is worth."""
        columns, european = self.columns, self._compared[date]
        least = MORE_THAN_ROUNDING * self.columns["least"][date] * european
        tried = (self._payments[date] > 0) & (self._payments[date] > least)
        fewer = USUAL.degree - self._variant.degree
        n = self._n_functions(max(self._wanted - fewer, 1), int(tried.sum())) if self._is_used(date) else 0
        if not n:
            columns["continuation 0"][date] = NEVER
            return
        logs = self._states[date][tried]
        middle, spread = float(logs.mean()), float(logs.std()) or 1.0
        x = (logs - middle) / spread
        columns["middle"][date], columns["steepness"][date] = middle, 1 / spread
        columns["lowest"][date], columns["highest"][date] = x.min(), x.max()
        found = fitted(np.vander(x, n, increasing=True).T, (value - european)[tried])
        for k, coefficient in enumerate(found):
            columns[f"continuation {k}"][date] = coefficient

    def _going_on(self, date: int) -> Array:
        found: Array = continuation_value(self._at(date), self._states[date], self._compared[date])
        return found
