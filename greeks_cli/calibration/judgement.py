"""Judgement of a fit: standard errors, and parameters that the quotes do not tell."""

from collections.abc import Iterator, Mapping
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from greeks_cli.calibration.fit import Fit

Array = NDArray[np.float64]

_CORRELATED = 0.95
"""The correlation of two estimates from which on the quotes tell a combination of them alone."""
_SINGULAR = 1e-5
"""The smallest singular value over the largest, of slopes of unit length."""
_UNCERTAIN = 0.5
"""The standard error of a parameter over its value that is remarked."""


def standard_errors(fit: Fit) -> Mapping[str, float]:
    """Standard errors of the free parameters, from the slopes and the size of the errors.

    There are none where no quotes are left over.
    """
    spare = len(fit.errors) - len(fit.free)
    if spare <= 0 or not fit.free:
        return {}
    variance = float(fit.errors @ fit.errors) / spare
    deviations = np.sqrt(variance * np.diag(_inverse(fit.slopes)))
    return {name: float(d) * fit.scale(name) for name, d in zip(fit.free, deviations, strict=True)}


def remarks(fit: Fit) -> Iterator[str]:
    """Remarks on parameters that the quotes do not tell."""
    errors = standard_errors(fit)
    for name in fit.at_bounds:
        yield f"{name} ends at its bound, {fit.values[name]:.4g}: the quotes do not tell it; {_held(name)}"
    inside = [name for name in fit.free if name not in fit.at_bounds]
    yield from _undetermined(fit, inside)
    for name in inside:
        error, value = errors.get(name, 0.0), fit.values[name]
        if error > _UNCERTAIN * abs(value):
            yield f"{name} is uncertain: {value:.4g} with a standard error of {error:.2g}; {_held(name)}"


def _undetermined(fit: Fit, inside: list[str]) -> Iterator[str]:
    if not inside:
        return
    slopes = fit.slopes[:, [fit.free.index(name) for name in inside]]
    lengths = np.linalg.norm(slopes, axis=0)
    if not lengths.all():
        for name in (name for name, length in zip(inside, lengths, strict=True) if not length):
            yield f"{name} has no effect on these quotes: they do not tell it; {_held(name)}"
        return
    _, singular, rows = np.linalg.svd(slopes / lengths, full_matrices=False)
    if len(singular) < len(inside) or singular[-1] < _SINGULAR * singular[0]:
        shares = np.abs(rows[-1])
        alike = [name for name, share in zip(inside, shares, strict=True) if share > 0.3 * shares.max()]
        yield f"{' and '.join(alike)} are not identified: other values fit as well; {_held(alike[0])}"
        return
    inverse = _inverse(slopes)
    scales = np.sqrt(np.diag(inverse))
    correlations = inverse / np.outer(scales, scales)
    for i, j in combinations(range(len(inside)), 2):
        if abs(correlations[i, j]) > _CORRELATED:
            pair = f"{inside[i]} and {inside[j]}"
            yield (
                f"{pair} are hardly identified apart: their estimates have a correlation of {correlations[i, j]:.3f}; "
                f"{_held(inside[i])}"
            )


def _held(name: str) -> str:
    return f"--{name.replace('_', '-')} holds it"


def _inverse(slopes: Array) -> Array:
    """The inverse of the slopes' products, by columns of unit length."""
    lengths = np.linalg.norm(slopes, axis=0)
    lengths = np.where(lengths > 0, lengths, 1.0)
    scaled = slopes / lengths
    inverse: Array = np.linalg.pinv(scaled.T @ scaled, hermitian=True) / np.outer(lengths, lengths)
    return inverse
