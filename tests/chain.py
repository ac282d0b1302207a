"""A made-up chain of quotes: two expiries, each with its own forward, calls and puts along a smile."""

from math import exp, log, sqrt
from statistics import NormalDist
from typing import NamedTuple

SPOT, RATE = 100.0, 0.04
FORWARDS = {0.25: 99.2, 1.0: 104.5}
STRIKES = (80.0, 90.0, 95.0, 100.0, 105.0, 110.0, 125.0)
_N = NormalDist().cdf


class Quoted(NamedTuple):
    """A quote with the vol and the delta that made it."""

    id: str
    type: str
    strike: float
    expiry: float
    price: float
    vol: float
    delta: float


def smile(strike, expiry):
    """The vol of a strike."""
    return 0.2 - 0.1 * log(strike / FORWARDS[expiry]) + 0.02 * expiry


def chain():
    """The quotes, call and put of a strike side by side; delta is by the spot, as vendors state it."""
    found = []
    for expiry, forward in FORWARDS.items():
        discount = exp(-RATE * expiry)
        for strike in STRIKES:
            vol = smile(strike, expiry)
            s = vol * sqrt(expiry)
            d1 = log(forward / strike) / s + s / 2
            for sign, name in ((1, "call"), (-1, "put")):
                price = discount * sign * (forward * _N(sign * d1) - strike * _N(sign * (d1 - s)))
                delta = sign * discount * forward / SPOT * _N(sign * d1)
                found.append(Quoted(f"{name[0]}{strike:g}-{expiry:g}", name, strike, expiry, price, vol, delta))
    return found


def as_csv(quotes, column="mid"):
    """The quotes as a book of CSV."""
    rows = [f"{one.id},{one.type},{one.strike!r},{one.expiry!r},{one.price!r}" for one in quotes]
    return "\n".join([f"id,type,strike,expiry,{column}", *rows, ""])
