"""Bandwidth selection: the widths of the kernel of each kink of a payoff.

A Greek that differentiates a kink k times has, with an extrapolated softplus of width w,
variance R_k p / (n w^(2k-3)) and bias -(7 pi^4/90) w^4 p^(k+2), where p is the density of the
kink's argument at 0 and R_k the integral of the squared kernel. For a normal density of spread
s, averaged over the place of the kink, the error is least at
w = s [(2k-3) R_k / (8 (7 pi^4/90)^2 R(phi^(k+2)) n)]^(1/(2k+5)), which is 0.4 s n^(-1/9) for
gamma. (B. Silverman, Density Estimation, 1986, chapter 3, gives the method.) Orders 0 and 1
need no smoothing: their sharp values are unbiased. Plain kernels smooth a payoff itself where its
kinks are tangled. Polynomials smooth the smooth part of a conditional estimate, at any width.
"""

from collections.abc import Collection, Sequence
from math import factorial, pi, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.autodiff.kinks import Smoother
from greeks_cli.engine.autodiff.softplus import MAX_ORDER, Kernel
from greeks_cli.engine.compiler import elementary
from greeks_cli.engine.payoffs import payoff
from greeks_cli.engine.simulation.any_market import AnyPathData, plain_path
from greeks_cli.terms.errors import InvalidInput, Problem
from greeks_cli.terms.request import Request

_AT_THE_KINK = (
    "it bends exactly at a value that is known today, and has no derivative there; move the spot or the strike a little"
)
_PER_MIDDLE = 1.48
"""The standard deviation of a normal density over the median of the absolute values."""
_KEPT = 256
"""Numbers of paths whose widths are kept: a process that stays meets many."""
_OF_GATE = 0.3
"""The spread of a gate at most, about that of even numbers from 0 to 1, between which its value rises."""
_AT_A_KINK = 32
"""The number of paths, of those nearest to a kink, that tell how far other kinks are."""
_LEAST_DEGREE = 1
"""The degree of polynomial kernels up to the third derivative, of the fewest calls; Greeks of one degree share one."""


class Kink(NamedTuple):
    """Kink of a payoff: the spread of its argument on the paths, and its order, 0 for a bend or 1 for a jump."""

    spread: float
    base: int
    is_tangent: bool = False
    """True if the payoff does not bend there, but its derivative does."""
    rarer_share: float = 0.5
    """The share of the paths on the side of the kink that fewer reach."""
    apart: float = np.inf
    """The distance of the nearest other kink where a path is at this one, in the other's spread."""


class _Met(NamedTuple):
    """The argument of a kink on some paths, with the kink's order and tangency."""

    argument: NDArray[np.floating]
    base: int
    is_tangent: bool = False
    widest: float = np.inf
    """The spread from which on a kernel would be as wide as what the payoff rises by."""

    @property
    def kink(self) -> Kink:
        """The kink, with the spread of its argument."""
        return Kink(min(_spread(self.argument), self.widest), self.base, self.is_tangent, _rarer_share(self.argument))


class _Recorder(Smoother):
    """Meets every kink sharply and notes its argument."""

    def __init__(self, smooths_values: bool) -> None:
        """``smooths_values`` says that the payoff is to meet the kinks of smoothed values."""
        super().__init__(())
        self.smooths_values = smooths_values
        self.met: list[_Met] = []

    def _kink(self, x: NDArray[np.floating], order: int) -> NDArray[np.floating]:
        self.met.append(_Met(x, order))
        return Kernel.plain(0)(x, order)

    def tangent_part(self, x: NDArray[np.floating]) -> NDArray[np.floating]:
        self.met.append(_Met(x, 0, is_tangent=True))
        return np.maximum(x, 0)

    def gated(self, x: NDArray[np.floating], value: NDArray[np.floating]) -> NDArray[np.floating]:
        self.met.append(_Met(x, 0, widest=_OF_GATE))
        return np.where(x > 0, value, 0)


def pilot_kinks(request: Request, data: AnyPathData) -> list[Kink]:
    """Every kink, in the order in which the payoff meets them on some paths of the request's market.

    A contract that is exercised early has none: its decisions are data.

    Raises InvalidInput where a derivative is asked for and every path lies exactly on a kink, as today's fixing may.
    """
    found = _met(request, data)
    kinks = [met.kink for met in found]
    if request.contract.several_kinks and len(kinks) > 1:
        kinks = _with_distances(kinks, [np.atleast_2d(met.argument) for met in found])
    if not any(kink.spread == 0 for kink in kinks):
        return kinks
    if request.contract.fixes_today and any(greek.order for greek in request.greeks):
        raise InvalidInput([Problem(("payoff",), _AT_THE_KINK)])
    # Equal operands on every path are no kink, whatever the width.
    return [kink._replace(spread=kink.spread or 1.0) for kink in kinks]


def kink_arguments(request: Request, data: AnyPathData, among: Collection[int] | None = None) -> NDArray[np.floating]:
    """The argument of every kink on some paths, one row for each of its dates: positive on one side of the kink.

    ``among`` are the numbers of kinks that are wanted, in the order in which the payoff meets them, by default of all.
    """
    n_paths = data.motion.n_paths
    wanted = (met.argument for i, met in enumerate(_met(request, data)) if among is None or i in among)
    found = [np.broadcast_to(x, (*x.shape[:-1], n_paths)) for x in wanted]
    return np.concatenate([x.reshape(-1, n_paths) for x in found]) if found else np.empty((0, n_paths))


def _met(request: Request, data: AnyPathData) -> list[_Met]:
    """Every kink that the payoff meets on some paths, in order."""
    recorder = _Recorder(bool(request.simulation.fixed_width))
    if request.contract.is_early:
        return []
    with np.errstate(all="ignore"):  # non-finite numbers are reported with the estimate
        payoff(request.contract, request.payoff_values, plain_path(data, request, request.values), recorder)
    return recorder.met


def _with_distances(kinks: Sequence[Kink], arguments: Sequence[NDArray[np.floating]]) -> list[Kink]:
    """The kinks with the distance of each to the nearest other, on the median of the paths that are nearest to it."""
    sizes = np.array(
        [np.abs(own).min(axis=0) / (kink.spread or 1.0) for kink, own in zip(kinks, arguments, strict=True)]
    )
    found = []
    for number, kink in enumerate(kinks):
        at = np.argsort(sizes[number], kind="stable")[:_AT_A_KINK]
        others = np.delete(sizes[:, at], number, axis=0)
        found.append(kink._replace(apart=float(np.median(others, axis=1).min())))
    return found


def _rarer_share(x: NDArray[np.floating]) -> float:
    share = float(np.count_nonzero(x < 0)) / x.size
    return min(share, 1 - share)


def _spread(x: NDArray[np.floating]) -> float:
    """The scale on which the density of x varies around 0.

    The scale is the standard deviation, unless x comes closer to 0: half of its values (a heavy
    tail inflates the deviation), or all values on one side (prices are bounded below). Where
    nearly all values are on one side, 0 is in the tail of x: d deviations out, a normal density
    falls by e over a d-th of a deviation. Or x is bounded and never reaches 0; then a kernel may
    not reach x. Far from the kink any width will do, and a tiny one would overflow at high orders.
    """
    deviation, lowest, highest = float(x.std()), float(x.min()), float(x.max())
    sizes, half = np.abs(x).ravel(), x.size // 2
    scales = [deviation]
    if 0.01 < np.count_nonzero(x < 0) / x.size < 0.99:
        scales += [-lowest, highest]
        if np.count_nonzero(sizes < min(scales) / _PER_MIDDLE) > half:  # counting takes less than partitioning
            scales.append(_PER_MIDDLE * _order_statistic(sizes, half))
    else:
        middle = _order_statistic(sizes, half)
        scales.append(_PER_MIDDLE * middle)
        if middle > deviation:
            scales += [deviation * deviation / middle, _order_statistic(sizes, x.size // 100)]
    return max(min(scales), 1e-3 * max(abs(lowest), abs(highest)))


def _order_statistic(sizes: NDArray[np.floating], place: int) -> float:
    """The value at a place in increasing order."""
    return float(np.partition(sizes, place)[place])


def automatic_kernels(kinks: Sequence[Kink], n_paths: float, scale: float, order: int) -> tuple[Kernel, ...]:
    """The kernels by the rule of the module, with all widths times ``scale``, for derivatives of up to an order.

    Tangent kinks need none up to the second order.
    """
    per_spread = _widths_per_spread(n_paths)
    scales = [0.0 if kink.is_tangent and order < 3 else scale * kink.spread for kink in kinks]
    return tuple(
        Kernel(tuple(own * w for w in per_spread), True, kink.base) for kink, own in zip(kinks, scales, strict=True)
    )


def plain_kernels(kinks: Sequence[Kink], n_paths: float, scale: float) -> tuple[Kernel, ...]:
    """Plain kernels of a payoff that is smooth itself, by the width of the rule for a bend's second derivative."""
    width = scale * _widths_per_spread(n_paths)[2]
    return tuple(Kernel.plain(width * kink.spread, kink.base) for kink in kinks)


def smooth_kernels(kinks: Sequence[Kink], scale: float, order: int) -> tuple[Kernel, ...]:
    """Polynomials for a payoff of which derivatives of an order are taken pathwise, with widths of ``scale`` spreads.

    The first derivative of a bend needs no smoothing. A derivative of a polynomial is noisy where it jumps at the
    ends: degrees are twice those that have the derivative.
    """

    def kernel(kink: Kink) -> Kernel:
        highest = kink.base + order
        if highest < 2:
            return Kernel.plain(0.0, kink.base)
        return Kernel.polynomial(scale * kink.spread, kink.base, max(_LEAST_DEGREE, 2 * highest - 4))

    return tuple(map(kernel, kinks))


@elementary.kept(_KEPT)
def _widths_per_spread(n_paths: float) -> tuple[float, ...]:
    return (0.0, 0.0, *((_rule(order) / n_paths) ** (1 / (2 * order + 5)) for order in range(2, MAX_ORDER)))


@elementary.kept(None)
def _rule(order: int) -> float:
    """(w/s)^(2k+5) n for a kink differentiated k times."""
    x = np.linspace(-80, 80, 16001)
    kernel = Kernel((1.0,) * MAX_ORDER, extrapolated=True)
    roughness = float(np.sum(kernel(x, order) ** 2) * (x[1] - x[0]))
    m = order + 2
    normal = factorial(2 * m) / (2 ** (2 * m + 1) * factorial(m) * sqrt(pi))
    return (2 * order - 3) * roughness / (8 * (7 * pi**4 / 90) ** 2 * normal)
