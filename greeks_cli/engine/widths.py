"""How wide to smooth each kink of a payoff.

A Greek that differentiates a kink k times has, with an extrapolated softplus of width w,
variance R_k p / (n w^(2k-3)) and bias -(7 pi^4/90) w^4 p^(k+2), where p is the density of the
kink's argument at 0 and R_k the integral of the squared kernel. For a normal density of spread
s, averaged over the place of the kink, the error is least at
w = s [(2k-3) R_k / (8 (7 pi^4/90)^2 R(phi^(k+2)) n)]^(1/(2k+5)), which is 0.4 s n^(-1/9) for
gamma. (B. Silverman, Density Estimation, 1986, chapter 3, gives the method.) Orders 0 and 1
need no smoothing: their sharp values are unbiased.

The rule is right for spot Greeks; those of vol weigh the paths far from the kink, where a wide
kernel is biased and a narrow one not noisy. So a pilot run tries the rule's width and two
narrower ones, and each Greek takes the one of the least total error.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import factorial, pi, sqrt

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.bias import remaining_bias
from greeks_cli.engine.derivatives import MultiIndex
from greeks_cli.engine.leaves import make_leaves
from greeks_cli.engine.moments import Moments
from greeks_cli.engine.normals import PILOT, standard_normals
from greeks_cli.engine.paths import Path
from greeks_cli.engine.payoffs import payoff
from greeks_cli.engine.smoothing import MAX_ORDER, Kernel, Smoother
from greeks_cli.engine.valuation import pathwise
from greeks_cli.terms.request import Request
from greeks_cli.terms.simulation import Smoothing

_FEWEST_PILOT_PATHS, _MOST_PILOT_PATHS = 2048, 16384
_SCALES = (1.0, 0.5, 0.25)


@dataclass(frozen=True, slots=True)
class Group:
    """Greeks that share one smoothing, and so one graph."""

    kernels: tuple[Kernel, ...]
    wanted: tuple[MultiIndex, ...]

    def widened(self, factor: float) -> tuple[Kernel, ...]:
        return tuple(kernel.scaled(factor) for kernel in self.kernels)


def choose_groups(request: Request) -> tuple[Group, ...]:
    """Each Greek of the request with its smoothing.

    A fixed width is the plain softplus for all; an automatic one follows the module's rule.
    """
    wanted = tuple(greek.parameters for greek in request.greeks)
    normals = _pilot_normals(request)
    spreads = _pilot_spreads(request, normals)
    fixed = 0.0 if request.simulation.smoothing is Smoothing.NONE else request.simulation.fixed_width
    if fixed is not None:
        return (Group((Kernel.plain(fixed),) * len(spreads), wanted),)
    kernels = {scale: _kernels(spreads, scale, request.simulation.paths) for scale in (4.0, 2.0, *_SCALES)}
    smoothed = [index for index in wanted if len(index) > 1]
    choice = _best_scales(request, normals, kernels, smoothed) if smoothed else {}
    usual = max(choice.values(), default=1.0)
    scales = {index: choice.get(index, usual) for index in wanted}
    return tuple(
        Group(kernels[scale], tuple(index for index in wanted if scales[index] == scale))
        for scale in sorted(set(scales.values()))
    )


def _best_scales(
    request: Request,
    normals: NDArray[np.floating],
    kernels: dict[float, tuple[Kernel, ...]],
    wanted: Sequence[MultiIndex],
) -> dict[MultiIndex, float]:
    """Per Greek, the scale of the least squared error: variance, and twice the bias for caution."""
    samples = {scale: pathwise(request, normals, kernel, wanted) for scale, kernel in kernels.items()}

    def squared_errors(scale: float) -> NDArray[np.float64]:
        value, wide, wider = ([samples[factor * scale][index] for index in wanted] for factor in (1, 2, 4))
        near = Moments.of([a - b for a, b in zip(value, wide, strict=True)])
        far = Moments.of([a - b for a, b in zip(wide, wider, strict=True)])
        bias = remaining_bias(near, far, kernels[scale][0].bias_order, deviations=-1)
        return Moments.of(value).variance / request.simulation.paths + (2 * bias) ** 2

    best = np.argmin([squared_errors(scale) for scale in _SCALES], axis=0)
    return {index: _SCALES[i] for index, i in zip(wanted, best, strict=True)}


def _pilot_normals(request: Request) -> NDArray[np.floating]:
    """Paths with one increment per date, whatever the steps: they only choose the settings."""
    one_each = (1,) * len(request.contract.dates)
    n_paths = min(_MOST_PILOT_PATHS, max(_FEWEST_PILOT_PATHS, request.simulation.paths // 32))
    return standard_normals(request.simulation.seed, PILOT, 0, one_each, n_paths, np.float64)


class _SpreadRecorder(Smoother):
    """Meets every kink sharply and notes the spread of its argument."""

    def __init__(self) -> None:
        super().__init__(())
        self.spreads: list[float] = []

    def positive_part(self, x: NDArray[np.floating]) -> NDArray[np.floating]:
        self.spreads.append(_spread(x))
        return np.maximum(x, 0)


def _pilot_spreads(request: Request, normals: NDArray[np.floating]) -> list[float]:
    leaves = make_leaves(request.values, (), normals.shape[1], np.float64)
    recorder = _SpreadRecorder()
    payoff(request.contract, leaves, Path(leaves, request.contract.dates, normals), recorder)
    return recorder.spreads


def _spread(x: NDArray[np.floating]) -> float:
    """The scale on which the density of x varies around 0.

    The standard deviation, unless x comes closer to 0 than that: half of its values (a heavy
    tail inflates the deviation), or all values on one side (prices are bounded below). Far
    from the kink any width will do, and a tiny one would overflow at high orders.
    """
    scales = [x.std(), 1.48 * float(np.median(np.abs(x)))]
    if 0.01 < np.mean(x < 0) < 0.99:
        scales += [-x.min(), x.max()]
    return max(min(scales), 1e-3 * float(np.abs(x).max()), 1e-100)


def _kernels(spreads: Sequence[float], scale: float, n_paths: int) -> tuple[Kernel, ...]:
    return tuple(Kernel(_automatic_widths(scale * spread, n_paths), extrapolated=True) for spread in spreads)


def _automatic_widths(spread: float, n_paths: int) -> tuple[float, ...]:
    return (0.0, 0.0, *(spread * (_rule(order) / n_paths) ** (1 / (2 * order + 5)) for order in range(2, MAX_ORDER)))


@cache
def _rule(order: int) -> float:
    """(w/s)^(2k+5) n for a kink differentiated k times."""
    x = np.linspace(-80, 80, 16001)
    kernel = Kernel((1.0,) * MAX_ORDER, extrapolated=True)
    roughness = float(np.sum(kernel(x, order) ** 2) * (x[1] - x[0]))
    m = order + 2
    normal = factorial(2 * m) / (2 ** (2 * m + 1) * factorial(m) * sqrt(pi))
    return (2 * order - 3) * roughness / (8 * (7 * pi**4 / 90) ** 2 * normal)
