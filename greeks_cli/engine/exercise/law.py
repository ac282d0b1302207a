"""Law of exercise: its probability at each date, and the spots from which on it happens."""

from functools import lru_cache

import numpy as np

from greeks_cli.engine.autodiff.ops import values_of
from greeks_cli.engine.backends.select import arithmetic
from greeks_cli.engine.exercise.fit import Array, pilot_path
from greeks_cli.engine.exercise.policy import with_policy
from greeks_cli.engine.payoffs.early import POLICY, Columns, Early, early
from greeks_cli.engine.simulation.paths import Path
from greeks_cli.terms.path_exercise import ExercisableOnPath
from greeks_cli.terms.request import Request
from greeks_cli.terms.result import ExerciseDate, ExerciseLaw

_STREAM, _PATHS = 4, 1 << 15
_KEPT = 256
_NOTABLE = 0.02
"""The share of paths from which on a side of the others has an exercise region of its own, or lies in none."""


def exercise_law(request: Request) -> ExerciseLaw | None:
    """The law of exercise by a request's policy, a pure function of the request; None without early exercise."""
    with arithmetic(request.simulation):
        return _law(request.changed(greeks=request.greeks[:1])) if request.contract.is_early else None


@lru_cache(_KEPT)
def _law(request: Request) -> ExerciseLaw:
    with np.errstate(all="ignore"):
        path = pilot_path(request, _STREAM, _PATHS)
        leaves = with_policy(request, request.payoff_values)
        own, policy = early(request.contract, leaves, path), leaves[POLICY]
        taken = own.decisions(policy) * (np.asarray(values_of(own.payments)) > 0)
        if policy["today"]:
            return ExerciseLaw(1.0, 0.0, 0.0, (ExerciseDate(0.0, 1.0, 0.0, None),))
        shares = taken.mean(axis=1)
        is_by_spot = not isinstance(request.contract, ExercisableOnPath)
        if is_by_spot and isinstance(path, Path) and not path.model.has_variance:
            boundaries = _boundaries(own, policy, np.asarray(path.spots))
        else:
            boundaries = [None] * len(shares)
    times, whole = np.array(request.contract.dates), float(shares.sum())
    dates = tuple(
        ExerciseDate(float(time), float(share), _noise(share), boundary)
        for time, share, boundary in zip(times, shares, boundaries, strict=True)
    )
    return ExerciseLaw(whole, _noise(whole), float((times * shares).sum() / whole) if whole else None, dates)


def _noise(share: float) -> float:
    """The standard error of a share of paths."""
    return float(np.sqrt(max(share * (1 - share), 0.0) / _PATHS))


def _boundaries(own: Early, policy: Columns, spots: Array) -> list[float | None]:
    """The spot next to which exercise begins at each date, by the paths on either side.

    None where no path exercises, and where spots on both sides of others do, as of a straddle.
    """
    exercised = _is_exercised(own, policy)
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


def _is_exercised(own: Early, policy: Columns) -> Array:
    last = np.asarray(values_of(own.payments))[-1:]
    return np.concatenate([own.pays_more(policy)[:-1], last > 0])
