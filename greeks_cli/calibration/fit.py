"""Fit of a model's parameters to vols by bounded trust-region least squares, from several starting points."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from greeks_cli.calibration.smile_data import SmileData, SmileErrors
from greeks_cli.terms.errors import MissingExtra
from greeks_cli.terms.markets.models import Model

Array = NDArray[np.float64]


class Range(NamedTuple):
    """The bounds of a parameter, and the range of starting points; positive ones are fitted by their logarithms."""

    low: float
    high: float
    first: float
    last: float


RANGES = {
    "vol": Range(0.005, 4.0, 0.08, 0.4),
    "initial_variance": Range(1e-6, 10.0, 0.01, 0.16),
    "mean_reversion": Range(1e-2, 50.0, 0.3, 6.0),
    "long_run_variance": Range(1e-6, 10.0, 0.01, 0.16),
    "vol_of_vol": Range(1e-2, 20.0, 0.15, 1.5),
    "spot_vol_correlation": Range(-0.999, 0.999, -0.85, 0.1),
    "jump_intensity": Range(1e-3, 50.0, 0.1, 2.0),
    "jump_mean": Range(-2.0, 2.0, -0.25, 0.05),
    "jump_vol": Range(1e-3, 2.0, 0.05, 0.3),
}
_SIGNED = ("spot_vol_correlation", "jump_mean")
_N_CANDIDATES, _N_STARTS = 48, 6
_FAST, _EXACT = 128, 1024
"""Nodes of an integral in the search, and at the end."""
_SEARCHES, _STEPS = 80, 400
"""The most evaluations from a starting point, and at the end."""
_ALIKE = 1e-3
"""The relative difference of two costs, or the difference of two errors in vols, below which two fits are one."""
_NEAR_BOUND = 1e-3


@dataclass(frozen=True)
class Fit:
    """Values of all parameters, and what tells how well the quotes determine them."""

    values: Mapping[str, float]
    free: tuple[str, ...]
    errors: Array
    slopes: Array
    """Derivatives of the errors in the free parameters, or in the logarithms of positive ones."""
    at_bounds: tuple[str, ...]
    has_converged: bool
    n_starts: int
    n_alike: int

    def scale(self, name: str) -> float:
        """The change of a parameter by 1 in the variable that is fitted."""
        return 1.0 if name in _SIGNED else self.values[name]


def fitted(model: Model, data: SmileData, held: Mapping[str, float], seed: int = 0) -> Fit:
    """The best fit over all starting points, with some parameters held. Raises MissingExtra without SciPy."""
    try:
        from scipy.optimize import least_squares
    except ImportError:
        raise MissingExtra("greeks calibrate", "SciPy", "calibrate") from None
    free = tuple(name for name in model.parameters if name not in held)
    search = _Search(model, data, held, free)
    ends = []
    for start in search.starts(np.random.default_rng(seed)):
        ends.append(
            least_squares(search.errors, start, search.slopes, search.bounds, "trf", x_scale="jac", max_nfev=_SEARCHES)
        )
    best = min(ends, key=lambda end: float(end.cost))
    exact = _Search(model, data, held, free, _EXACT, in_prices=False)
    done = least_squares(
        exact.errors,
        best.x,
        exact.slopes,
        exact.bounds,
        "trf",
        ftol=1e-13,
        xtol=1e-12,
        gtol=1e-13,
        x_scale="jac",
        max_nfev=_STEPS,
    )
    low, high = exact.bounds
    room = np.minimum(done.x - low, high - done.x) / (high - low)
    return Fit(
        exact.values(done.x),
        free,
        done.fun,
        done.jac,
        tuple(name for name, share in zip(free, room, strict=True) if share < _NEAR_BOUND),
        done.status > 0,
        len(ends),
        sum(_is_alike(float(end.cost), float(best.cost), len(data.vols)) for end in ends),
    )


def _is_alike(cost: float, best: float, n_quotes: int) -> bool:
    return cost <= best * (1 + _ALIKE) or cost - best <= 0.5 * n_quotes * (1e-3 * _ALIKE) ** 2


class _Search:
    """Errors as functions of the variables that are fitted."""

    def __init__(
        self,
        model: Model,
        data: SmileData,
        held: Mapping[str, float],
        free: Sequence[str],
        n_nodes: int = _FAST,
        in_prices: bool = True,
    ):
        self._data, self._held, self._free = data, held, free
        self._errors = SmileErrors(model, data, n_nodes, in_prices)

    @property
    def bounds(self) -> tuple[Array, Array]:
        """The lowest and the highest variables."""
        low, high = ([self._variable(n, value) for n, value in ((n, RANGES[n][i]) for n in self._free)] for i in (0, 1))
        return np.array(low), np.array(high)

    def values(self, x: Array) -> dict[str, float]:
        """The parameters of some variables."""
        own = {n: float(v if n in _SIGNED else np.exp(v)) for n, v in zip(self._free, x, strict=True)}
        return {**self._held, **own}

    def errors(self, x: Array) -> Array:
        return self._errors.errors(self.values(x))

    def slopes(self, x: Array) -> Array:
        values = self.values(x)
        scales = np.array([1.0 if name in _SIGNED else values[name] for name in self._free])
        return self._errors.slopes(values, self._free) * scales

    def starts(self, generator: np.random.Generator) -> list[Array]:
        """The best of random points, whose variances are those of the quotes."""
        candidates = [self._guess(generator) for _ in range(_N_CANDIDATES)]
        costs = [float(np.sum(np.nan_to_num(self.errors(x), nan=1e6) ** 2)) for x in candidates]
        return [candidates[i] for i in np.argsort(costs, kind="stable")[:_N_STARTS]]

    def _guess(self, generator: np.random.Generator) -> Array:
        ends = {n: (self._variable(n, RANGES[n].first), self._variable(n, RANGES[n].last)) for n in self._free}
        x = np.array([generator.uniform(*ends[name]) for name in self._free])
        near, far = self._variances()
        known = {"initial_variance": near, "long_run_variance": far, "vol": near**0.5}
        for i, name in enumerate(self._free):
            if name in known:
                low, high = RANGES[name][:2]
                guess = np.clip(known[name] * np.exp(generator.normal(0, 0.25)), 1.01 * low, 0.99 * high)
                x[i] = self._variable(name, guess)
        return x

    def _variances(self) -> tuple[float, float]:
        """The variances of the quotes nearest to the forward, at the first and at the last expiry."""
        data = self._data
        found = []
        for years in (data.years.min(), data.years.max()):
            rows = np.flatnonzero(data.years == years)
            found.append(float(data.vols[rows[np.argmin(np.abs(data.moneyness[rows]))]]) ** 2)
        return found[0], found[1]

    def _variable(self, name: str, value: float) -> float:
        return value if name in _SIGNED else float(np.log(value))
