"""Rebates of barrier options: the time of payment, and the martingale by which a rebate at hit is paid later.

The martingale is exp(-r t) M(log(S(t)/H)) with M(0) = 1. By optional stopping the discounted payment of 1 where the
barrier is first touched is worth M(log(S(T)/H)) that is paid at T on touched paths. With mu = r - q - vol^2/2 and
D = mu^2 + 2 r vol^2, M(x) may be exp(g x) for a root g = (-mu +- sqrt(D)) / vol^2, or the mean of both.
"""

import enum
from collections.abc import Mapping


class RebateAt(enum.StrEnum):
    """The time at which the rebate of a knock-out is paid."""

    EXPIRY = "expiry"
    HIT = "hit"


class Martingale(enum.StrEnum):
    """The choice among martingales."""

    RISING = "the smaller root for mu > 0"
    FALLING = "the smaller root for mu < 0"
    EVEN = "the mean of both roots as a power series in D"
    WAVE = "the mean of both roots, which are complex"


_EVEN = 0.25
"""The greatest |D| T / vol^2 for which the power series serves: on all but rare paths it converges fast."""
_NO_ROOT = 1e-4
"""The least D T / vol^2 for which the closed form keeps its digits."""


def martingale(market: Mapping[str, float], years: float) -> tuple[Martingale, bool]:
    """The martingale that varies little, and True if the two roots are real and apart, as the closed form needs."""
    vol, rate = market["vol"], market["rate"]
    mu = rate - market["dividend_yield"] - 0.5 * vol * vol
    spread = (mu * mu / (vol * vol) + 2 * rate) * years
    if abs(spread) <= _EVEN:
        kind = Martingale.EVEN
    elif spread < 0:
        kind = Martingale.WAVE
    else:
        kind = Martingale.RISING if mu > 0 else Martingale.FALLING
    return kind, spread >= _NO_ROOT
