"""Implied vols of random prices against the exact solution of 40 digits: ``python -m tests.implied_vols 100000``."""

import sys
from dataclasses import dataclass

import mpmath as mp
import numpy as np

from greeks_cli.analytic.implied_volatility import LEAST_ACCURACY, Found, implied_vols

EPSILON = 2.0**-52


@dataclass(frozen=True)
class Quote:
    """A European option and its price, all exact."""

    forward: float
    strike: float
    discount: float
    years: float
    sign: float
    price: float = 0.0

    def at(self, vol):
        """The price at a vol, and its derivative by the vol."""
        s = vol * mp.sqrt(mp.mpf(self.years))
        d1 = mp.log(mp.mpf(self.forward) / self.strike) / s + s / 2
        tail = (mp.erfc(-self.sign * d / mp.sqrt(2)) / 2 for d in (d1, d1 - s))
        value = self.discount * self.sign * (self.forward * next(tail) - self.strike * next(tail))
        return value, self.discount * self.forward * mp.npdf(d1) * mp.sqrt(self.years)

    @property
    def limits(self):
        """The prices at vol 0 and at infinite vol."""
        intrinsic = self.sign * (mp.mpf(self.forward) - self.strike)
        return self.discount * max(intrinsic, mp.mpf(0)), self.discount * mp.mpf(
            self.forward if self.sign > 0 else self.strike
        )


def last_place(quote):
    """One unit in the last place of the price; in the money, of forward or strike."""
    inside = quote.sign * (quote.forward - quote.strike) > 0
    largest = max(quote.forward, quote.strike) if inside else quote.price / quote.discount
    return float(quote.discount * np.spacing(largest))


def random_quotes(n, seed=1):
    """Quotes at vols of 1% to 500%, expiries of a day to 30 years, and strikes up to 12 deviations away."""
    rng = np.random.default_rng(seed)
    vols, years = np.exp(rng.uniform(*np.log([0.01, 5]), n)), np.exp(rng.uniform(*np.log([1 / 365, 30]), n))
    forward, discount = 10 ** rng.uniform(-2, 4, n), np.exp(-rng.uniform(-0.02, 0.1, n) * years)
    distance = rng.uniform(-1, 1, n) ** 3 * np.minimum(12 * vols * np.sqrt(years), 20)
    strike, sign = forward * np.exp(distance), np.where(rng.random(n) < 0.5, 1.0, -1.0)
    found = []
    for vol, *terms in np.stack([vols, forward, strike, discount, years, sign], 1).tolist():
        quote = Quote(*terms)
        found.append(Quote(*terms, price=float(quote.at(mp.mpf(vol))[0])))
    return found


def judged(quotes):
    """The relative error of every vol, and the mistaken outcomes."""
    columns = [[getattr(quote, name) for quote in quotes] for name in Quote.__dataclass_fields__]
    found = implied_vols(*columns)
    errors, mistaken = [], []
    for quote, vol, outcome, accuracy in zip(quotes, found.vols, found.outcomes, found.accuracy, strict=True):
        low, high = quote.limits
        if outcome == Found.VOL:
            value, slope = quote.at(mp.mpf(vol))
            errors.append(float(abs((value - quote.price) / slope / vol)))
            right = accuracy <= LEAST_ACCURACY and low < quote.price < high
        elif outcome == Found.UNDETERMINED:
            right = low < quote.price < high and is_undetermined(quote)
        else:
            right = quote.price <= low if outcome == Found.TOO_LOW else quote.price >= high
        if not right:
            mistaken.append((quote, vol, outcome, accuracy))
    return np.array(errors), np.array([*found.outcomes]), mistaken


def is_undetermined(quote):
    """True if one unit in the last place moves the vol by about the least accuracy, or more."""
    low, high = mp.mpf("1e-9"), mp.mpf(1000)
    for _ in range(40):
        middle = mp.sqrt(low * high)
        low, high = (middle, high) if quote.at(middle)[0] < quote.price else (low, middle)
    return float(last_place(quote) / quote.at(low)[1] / low) > 0.4 * LEAST_ACCURACY


def _main(n):
    mp.mp.dps = 40
    errors, outcomes, mistaken = judged(random_quotes(n))
    counts = {found.name: int((outcomes == found).sum()) for found in Found}
    print(f"{n:,} prices: {counts}; worst relative error {errors.max():.2g}, median {np.median(errors):.2g}")
    for quote, vol, outcome, accuracy in mistaken[:5]:
        print("mistaken:", quote, vol, Found(outcome).name, accuracy)
    print(f"{len(mistaken)} mistaken outcomes")


if __name__ == "__main__":
    _main(int(sys.argv[1]))
