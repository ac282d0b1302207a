"""Fit of an exercise policy from the last date to the first, on paths of its own.

The value of going on is regressed on functions of the path (F. Longstaff and E. Schwartz, Review of Financial Studies
14, 2001). Its samples are realised payments less the martingale that later dates have given (regression later:
P. Glasserman and B. Yu, Monte Carlo and Quasi-Monte Carlo Methods 2002, 2004), so that they have little noise.
"""

from abc import ABC, abstractmethod
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.autodiff.ops import Leaves, values_of
from greeks_cli.engine.compiler import elementary
from greeks_cli.engine.exercise.least_squares import fitted
from greeks_cli.engine.exercise.variants import Variant
from greeks_cli.engine.payoffs.early.bells import N_BELLS, REACH, bells, functions_of
from greeks_cli.engine.payoffs.early.quantities import MORE_THAN_ROUNDING, Early
from greeks_cli.engine.simulation.any_market import AnyPath, data_of, markets_of, plain_path
from greeks_cli.engine.simulation.grid import Grid
from greeks_cli.engine.simulation.normals import EXERCISE, standard_normals
from greeks_cli.engine.simulation.path_data import Motion
from greeks_cli.engine.simulation.paths import Path
from greeks_cli.terms.contracts.exercise import Exercisable
from greeks_cli.terms.request import Request

Array = NDArray[np.float64]
_MOST_PATHS, _FEWEST_PATHS, _MOST_NUMBERS = 1 << 15, 1 << 12, 1 << 20
PER_COLUMN = 20
"""Paths for each coefficient, at least."""
_NARROWEST, _FARTHEST = 0.2, 1.25
"""The least width of aimed bells over that of the law's, and how far out they lie, over the law's reach."""
NEVER = 1e30
"""The value of going on where a date never exercises."""


def pilot_path(request: Request, stream: int, n_paths: int | None = None) -> AnyPath:
    """Paths of plain arrays on a stream of policies."""
    return path_of_normals(request, pilot_normals(request, stream, n_paths))


def pilot_normals(request: Request, stream: int, n_paths: int | None = None) -> Array:
    """The normals of paths on a stream of policies, shape (n_rows, n_paths)."""
    n_rows = Grid.usual(request).n_rows
    n_paths = n_paths or max(_FEWEST_PATHS, min(_MOST_PATHS, _MOST_NUMBERS // n_rows))
    drawn = standard_normals(request.simulation.seed, EXERCISE, stream, (1,) * n_rows, n_paths, np.float64)
    return np.asarray(drawn, np.float64)


def path_of_normals(request: Request, normals: Array) -> AnyPath:
    """The paths of some normals as plain arrays."""
    data = data_of(Motion(request.path_dates, normals, Grid.usual(request)), markets_of([request]))
    return plain_path(data, request, request.values)


class Fit(ABC):
    """Fit of a policy, whose numbers are ``columns``."""

    def __init__(self, request: Request, variant: Variant, own: Early, known: Array | float):
        """``known`` is the part of the value that a formula gives at each date, discounted to today."""
        self._variant, self._request, self._early = variant, request, own
        assert isinstance(request.contract, Exercisable)
        self._basis = request.contract.basis
        self._payments = np.asarray(values_of(own.payments))
        self._discounts = np.broadcast_to(own.discounts, (own.n_dates, 1))[:, 0]
        self._known = np.broadcast_to(known, self._payments.shape)
        self._known_today = float(np.asarray(values_of(own.known_today()))[0])
        self._payment_today = float(np.asarray(values_of(own.payment_today()))[0])
        self.columns: dict[str, Array] = {"today": np.zeros(()), "premium": np.zeros(()), "thin": np.zeros(())}

    @property
    def _last(self) -> int:
        return len(self._payments) - 1

    @cached_property
    def _of_usual(self) -> Array:
        """The increments of the usual policy's martingale on these paths, shape (n_dates, n_paths)."""
        from greeks_cli.engine.exercise.policy import policy_of  # which fits by this class

        levels = np.asarray(values_of(self._early.martingale(policy_of(self._request))))
        return np.diff(levels, axis=0, prepend=0.0)

    def _add(self, *names: str) -> None:
        self.columns |= {name: np.zeros((len(self._payments), 1)) for name in names}

    def run(self) -> dict[str, Array]:
        """The numbers of the policy."""
        last = self._last
        # The value at each date less its known part, discounted to today.
        left = self._payments[last] * self._discounts[last] - self._known[last]
        for date in range(last, 0, -1):
            left = left - self._martingale(date, left)
            discount, known = self._discounts[date - 1], self._known[date - 1]
            self._continuation(date - 1, (left + known) / discount)
            payment = self._payments[date - 1]
            exercised = payment > MORE_THAN_ROUNDING * self._going_on(date - 1)
            left = np.where(exercised, payment * discount - known, left)
        left = left - self._martingale(0, left)
        self.columns["premium"][...] = left.mean()
        if self._request.contract.exercises_today and self._payment_today > self._known_today + left.mean():
            self.columns["today"][...] = 1.0
        return self.columns

    def _is_used(self, date: int) -> bool:
        contract = self._request.contract
        assert isinstance(contract, Exercisable)
        return contract.dates[date] in (contract.halved_dates if self._variant.is_halved else contract.rights)

    def _at(self, date: int) -> dict[str, Array]:
        return {name: column[date] for name, column in self.columns.items() if column.ndim}

    def _n_functions(self, wanted: int, n_paths: int) -> int:
        """The number of functions that some paths are enough for; counts the dates of too few."""
        n = min(wanted, n_paths // PER_COLUMN)
        self.columns["thin"] += n_paths > 0 and n < wanted
        return n

    @abstractmethod
    def _martingale(self, date: int, value: Array) -> Array:
        """Fits the martingale's increment up to a date; its values on the paths."""

    @abstractmethod
    def _continuation(self, date: int, value: Array) -> None:
        """Fits the value of going on at a date."""

    @abstractmethod
    def _going_on(self, date: int) -> Array:
        """The value of going on at a date, as it is fitted."""


class Moves:
    """The logarithm of one lognormal on pilot paths, and its bells with their means a date before."""

    def __init__(self, path: Path, leaves: Leaves):
        self.logs = elementary.log(np.asarray(path.lognormals))
        n_dates = len(self.logs)
        accruals = path.accruals(leaves, slice(0, n_dates))
        self._start = float(elementary.log(path.start(leaves)))
        self._growth = np.broadcast_to(accruals.growth, (n_dates, 1))[:, 0]
        self._variance = np.broadcast_to(accruals.variance, (n_dates, 1))[:, 0]
        self._centres, self._scales = self._start + self._growth, 1 / np.sqrt(self._variance)

    def centre(self, date: int) -> float:
        """The logarithm around which the bells of a date lie: its mean, unless they were aimed."""
        return float(self._centres[date])

    def scale(self, date: int) -> float:
        """One over the distance of bells of a date a unit apart: the logarithm's standard deviation, unless aimed."""
        return float(self._scales[date])

    def aim(self, date: int, value: Array) -> None:
        """Lays the bells of a date where a value lies, if enough paths have one, within their reach."""
        weights = np.abs(value)
        whole = weights.sum()
        if not whole**2 > PER_COLUMN * N_BELLS * (weights * weights).sum():
            return
        x = (self.logs[date] - self._centres[date]) * self._scales[date]
        middle = (weights * x).sum() / whole
        spread = np.sqrt((weights * (x - middle) ** 2).sum() / whole)
        spread = min(max(spread, _NARROWEST), 1.0)
        most = REACH * (_FARTHEST - spread)
        self._centres[date] += min(max(middle, -most), most) / self._scales[date]
        self._scales[date] /= spread

    def before(self, date: int) -> Array:
        """The logarithm at the date before, the start before the first."""
        return self.logs[date - 1] if date else np.full_like(self.logs[0], self._start)

    @property
    def steps(self) -> Array:
        """The logarithm at each date less that at the date before."""
        return np.diff(self.logs, axis=0, prepend=self._start)

    def bells(self, date: int) -> tuple[list[Array], list[Array]]:
        """The bells at a date, and their means a date before."""
        x, mean, variance = self._steps_to(date)
        return bells(x), bells(mean, variance)

    def functions(self, date: int, n_bells: int) -> tuple[list[Array], list[Array]]:
        """The functions of the price at a date, and their means a date before."""
        (x, mean, variance), scale = self._steps_to(date), self.scale(date)
        return functions_of(x, scale, n=n_bells), functions_of(mean, scale, variance, n_bells)

    def _steps_to(self, date: int) -> tuple[Array, Array, float]:
        """The standardised logarithm at a date, and its mean and variance a date before."""
        growth, variance = (0.0, 0.0) if date == 0 else (self._growth[date - 1], self._variance[date - 1])
        centre, scale = self.centre(date), self.scale(date)
        mean = (self.before(date) + self._growth[date] - growth - centre) * scale
        return (self.logs[date] - centre) * scale, mean, float((self._variance[date] - variance) * scale * scale)


def fitted_martingale(parts: list[Moves], date: int, value: Array, columns: dict[str, Array], ends: list[str]) -> Array:
    """Fits the martingale of bells of some logarithms up to a date; its values on the paths.

    ``ends`` are those of the names of its numbers in ``columns``.
    """
    pairs = [own.bells(date) for own in parts]
    rows = [np.ones_like(value), *(row for here, _ in pairs for row in here)]
    found = fitted(np.array(rows), value)[1:].reshape(len(parts), N_BELLS)
    total: Array = np.zeros_like(value)
    for own, (here, means), coefficients, of in zip(parts, pairs, found, ends, strict=True):
        columns[f"centre{of}"][date], columns[f"scale{of}"][date] = own.centre(date), own.scale(date)
        for k, coefficient in enumerate(coefficients):
            columns[f"martingale {k}{of}"][date] = coefficient
            total = total + coefficient * (here[k] - means[k])
    return total
