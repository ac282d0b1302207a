"""Exercise policy of a request: regression from the last date to the first, on paths of its own.

The value of going on is regressed on polynomials of the logarithm where the payment is positive (F. Longstaff and
E. Schwartz, Review of Financial Studies 14, 2001). Its samples are realised payments less the martingale that is known
from later dates (P. Glasserman and B. Yu's regression later, 2004), so that they have next to no noise.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.autodiff.ops import Leaves, values_of
from greeks_cli.engine.exercise.least_squares import fitted
from greeks_cli.engine.payoffs.bells import N_BELLS, bells
from greeks_cli.engine.payoffs.exercise import (
    DEGREE,
    MORE_THAN_ROUNDING,
    POLICY,
    Exercised,
    premium_of,
)
from greeks_cli.engine.simulation.any_market import data_of, markets_of, plain_path
from greeks_cli.engine.simulation.grid import Grid
from greeks_cli.engine.simulation.normals import EXERCISE, standard_normals
from greeks_cli.engine.simulation.path_data import Motion
from greeks_cli.engine.simulation.paths import PlainPath
from greeks_cli.terms.request import Request

Array = NDArray[np.float64]
Columns = Mapping[str, Array]
"""The numbers of a policy by name: one for each date, shape (n_dates, 1), or one for all, shape ()."""
_MOST_PATHS, _FEWEST_PATHS, _MOST_NUMBERS = 1 << 15, 1 << 12, 1 << 20
_PER_COLUMN = 20
"""Paths with a positive payment for each coefficient, at least."""
NEVER = 1e30
"""The premium of going on where a date never exercises."""
_KEPT = 256


@dataclass(frozen=True)
class _Subject:
    """A request as a key of the cache; two are equal where their ``key`` is."""

    key: Hashable
    request: Request = field(compare=False)


@dataclass(frozen=True)
class Variant:
    """Variant of a policy, by which Greeks at another policy tell their bias."""

    stream: int = 0
    """The stream of the paths that the policy is fitted on."""
    degree: int = DEGREE
    """The degree of the polynomials for the premium of going on."""
    every: int = 1
    """One exercise date in this number is used, counted back from the last."""


USUAL, REFITTED, HALVED = Variant(), Variant(1, DEGREE - 2), Variant(every=2)
"""The policy of the estimate, one of other paths and polynomials, and one of half as many dates."""
_OF_DECISIONS = ("middle", "steepness", "lowest", "highest", "continuation")


def policy_of(request: Request, variant: Variant = USUAL) -> Columns:
    """The numbers of a request's policy, a pure function of contract, market and seed.

    Variants decide otherwise, and keep the martingale.
    """
    key = repr(request.contract), request.market, request.simulation.seed, variant
    found = _policy(_Subject(key, request), variant)
    if variant == USUAL:
        return found
    return {**policy_of(request), **{name: own for name, own in found.items() if name.startswith(_OF_DECISIONS)}}


def with_policy(request: Request, values: Leaves) -> Leaves:
    """The numbers that a payoff reads, with the policy of a contract that is exercised early."""
    return {**values, POLICY: policy_of(request)} if request.contract.is_early else values


@lru_cache(_KEPT)
def _policy(subject: _Subject, variant: Variant) -> Columns:
    with np.errstate(all="ignore"):
        return _Fit(subject.request, variant).columns


class _Fit:
    """Fit of a policy on pilot paths."""

    def __init__(self, request: Request, variant: Variant):
        self._variant = variant
        grid = Grid.usual(request)
        n_paths = max(_FEWEST_PATHS, min(_MOST_PATHS, _MOST_NUMBERS // grid.n_rows))
        drawn = standard_normals(
            request.simulation.seed, EXERCISE, variant.stream, (1,) * grid.n_rows, n_paths, np.float64
        )
        data = data_of(Motion(request.path_dates, drawn, grid), markets_of([request]))
        path = plain_path(data, request, request.values)
        assert isinstance(path, PlainPath)
        self._is_exact = not (request.cash_dividends and request.cash_dividends.jumps)
        share = 1.0 if self._is_exact else float(np.mean(path[-1]) / np.mean(path.lognormal_end))
        own = Exercised(request.contract, {**request.payoff_values, POLICY: {"share": np.asarray(share)}}, path)
        self._logs = np.asarray(own.logarithms)
        self._payments = np.asarray(values_of(own.payments))
        self._discounts = np.broadcast_to(own.discounts, (own.n_dates, 1))[:, 0]
        self._europeans = np.asarray(own.europeans())
        self._european_today = float(np.asarray(own.european_today())[0])
        self._payment_today = float(values_of(own.payment_today())[0])
        self._start = float(np.log(path.start(request.values)))
        accruals = path.accruals(request.values, slice(0, own.n_dates))
        self._growth = np.broadcast_to(accruals.growth, (own.n_dates, 1))[:, 0]
        self._variance = np.broadcast_to(accruals.variance, (own.n_dates, 1))[:, 0]
        self._exercises_today = request.contract.exercises_today
        names = ["centre", "scale", "middle", "steepness", "lowest", "highest", "least"]
        names += [f"continuation {k}" for k in range(DEGREE + 1)]
        names += [f"martingale {k}" for k in range(N_BELLS)]
        self.columns = {name: np.zeros((own.n_dates, 1)) for name in names}
        self.columns |= {"today": np.zeros(()), "premium": np.zeros(()), "share": np.asarray(share)}
        self.columns["least"][:] = 0.0 if self._is_exact else -NEVER
        self._fit()

    def _fit(self) -> None:
        # The value at each date less the European's there, discounted to today.
        last = len(self._logs) - 1
        left = self._payments[last] * self._discounts[last] - self._europeans[last]
        rows = {name: column for name, column in self.columns.items() if column.ndim}
        for date in range(last, 0, -1):
            left = left - self._martingale(date, left)
            discount = self._discounts[date - 1]
            gain = self._payments[date - 1] / MORE_THAN_ROUNDING - self._europeans[date - 1] / discount
            tried = gain > 0 if self._is_exact else self._payments[date - 1] > 0
            self._continuation(date - 1, left / discount, tried)
            premium = premium_of({name: column[date - 1] for name, column in rows.items()}, self._logs[date - 1])
            left = np.where(gain > premium, gain * discount, left)
        left = left - self._martingale(0, left)
        self.columns["premium"][...] = left.mean()
        if self._exercises_today and self._payment_today > self._european_today + left.mean():
            self.columns["today"][...] = 1.0

    def _martingale(self, date: int, value: Array) -> Array:
        """Fits the martingale's increment up to a date; its values on the paths."""
        columns = self.columns
        logs, before = self._logs[date], self._logs[date - 1] if date else np.full_like(value, self._start)
        centre, spread = self._start + self._growth[date], np.sqrt(self._variance[date])
        columns["centre"][date], columns["scale"][date] = centre, 1 / spread
        was = (self._growth[date - 1], self._variance[date - 1]) if date else (0.0, 0.0)
        share = (self._variance[date] - was[1]) / self._variance[date]
        here = bells((logs - centre) / spread)
        means = bells((before + self._growth[date] - was[0] - centre) / spread, share)
        rows = np.array([np.ones_like(value), *here])
        found = fitted(rows, value)[1:]
        for k, coefficient in enumerate(found):
            columns[f"martingale {k}"][date] = coefficient
        return sum(c * (one - mean) for c, one, mean in zip(found, here, means, strict=True))

    def _continuation(self, date: int, value: Array, paid: NDArray[np.bool_]) -> None:
        """Fits the value of going on over the European's at a date, on the paths where exercise pays more than it."""
        columns = self.columns
        degree = min(self._variant.degree, int(paid.sum()) // _PER_COLUMN - 1)
        if degree < 0 or (len(self._logs) - 1 - date) % self._variant.every:
            columns["continuation 0"][date] = NEVER
            return
        logs = self._logs[date][paid]
        middle, spread = float(logs.mean()), float(logs.std()) or 1.0
        x = (logs - middle) / spread
        columns["middle"][date], columns["steepness"][date] = middle, 1 / spread
        columns["lowest"][date], columns["highest"][date] = x.min(), x.max()
        found = fitted(np.array([x**k for k in range(degree + 1)]), value[paid])
        for k, coefficient in enumerate(found):
            columns[f"continuation {k}"][date] = coefficient
