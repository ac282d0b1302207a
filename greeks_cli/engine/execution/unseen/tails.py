"""Tails: paths that a run hardly meets, simulated with more than their probability, and weighed by it.

With n paths, events that occur fewer than three times may not occur at all (the rule of three, 95%; J. Hanley and
A. Lippman-Hand, JAMA 249, 1983). Then neither the mean nor its standard error knows of them.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.autodiff.mixed_partials import MultiIndex
from greeks_cli.engine.backends.backend import HOST, Device
from greeks_cli.engine.backends.select import processor
from greeks_cli.engine.compiler.functions import broadcast
from greeks_cli.engine.execution.choice.shifts import UNSEEN
from greeks_cli.engine.execution.linker import Linked
from greeks_cli.engine.execution.numbers import type_of
from greeks_cli.engine.execution.plan import Plan
from greeks_cli.engine.execution.programs import CONTROL, ESTIMATE
from greeks_cli.engine.simulation.grid import Grid
from greeks_cli.engine.simulation.importance import is_rare, shift_weights, stretched_around
from greeks_cli.engine.simulation.normals import TAILS, standard_normals
from greeks_cli.engine.simulation.path_data import Motion
from greeks_cli.terms.request import Request
from greeks_cli.terms.simulation import Sampler

_MOST_PATHS, _MOST_NORMALS, _MOST_KEPT = 2048, 1 << 20, 1 << 14
_SAMPLES_AT_ONCE = 1 << 16
"""Samples that are summed at once: of more, Python's part is little of the time."""
_UNSEEN_POINTS = 0.3
"""Sobol points that a run may miss: scrambles spread extremes evenly in all."""


class Tail(NamedTuple):
    """The contribution of rare paths to a Greek, for each plan of a stack."""

    missed: NDArray[np.float64]
    """The mean contribution of paths that the run may miss."""
    share: NDArray[np.float64]
    """Their share of the variance."""


@np.errstate(all="ignore")
def tails(linked: Linked, plans: Sequence[Plan], paths: int) -> list[Mapping[MultiIndex, Tail]]:
    """The tails of every Greek of each stack of linked plans, all of one shift, for a run of some paths."""
    request, shift, grid = plans[0].request, plans[0].shift, plans[0].blocks.grid
    n_paths = max(256, min(_MOST_PATHS, _MOST_NORMALS // grid.n_rows))
    of_paths = _kept_paths if not grid.is_extended and n_paths * grid.n_rows <= _MOST_KEPT else _paths
    seed, device = request.simulation.seed, processor(request.simulation)
    dtype = np.dtype(type_of(request))
    motion, weights, ends = of_paths(request.path_dates, grid, shift, seed, n_paths, dtype, device)
    rare = is_rare(ends, shift, probability_of_missed(request, paths), grid.n_underlyings)
    found: list[dict[MultiIndex, Tail]] = [{} for _ in linked.stacks]
    chunked = linked.chunked((False,) * len(linked.stacks))
    shifted_weights = shift_weights(ends, shift) if shift else None
    waiting: dict[tuple[int, MultiIndex], NDArray[np.float64]] = {}
    ready: dict[int, dict[MultiIndex, NDArray[np.float64]]] = {}
    for (stack, (level, index)), rows in chunked.run(motion, HOST):
        if level not in (ESTIMATE, CONTROL):
            continue
        plan = plans[linked.stacks[stack][0]]
        samples = broadcast(rows, (len(linked.stacks[stack]), n_paths)).astype(np.float64)
        samples *= linked.factors[stack, (level, index)][:, None]
        if shifted_weights is not None:
            samples *= shifted_weights
        if plan.controls:
            if (stack, index) not in waiting:
                waiting[stack, index] = samples
                continue
            other = waiting.pop((stack, index))
            samples = _residual(*((samples, other) if level == ESTIMATE else (other, samples)), weights * ~rare)
        own = ready.setdefault(stack, {})
        own[index] = samples
        if len(own) * samples.size >= _SAMPLES_AT_ONCE or len(found[stack]) + len(own) == len(plan.indices):
            found[stack] |= _tails(ready.pop(stack), weights, rare)
    return found  # type: ignore[return-value]  # dicts are mappings


def _paths(
    dates: tuple[float, ...],
    grid: Grid,
    shift: float,
    seed: int,
    n_paths: int,
    dtype: np.dtype[Any],
    device: Device,
) -> tuple[Motion, NDArray[np.floating], NDArray[np.floating]]:
    """Stretched paths, their weights and their ends."""
    drawn = standard_normals(seed, TAILS, 0, (1,) * grid.n_rows, n_paths, dtype.type, device)
    first, times = grid.of_price(dates)
    moved, weights, ends = stretched_around(drawn[first:], times, shift, grid.n_underlyings)
    return Motion(dates, np.concatenate([drawn[:first], moved]), grid), weights, ends


_kept_paths = lru_cache(16)(_paths)
"""Paths that later requests of the same seed and dates have too."""


def probability_of_missed(request: Request, paths: int) -> float:
    """The probability of events that a run of some paths may miss."""
    return (_UNSEEN_POINTS if request.simulation.sampler is Sampler.SOBOL else UNSEEN) / paths


def _tails(
    samples: Mapping[MultiIndex, NDArray[np.float64]], weights: NDArray[np.floating], rare: NDArray[np.bool_]
) -> dict[MultiIndex, Tail]:
    """The tails of some Greeks, of which each has a row of samples for each plan."""
    places, rows = np.flatnonzero(rare), np.array([*samples.values()])
    means = (rows * weights).sum(axis=-1) / weights.sum()
    distances = np.abs(rows - means[..., None])
    if not np.isfinite(distances).all():
        distances = np.nan_to_num(distances, nan=0.0, posinf=0.0)
    weighed = distances * weights
    squares = weighed * distances
    missed = np.take(weighed, places, axis=-1).sum(axis=-1) / len(weights)
    shares = np.take(squares, places, axis=-1).sum(axis=-1) / np.maximum(squares.sum(axis=-1), np.finfo(float).tiny)
    return {index: Tail(*one) for index, *one in zip(samples, missed, shares, strict=True)}


def _residual(
    samples: NDArray[np.float64], control: NDArray[np.float64], weights: NDArray[np.floating]
) -> NDArray[np.float64]:
    """The residual of samples on a control variate, regressed on the paths that the run meets."""
    rows = []
    for row, other in zip(samples, control, strict=True):
        centred = other - (other * weights).sum() / weights.sum()
        variance = (centred * centred * weights).sum()
        rows.append(row - (row * centred * weights).sum() / variance * centred if variance > 0 else row)
    return np.array(rows)
