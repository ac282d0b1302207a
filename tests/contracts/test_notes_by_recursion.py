"""Notes on one underlying by recursion over their dates: conditional means by quadrature, Greeks by differences."""

from itertools import pairwise
from math import ceil, exp, log, pi, sqrt

import numpy as np
import pytest

from greeks_cli.run.price import run
from tests.contracts.joint import asked

NOTE = {"knock_in": 0.75, "notional": 1000, "initial_levels": 100}
WEEKS = [round(week / 52, 12) for week in range(1, 27)]
NOTES = {
    "autocallable that steps down, days before a fixing": {
        "kind": "autocallable",
        "fixing_times": [0.0125, 0.2625, 0.5125],
        "knock_in_times": [0.5125],
        "coupon": 0.106,
        "autocall_level": 1.08,
        "step_down": 0.02,
        "accrued": 0.2375,
    },
    "phoenix that pays missed coupons": {
        "kind": "phoenix",
        "fixing_times": [0.15, 0.65, 1.15, 1.65],
        "knock_in_times": [0.2, 0.65, 1.0, 1.65],
        "coupon": 0.086,
        "coupon_barrier": 0.86,
        "autocall_level": 1.05,
        "accrued": 0.35,
        "memory": True,
    },
    "phoenix without memory": {
        "kind": "phoenix",
        "fixing_times": [0.5, 1.0, 1.5],
        "knock_in_times": [1.5],
        "coupon": 0.13,
        "coupon_barrier": 0.82,
        "autocall_level": 0.95,
        "memory": False,
    },
    "phoenix with memory and one fixing": {
        "kind": "phoenix",
        "fixing_times": [0.4],
        "knock_in_times": [0.4],
        "coupon": 0.1,
        "coupon_barrier": 0.9,
        "autocall_level": 1.0,
        "memory": True,
    },
    "autocallable whose knock-in is watched weekly": {
        "kind": "autocallable",
        "fixing_times": [0.25, 0.5],
        "knock_in_times": WEEKS,
        "coupon": 0.1,
        "autocall_level": 1.0,
    },
}
MARKET = {"spot": 103.0, "vol": 0.3, "rate": 0.03, "dividend_yield": 0.02}
SIZES = {"spot": 0.2, "vol": 2e-4, "rate": 2e-4, "dividend_yield": 2e-4}
POINTS, WEIGHTS = np.polynomial.legendre.leggauss(8)


def quadrature(levels, low, high, width):
    """Points and weights on panels, between which all levels lie."""
    ends = sorted({low, high, *(level for level in levels if low < level < high)})
    edges = [np.linspace(a, b, ceil((b - a) / width) + 1) for a, b in pairwise(ends)]
    starts, stops = (np.concatenate([one[part] for one in edges]) for part in (slice(-1), slice(1, None)))
    half = (stops - starts)[:, None] / 2
    return ((starts + stops)[:, None] / 2 + half * POINTS).ravel(), (half * WEIGHTS).ravel()


class Recursion:
    """The value of a note by log-performance, by whether it has knocked in and by the last fixing that was paid."""

    def __init__(self, note, market):
        self.note, self.rate, self.vol = note, market["rate"], market["vol"]
        self.fixings, self.looks = note["fixing_times"], note["knock_in_times"]
        self.dates = sorted({*self.fixings, *self.looks})
        self.drift = market["rate"] - market["dividend_yield"] - market["vol"] ** 2 / 2
        self.start = log(market["spot"] / note["initial_levels"])
        levels = [self.autocall_level(k) for k in range(len(self.fixings))]
        levels += [note["knock_in"], note.get("coupon_barrier", 1.0), 1.0]
        shortest, reach = min(np.diff(self.dates, prepend=0.0)), 7.5 * self.vol * sqrt(self.dates[-1])
        centre, width = self.start + self.drift * self.dates[-1] / 2, 2 * self.vol * sqrt(shortest)
        self.x, self.weights = quadrature([log(level) for level in levels], centre - reach, centre + reach, width)
        self.performance = np.exp(self.x)

    def autocall_level(self, fixing):
        return self.note["autocall_level"] - self.note.get("step_down", 0) * fixing

    def price(self):
        last, notional = self.dates[-1], self.note["notional"]
        lost = np.minimum(self.performance, 1)
        values = {(k, m): notional * (lost if k else lost**0) * self.discount(last) for k in (0, 1) for m in self.paid}
        for start, end in reversed(list(pairwise([0.0, *self.dates]))):
            at_date = self.looked(end, self.fixed(end, values))
            values = {state: self.mean(value, start, end) for state, value in at_date.items()}
        return float(values[0, 0][0])

    @property
    def paid(self):
        return range(len(self.fixings) + 1) if self.note.get("memory") else (0,)

    def discount(self, date):
        return exp(-self.rate * date)

    def looked(self, date, values):
        """The values before the knock-in is looked for."""
        if date not in self.looks:
            return values
        low = self.performance < self.note["knock_in"]
        return {(k, m): np.where(low, values[1, m], value) for (k, m), value in values.items()}

    def fixed(self, date, values):
        """The values before what a fixing pays and ends."""
        if date not in self.fixings:
            return values
        number, note = self.fixings.index(date), self.note
        called, amount = self.performance >= self.autocall_level(number), note["notional"] * self.discount(date)
        if note["kind"] == "autocallable":
            whole = amount * (1 + note["coupon"] * (date + note.get("accrued", 0)))
            return {state: np.where(called, whole, value) for state, value in values.items()}
        pays, after = self.performance >= note["coupon_barrier"], number + 1 if note["memory"] else 0
        return {
            (k, m): np.where(pays, amount * note["coupon"] * self.owed(number, m), 0)
            + np.where(called, amount, np.where(pays, values[k, after], value))
            for (k, m), value in values.items()
        }

    def owed(self, number, paid):
        """The years of coupon at a fixing, since the fixing that was paid last."""
        since = paid if self.note["memory"] else number
        start = self.fixings[since - 1] if since else -self.note.get("accrued", 0)
        return self.fixings[number] - start

    def mean(self, values, start, end):
        deviation = self.vol * sqrt(end - start)
        places = self.x if start else np.array([self.start])
        standard = (self.x - places[:, None] - self.drift * (end - start)) / deviation
        return (np.exp(-(standard**2) / 2) / (deviation * sqrt(2 * pi)) * self.weights) @ values


def differences(note):
    """Central differences of two sizes, extrapolated."""

    def price(**changes):
        return Recursion(note, {name: value + changes.get(name, 0) for name, value in MARKET.items()}).price()

    def first(name, size):
        return (price(**{name: size}) - price(**{name: -size})) / (2 * size)

    def second(size):
        return (price(spot=size) - 2 * price() + price(spot=-size)) / size**2

    greeks = {"delta": "spot", "vega": "vol", "rho": "rate", "phi": "dividend_yield"}
    found = {g: (4 * first(n, SIZES[n]) - first(n, 2 * SIZES[n])) / 3 for g, n in greeks.items()}
    return found | {"price": price(), "gamma": (4 * second(0.2) - second(0.4)) / 3}


@pytest.mark.parametrize("name", NOTES)
def test_price_and_greeks_are_those_of_the_recursion(name):
    note = {**NOTE, **NOTES[name]}
    truth = differences(note)
    note["expiry"] = note["fixing_times"][-1]
    found = run(asked(note, ",".join(truth), MARKET))
    for greek, exact in truth.items():
        assert abs(found[greek].value - exact) <= 4 * found[greek].stderr + found[greek].bias, (greek, exact)
