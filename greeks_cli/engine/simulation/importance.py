"""Importance sampling: paths that end elsewhere than their law says, and the weights that undo the change in a mean.

The weights are those of a mixture with the plain law, hence bounded (A. Owen and Y. Zhou, Safe and effective importance
sampling, JASA 95, 2000). An end is the Brownian motion at the last date, in standard deviations; a path is moved to it
in proportion to time.
"""

from functools import lru_cache
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.compiler import elementary

Normals = NDArray[np.floating]

PLAIN_ONE_IN = 8
"""One shifted path in this number keeps its law: no weight exceeds the number."""
_FARTHEST_END, _SPREAD_ENDS = 37.5, 2048
"""The farthest of the spread ends, beyond which the density of an end is no number, and their count."""


class Moved(NamedTuple):
    """Normals of moved paths, with the weight and the end of each path."""

    normals: Normals
    weights: Normals
    ends: Normals


def stretched(normals: Normals, dates: tuple[float, ...], n_underlyings: int = 1) -> Moved:
    """Paths of which every other one ends twice as far out; of several underlyings, each in its turn.

    The weights are at most 4/3, so that errors elsewhere are nearly as precise.
    Among several, the end of a path is that of the underlying whose end is farthest.
    """
    n_dates = len(dates)
    each = [normals[k * n_dates : (k + 1) * n_dates] for k in range(n_underlyings)]
    own = np.array([ends_of(rows, dates) for rows in each])
    ends = own.copy()
    for k, row in enumerate(ends):
        row[2 * k :: 2 * n_underlyings] *= 2
    moved = [moved_by(rows, dates, by) for rows, by in zip(each, ends - own, strict=True)]
    weights = 2 / (1 + 0.5 * elementary.exp(0.375 * ends * ends).mean(axis=0))
    farthest = np.take_along_axis(ends, np.abs(ends).argmax(axis=0)[None], axis=0)[0]
    return Moved(np.concatenate([*moved, normals[n_underlyings * n_dates :]]), weights, farthest)


def shifted(normals: Normals, dates: tuple[float, ...], shift: float) -> Moved:
    """Paths whose ends are shifted by some standard deviations, except one path in eight."""
    own = ends_of(normals, dates)
    ends = own + shift
    ends[::PLAIN_ONE_IN] = own[::PLAIN_ONE_IN]
    plain = len(own[::PLAIN_ONE_IN]) / len(own)
    return Moved(moved_by(normals, dates, ends - own), shift_weights(ends, shift, plain), ends)


def shift_weights(ends: Normals, shift: float, plain: float = 1 / PLAIN_ONE_IN) -> Normals:
    """The weights of shifted paths with these ends, of which a share is plain: the plain density over the mixture's."""
    with np.errstate(over="ignore"):  # the weight is 0 then
        return 1 / (plain + (1 - plain) * elementary.exp(shift * ends - shift * shift / 2))


def stretched_around(normals: Normals, dates: tuple[float, ...], shift: float, n_underlyings: int = 1) -> Moved:
    """Stretched paths, half of them around a shift and half around no shift, with weights for means over shifted paths.

    Pairs of neighbours are moved alike, for every other path is stretched. Several underlyings have no shift.
    """
    if not shift:
        return stretched(normals, dates, n_underlyings)
    own = ends_of(normals, dates)
    around = stretched(normals, dates).ends
    ends = around.copy()
    ends[2::4] += shift
    ends[3::4] += shift
    proposal = 0.5 * (_stretched_density(ends) + _stretched_density(ends - shift))
    plain = 1 / PLAIN_ONE_IN
    weights = (plain * density(ends) + (1 - plain) * density(ends - shift)) / proposal
    return Moved(moved_by(normals, dates, ends - own), weights, ends)


def is_rare(ends: Normals, shift: float, probability: float, n_underlyings: int = 1) -> NDArray[np.bool_]:
    """True for ends of a total probability beyond which the shifted paths of a run hardly go."""
    if not shift:
        return np.abs(ends) > _quantile(probability / n_underlyings)
    forward = np.sign(shift) * ends
    return (forward > abs(shift) + _quantile(probability)) | (forward < -_quantile(PLAIN_ONE_IN * probability))


@elementary.kept(None)
def spread() -> Moved:
    """Paths of one date whose ends are spread evenly over all numbers that occur; the weights add up to 1."""
    ends = _FARTHEST_END * (2 * (np.arange(_SPREAD_ENDS) + 0.5) / _SPREAD_ENDS - 1)
    weights = density(ends)
    return Moved(ends[None, :], weights / weights.sum(), ends)


def ends_of(normals: Normals, dates: tuple[float, ...]) -> Normals:
    """The end of each path, in standard deviations."""
    return (_along(normals, dates) * normals[: len(dates)]).sum(axis=0, dtype=np.float64)


def moved_by(normals: Normals, dates: tuple[float, ...], by: Normals) -> Normals:
    """Normals of paths whose ends are moved by some standard deviations; later rows than those of dates stay."""
    moved = normals[: len(dates)] + _along(normals, dates) * by.astype(normals.dtype)
    return moved if len(normals) == len(dates) else np.concatenate([moved, normals[len(dates) :]])


def _along(normals: Normals, dates: tuple[float, ...]) -> Normals:
    return np.asarray(end_shares(dates), dtype=normals.dtype, like=normals)


@lru_cache(64)
def end_shares(dates: tuple[float, ...]) -> NDArray[np.float64]:
    """The share of each increment in the end, as a column."""
    shares: NDArray[np.float64] = np.sqrt(np.diff(dates, prepend=0.0) / dates[-1])[:, None]
    return shares


def density(ends: Normals) -> Normals:
    """The normal density, but for its constant."""
    return elementary.exp(-ends * ends / 2)


def _stretched_density(ends: Normals) -> Normals:
    return 0.5 * (density(ends) + 0.5 * density(ends / 2))


def _quantile(probability: float) -> float:
    return NormalDist().inv_cdf(1 - min(0.5, probability) / 2)
