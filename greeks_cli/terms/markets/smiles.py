"""Total variance as a function of log-moneyness and time, from a surface of quoted vols, and its checks for arbitrage.

Log-moneyness is k = log(K / F(T)). Total variance w = vol^2 T of an expiry is a quintic spline in k (cardinal_splines),
and linear beyond the outermost strikes; where it would fall there, it bends to a constant instead. Between expiries w
is linear in time at each k. Before the first expiry and beyond the last w is proportional to time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import exp, log, sqrt
from statistics import NormalDist
from typing import Any

import numpy as np

from greeks_cli.terms.markets.pieces import Floats, Pieces, cardinal_splines
from greeks_cli.terms.markets.vol_surface import VolSurface

_CHECKS_PER_PIECE = 16
_ROUNDING = 1e-12
"""The share of the forward by which prices of quotes may violate a bound."""
LARGEST_SLOPE = 2.0
"""R. Lee's bound on the slope of total variance in log-moneyness (Mathematical Finance 14, 2004)."""


@dataclass(frozen=True, eq=False)
class Smile:
    """The quotes of one expiry: total variance of log-moneyness, and the functions that it is a sum of.

    ``splines`` has a function per quote. ``variance`` is their sum times the quoted total variances.
    """

    label: str
    expiry: float
    forward: float
    strikes: Floats
    vols: Floats

    @cached_property
    def knots(self) -> Floats:
        """The log-moneyness of the quotes."""
        return np.array([log(ratio) for ratio in self.strikes / self.forward])  # NumPy's differs by processor

    @cached_property
    def quoted(self) -> Floats:
        """The total variances of the quotes."""
        return self.vols * self.vols * self.expiry

    @cached_property
    def splines(self) -> Pieces:
        """The total variance by that of each quote."""
        line = cardinal_splines(self.knots, (False, False)).times(self.quoted)
        rises = line.at(self.knots[[0, -1]], 1) * [-1, 1]
        return cardinal_splines(self.knots, tuple(rises < 0))

    @cached_property
    def variance(self) -> Pieces:
        """The total variance."""
        return self.splines.times(self.quoted)

    @cached_property
    def by_shift(self) -> Pieces:
        """The derivative of total variance in a shift of all vols, at no shift; the second one is twice the expiry."""
        return self.splines.times(2 * self.vols * self.expiry)

    def density_factor(self, k: Floats) -> Floats:
        """The density at a log-moneyness over that of a lognormal of the same total variance."""
        found: Floats = durrleman(k, *(self.variance.at(k, order) for order in range(3)))
        return found

    def strike_at(self, k: float) -> str:
        """The strike of a log-moneyness, in words."""
        return f"{self.forward * exp(k):.6g}"


def durrleman(k: Any, w: Any, slope: Any, curvature: Any, share: Any = 1.0) -> Any:
    """V. Durrleman's (1 - k v'/2v)^2 - v'^2/4 (1/v + 1/4) + v''/2 (J. Gatheral, The Volatility Surface, 2006).

    Here v is a share of w, whose derivatives in k are given. Dupire's local variance is the derivative of v in time
    over this. A share of 0 is the limit at time 0.
    """
    ratio = slope / w
    line = 1 - 0.5 * k * ratio
    rest = 0.5 * curvature - 0.25 * ratio * slope * (1 + 0.25 * share * w)
    return line * line + share * rest


class Smiles:
    """The smiles of a surface, with the forward at each expiry.

    Raises ValueError for arbitrage between quotes, with the strike and the expiry.
    """

    def __init__(self, surface: VolSurface, forwards: Sequence[float]):
        self.surface = surface
        rows = zip(surface.labels, surface.expiries, forwards, surface.strikes, surface.vols, strict=True)
        self.all = tuple(
            Smile(label, expiry, forward, np.array(strikes), np.array(vols))
            for label, expiry, forward, strikes, vols in rows
        )
        for problem in self._problems():
            raise ValueError(problem)

    def variance(self, time: float, k: float = 0.0) -> float:
        """The total variance until a time at a log-moneyness."""
        times = self.surface.expiries
        after = sum(expiry < time for expiry in times)
        if after in (0, len(times)):
            smile = self.all[min(after, len(times) - 1)]
            return _at(smile.variance, k) * time / smile.expiry
        one, other = self.all[after - 1 : after + 1]
        share = (time - one.expiry) / (other.expiry - one.expiry)
        return (1 - share) * _at(one.variance, k) + share * _at(other.variance, k)

    def vol(self, time: float, k: float = 0.0) -> float:
        """The implied vol of an expiry at a log-moneyness; at time 0, that of the first expiry."""
        at = time or self.surface.expiries[0]
        return sqrt(self.variance(at, k) / at)

    def _problems(self) -> Iterator[str]:
        for smile in self.all:
            yield from _between_quotes(smile)
            yield from _of_density(smile)
        for one, other in zip(self.all, self.all[1:], strict=False):
            yield from _in_time(one, other)


@lru_cache(64)  # the trades of a book share their surfaces
def smiles_of(surface: VolSurface, forwards: tuple[float, ...]) -> Smiles:
    """The smiles of a surface. Raises ValueError for arbitrage."""
    return Smiles(surface, forwards)


def _at(pieces: Pieces, k: float) -> float:
    return float(pieces.at(np.array([k]))[0])


def _between_quotes(smile: Smile) -> Iterator[str]:
    """Calls whose prices do not fall, or are not convex in the strike, whatever is between the quotes."""
    K, calls = [0.0, *(smile.strikes / smile.forward).tolist()], [1.0, *_calls(smile)]
    strikes, vols = [0.0, *smile.strikes.tolist()], [0.0, *smile.vols.tolist()]
    name = f"butterfly arbitrage at expiry {smile.label}: the call at strike"
    for i in range(1, len(K)):
        if calls[i] > calls[i - 1] + _ROUNDING:
            yield f"{name} {strikes[i]:.12g} costs more than that at {strikes[i - 1]:.12g}; lower its vol {vols[i]:g}"
    for i in range(1, len(K) - 1):
        share = (K[i] - K[i - 1]) / (K[i + 1] - K[i - 1])
        if calls[i] > (1 - share) * calls[i - 1] + share * calls[i + 1] + _ROUNDING:
            allowed = f"costs more than those at {strikes[i - 1]:.12g} and {strikes[i + 1]:.12g} allow"
            yield f"{name} {strikes[i]:.12g} {allowed}; lower its vol {vols[i]:g}, or correct those beside it"


def _calls(smile: Smile) -> list[float]:
    """The prices of calls over the discounted forward (F. Black, 1976)."""
    normal, found = NormalDist(), []
    for k, w in zip(smile.knots.tolist(), smile.quoted.tolist(), strict=True):
        d = -k / sqrt(w) + 0.5 * sqrt(w)
        found.append(normal.cdf(d) - exp(k) * normal.cdf(d - sqrt(w)))
    return found


def _of_density(smile: Smile) -> Iterator[str]:
    """Total variance that is not positive, slopes beyond Lee's bound, and densities that are negative."""
    end = smile.variance.at(smile.knots[[0, -1]], 1)
    for k, slope in zip(smile.knots[[0, -1]], end, strict=True):
        if abs(slope) > LARGEST_SLOPE:
            where = f"at expiry {smile.label}, strike {smile.strike_at(k)}"
            yield f"butterfly arbitrage: total variance rises too fast {where}; correct the vols there"
    ks = places_within(smile.variance.breaks)
    for name, values in (("variance", smile.variance.at(ks)), ("density", smile.density_factor(ks))):
        if (values > 0).all():
            continue
        k = float(ks[int(np.argmin(values))])
        near = smile.strikes[max(0, int(np.searchsorted(smile.knots, k)) - 1) :][:2]
        where = f"at expiry {smile.label} near strike {smile.strike_at(k)}"
        between = " and ".join(f"{strike:.12g}" for strike in near)
        message = f"butterfly arbitrage {where}: the {name} that interpolates the vols is negative there"
        yield f"{message}; correct the vols of {between}, or leave a quote out"
        return


def _in_time(one: Smile, other: Smile) -> Iterator[str]:
    """Total variance that does not rise from an expiry to the next, where both have quotes around the moneyness."""
    low, high = max(one.knots[0], other.knots[0]), min(one.knots[-1], other.knots[-1])
    breaks = np.union1d(one.knots, other.knots)
    inside = breaks[(breaks >= low) & (breaks <= high)]
    for ks in (inside, places_within(inside)):  # a strike of a quote says more than one between
        before, after = one.variance.at(ks), other.variance.at(ks)
        if (after > before).all():
            continue
        worst = int(np.argmin(after - before))
        yield (
            f"calendar arbitrage at strike {other.strike_at(ks[worst])}: total variance vol^2 t must rise, and at this "
            f"moneyness is {before[worst]:.6g} at expiry {one.label} and {after[worst]:.6g} at {other.label}; "
            f"raise the vols of {other.label}"
        )


def places_within(breaks: Floats) -> Floats:
    """Points within each piece, its ends included."""
    shares = np.arange(_CHECKS_PER_PIECE) / _CHECKS_PER_PIECE
    return np.append((breaks[:-1, None] + np.diff(breaks)[:, None] * shares).ravel(), breaks[-1:])
