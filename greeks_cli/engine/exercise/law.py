"""Law of exercise: its probability at each date, and the spots from which on it happens."""

from collections.abc import Iterator
from functools import lru_cache
from math import ceil

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.autodiff.ops import values_of
from greeks_cli.engine.backends.select import arithmetic
from greeks_cli.engine.exercise.fit import Array, pilot_path
from greeks_cli.engine.exercise.policy import with_policy
from greeks_cli.engine.payoffs.early.quantities import POLICY, Columns, Early, early
from greeks_cli.engine.simulation.any_market import AnyPath
from greeks_cli.engine.simulation.grid import Grid
from greeks_cli.engine.simulation.paths import Path
from greeks_cli.terms.contracts.path_exercise import ExercisableOnPath
from greeks_cli.terms.request import Request
from greeks_cli.terms.results.result import ExerciseDate, ExerciseLaw

_STREAM = 4
"""The first stream of the paths."""
_MOST_PATHS, _FEWEST_PATHS, _MOST_NUMBERS = 1 << 15, 1 << 12, 1 << 24
_AT_ONCE = 1 << 22
"""Normals of the paths that are simulated at once."""
_KEPT = 256
_NOTABLE = 0.02
"""The share of paths from which on a side of the others has an exercise region of its own, or lies in none."""


def exercise_law(request: Request) -> ExerciseLaw | None:
    """The law of exercise by a request's policy, a pure function of the request; None without early exercise."""
    with arithmetic(request.simulation):
        return _law(request.changed(greeks=request.greeks[:1])) if request.contract.is_early else None


@lru_cache(_KEPT)
def _law(request: Request) -> ExerciseLaw:
    leaves = with_policy(request, request.payoff_values)
    policy = leaves[POLICY]
    if policy["today"]:
        return ExerciseLaw(1.0, 0.0, 0.0, (ExerciseDate(0.0, 1.0, 0.0, None),))
    n_paths, taken, exercised, spots = 0, np.zeros(len(request.contract.dates)), [], []
    has_boundary = not isinstance(request.contract, ExercisableOnPath) and not request.is_joint
    with np.errstate(all="ignore"):
        for path in _paths(request):
            own = early(request.contract, leaves, path)
            paid = own.decisions(policy) * (np.asarray(values_of(own.payments)) > 0)
            n_paths, taken = n_paths + paid.shape[1], taken + paid.sum(axis=1)
            if has_boundary and isinstance(path, Path) and not path.model.has_variance:
                exercised.append(_is_exercised(own, policy))
                spots.append(np.asarray(path.spots))
    known = _boundaries(np.concatenate(exercised, axis=1), np.concatenate(spots, axis=1)) if spots else None
    boundaries = known or [None] * len(taken)
    shares, times = taken / n_paths, np.array(request.contract.dates)
    whole = float(shares.sum())
    dates = tuple(
        ExerciseDate(float(time), float(share), _noise(share, n_paths), boundary)
        for time, share, boundary in zip(times, shares, boundaries, strict=True)
    )
    expected = float((times * shares).sum() / whole) if whole else None
    return ExerciseLaw(whole, _noise(whole, n_paths), expected, dates)


def _paths(request: Request) -> Iterator[AnyPath]:
    """The paths that tell the law, as many at once as their normals allow, each on a stream of its own."""
    n_rows = Grid.usual(request).n_rows
    n_paths = max(_FEWEST_PATHS, min(_MOST_PATHS, _MOST_NUMBERS // n_rows))
    n_chunks = ceil(n_paths * n_rows / _AT_ONCE)
    return (pilot_path(request, _STREAM + chunk, ceil(n_paths / n_chunks)) for chunk in range(n_chunks))


def _noise(share: float, n_paths: int) -> float:
    """The standard error of a share of paths."""
    return float(np.sqrt(max(share * (1 - share), 0.0) / n_paths))


def _boundaries(exercised: NDArray[np.bool_], spots: Array) -> list[float | None]:
    """The spot next to which exercise begins at each date, by the paths on either side.

    None where no path exercises, and where spots on both sides of others do, as of a straddle.
    """
    found: list[float | None] = []
    for row, taken in zip(spots, exercised, strict=True):
        inside, outside = row[taken], row[~taken]
        if not len(inside) or not len(outside) or _surrounds(inside, outside) or _surrounds(outside, inside):
            found.append(None)
        elif inside.mean() < outside.mean():
            found.append(float(inside.max()))
        else:
            found.append(float(inside.min()))
    return found


def _surrounds(spots: Array, others: Array) -> bool:
    """True if notable shares of spots lie below and above the middle one of the others."""
    return _NOTABLE < float((spots < np.median(others)).mean()) < 1 - _NOTABLE


def _is_exercised(own: Early, policy: Columns) -> NDArray[np.bool_]:
    last = np.asarray(values_of(own.payments))[-1:]
    return np.concatenate([own.pays_more(policy)[:-1], last > 0])
