"""Importance sampling: paths that end elsewhere than their law says, and the weights that undo the change in a mean.

The weights are those of a mixture with the plain law, hence bounded (A. Owen and Y. Zhou, Safe and effective importance
sampling, JASA 95, 2000). An end is the Brownian motion at the last date, in standard deviations; a path is moved to it
in proportion to time.
"""

from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Normals = NDArray[np.floating]

_PLAIN_ONE_IN = 8
"""One shifted path in this number keeps its law: no weight exceeds the number."""
_FARTHEST_END = 37.5


class Moved(NamedTuple):
    """Normals of moved paths, with the weight and the end of each path."""

    normals: Normals
    weights: Normals
    ends: Normals


def stretched(normals: Normals, dates: tuple[float, ...]) -> Moved:
    """Paths of which every other one ends twice as far out.

    The weights are at most 4/3, so that errors elsewhere are nearly as precise.
    """
    own = ends_of(normals, dates)
    end = own.copy()
    end[::2] *= 2
    return Moved(ending(normals, dates, own, end), 2 / (1 + 0.5 * np.exp(0.375 * end * end)), end)


def shifted(normals: Normals, dates: tuple[float, ...], shift: float) -> Moved:
    """Paths whose ends are shifted by some standard deviations, except one path in eight."""
    own = ends_of(normals, dates)
    end = own + shift
    end[::_PLAIN_ONE_IN] = own[::_PLAIN_ONE_IN]
    return Moved(ending(normals, dates, own, end), shift_weights(end, shift), end)


def shift_weights(ends: Normals, shift: float) -> Normals:
    """The weights of paths with these ends among shifted ones: the plain density of the end over the mixture's."""
    plain = 1 / _PLAIN_ONE_IN
    with np.errstate(over="ignore"):  # the weight is 0 then
        return 1 / (plain + (1 - plain) * np.exp(shift * ends - shift * shift / 2))


def stretched_around(normals: Normals, dates: tuple[float, ...], shift: float) -> Moved:
    """Stretched paths around a shift, with weights for means over shifted paths."""
    own = ends_of(normals, dates)
    found = stretched(normals, dates)
    ends = found.ends + shift
    density = found.weights * np.exp(-shift * found.ends - shift * shift / 2)
    plain = 1 / _PLAIN_ONE_IN
    weights = plain * density + (1 - plain) * found.weights if shift else found.weights
    return Moved(ending(normals, dates, own, ends), weights, ends)


def is_rare(ends: Normals, shift: float, probability: float) -> NDArray[np.bool_]:
    """True for ends of a total probability beyond which the shifted paths of a run hardly go."""
    if not shift:
        return np.abs(ends) > _quantile(probability)
    forward = np.sign(shift) * ends
    return (forward > abs(shift) + _quantile(probability)) | (forward < -_quantile(_PLAIN_ONE_IN * probability))


def spread(normals: Normals, dates: tuple[float, ...]) -> Moved:
    """Paths whose ends are spread evenly, as far as the density of an end is a number; the weights add up to 1."""
    n_paths = normals.shape[1]
    ends = _FARTHEST_END * (2 * (np.arange(n_paths) + 0.5) / n_paths - 1)
    density = np.exp(-ends * ends / 2)
    return Moved(ending(normals, dates, ends_of(normals, dates), ends), density / density.sum(), ends)


def ends_of(normals: Normals, dates: tuple[float, ...]) -> Normals:
    """The end of each path."""
    return (_along(normals, dates) * normals).sum(axis=0, dtype=np.float64)


def ending(normals: Normals, dates: tuple[float, ...], ends: Normals, wanted: Normals) -> Normals:
    """Normals moved from their ends to others."""
    return normals + _along(normals, dates) * (wanted - ends).astype(normals.dtype)


def _along(normals: Normals, dates: tuple[float, ...]) -> Normals:
    along = np.sqrt(np.diff(dates, prepend=0.0) / dates[-1])[:, None]
    return np.asarray(along, dtype=normals.dtype, like=normals)


def _quantile(probability: float) -> float:
    return NormalDist().inv_cdf(1 - min(0.5, probability) / 2)
