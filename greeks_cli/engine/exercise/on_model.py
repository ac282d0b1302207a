"""Exercise policy on one underlying under a model: polynomials of its logarithm and of its variance."""

from collections.abc import Mapping
from functools import partial

import numpy as np

from greeks_cli.engine.autodiff.ops import values_of
from greeks_cli.engine.exercise.fit import NEVER, Array, Fit, pilot_path
from greeks_cli.engine.exercise.least_squares import fitted
from greeks_cli.engine.exercise.variants import USUAL, Variant
from greeks_cli.engine.payoffs.early.bells import bells
from greeks_cli.engine.payoffs.early.given import DEGREE, STATES, EarlyGiven, continuation_value, degrees, polynomials
from greeks_cli.engine.payoffs.early.quantities import MORE_THAN_ROUNDING
from greeks_cli.engine.payoffs.early.shocks import COLUMNS, n_shocks, shocks
from greeks_cli.engine.simulation.paths import PlainPath
from greeks_cli.terms.markets.models import mean_variance
from greeks_cli.terms.request import Request

_PATHS = 1 << 14
_NEARLY = 0.9
"""The least payment over what is near the European's price where exercise is tried."""


class FitOnModel(Fit):
    """Fit of a policy on one underlying under a model."""

    def __init__(self, request: Request, variant: Variant):
        path = pilot_path(request, variant.stream, _PATHS)
        assert isinstance(path, PlainPath)
        self._own = own = EarlyGiven(request.contract, request.payoff_values, path)
        super().__init__(request, variant, own, 0.0)
        self._move, self._states = own.move, own.states
        names = (f"{name} {of}" for name in ("middle", "steepness", "lowest", "highest") for of in STATES)
        self._add(*COLUMNS, "least", *names)
        self._add(*(f"continuation {k}" for k in range(len(degrees(own.model)))))
        self._add(*(f"martingale {k}" for k in range(n_shocks(own.model))))
        self.columns["least"][...] = _NEARLY
        self._set_moments()
        self._near = np.asarray(own.near(self.columns, own.logarithms, own.levels))

    def _set_moments(self) -> None:
        """Sets the numbers that need no regression."""
        columns, move, values = self.columns, self._move, self._request.values
        for suffix, logs in ((" before", move.before), ("", np.asarray(move.after))):
            columns[f"centre{suffix}"][:, 0] = logs.mean(axis=1)
            columns[f"scale{suffix}"][:, 0] = 1 / np.maximum(logs.std(axis=1), 1e-6)
        dates = np.array(self._request.contract.dates)
        for date, years in enumerate(dates[-1] - dates):
            still, gain = _left(values, float(years))
            columns["left"][date] = still + self._own.diffusion_left[date]
            columns["left per variance"][date] = gain

    def _martingale(self, date: int, value: Array) -> Array:
        if self._variant != USUAL:
            found: Array = self._of_usual[date]
            return found
        move = self._move.at(date)
        european = partial(self._european, date)
        policy = self._at(date)
        rows = np.array([np.broadcast_to(row, value.shape) for row in shocks(policy, move, european)])
        before = bells((move.before - policy["centre before"]) * policy["scale before"])
        others = [np.ones_like(value), self._near[date - 1] if date else np.zeros_like(value), *before]
        if move.level is not None:
            others += [move.level * row for row in (np.ones_like(value), *before)]
        coefficients = fitted(np.concatenate([np.array(others), rows]), value)[len(others) :]
        for k, coefficient in enumerate(coefficients):
            self.columns[f"martingale {k}"][date] = coefficient
        total: Array = np.einsum("k,kn->n", coefficients, rows)
        return total

    def _european(self, date: int, logs: Array, variance: Array) -> Array:
        found: Array = np.asarray(values_of(self._own.european_at(date, logs, variance)))
        return found

    def _continuation(self, date: int, value: Array) -> None:
        """Fits the premium on the paths where exercise pays nearly what the European is worth."""
        columns, near, model = self.columns, self._near[date], self._own.model
        tried = (self._payments[date] > 0) & (self._payments[date] > MORE_THAN_ROUNDING * _NEARLY * near)
        wanted = min(self._basis or len(degrees(model)), len(degrees(model)))
        if not self._is_used(date) or self._n_functions(wanted, int(tried.sum())) < wanted:
            columns["continuation 0"][date] = NEVER
            return
        x = []
        for of, states in zip(STATES, self._states, strict=False):
            own = states[date][tried]
            middle, spread = float(own.mean()), float(own.std()) or 1.0
            x.append((own - middle) / spread)
            columns[f"middle {of}"][date], columns[f"steepness {of}"][date] = middle, 1 / spread
            columns[f"lowest {of}"][date], columns[f"highest {of}"][date] = x[-1].min(), x[-1].max()
        most = DEGREE - (USUAL.degree - self._variant.degree)
        kept = [k for k, degree in enumerate(degrees(model)) if degree <= most]
        kept = sorted(sorted(kept, key=degrees(model).__getitem__)[:wanted])
        every = polynomials(model, x)
        rows = np.array([np.broadcast_to(every[k], x[0].shape) for k in kept])
        for k, coefficient in zip(kept, fitted(rows, (value - near)[tried]), strict=True):
            columns[f"continuation {k}"][date] = coefficient

    def _going_on(self, date: int) -> Array:
        states = [own[date] for own in self._states]
        found: Array = continuation_value(self._at(date), self._own.model, states, self._near[date])
        return found


def _left(values: Mapping[str, float], years: float) -> tuple[float, float]:
    """The variance of the logarithm that is expected for some years, and what it gains per variance at their start.

    That by a constant vol is left out.
    """
    if "initial_variance" not in values:
        return mean_variance(values, years) * years, 0.0
    still, one = (mean_variance({**values, "initial_variance": level}, years) * years for level in (0.0, 1.0))
    return still, one - still
