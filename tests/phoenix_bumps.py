"""Each number of workload L, of a phoenix on the worst of ten, against bumps of a simulation of its own.

    python -m tests.phoenix_bumps 100000 2000000

prices by our engine with some paths, and by central differences on other paths. A bump of a spot moves the least
performance of its underlying by a factor, so that 757 dates are looked at once; only bumps of vols look at them again.
Differences by two sizes are extrapolated. Prints the numbers, and the worst distance in standard errors.
"""

import sys
from collections.abc import Iterator, Mapping
from itertools import combinations
from math import exp, hypot, log, sqrt

import numpy as np

from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request
from tests.benchmarks.workload_l import MARKET, NOTE

GREEKS, BLOCK, DEVIATIONS, SIZES = "price,delta,vega,hessian", 500, 4, (1, 2)
OF_SPOT, OF_VOL = 0.02, 0.005
NAMES = "ABCDEFGHIJ"
VOLS = [MARKET["underlying"][name]["vol"] for name in NAMES]
SPOT, RATE, YIELD, YEARS = 100, MARKET["rate"], 0.02, NOTE["expiry"]
LOOKS, FIXINGS = NOTE["knock_in_monitoring"], NOTE["fixings"]
TIMES = YEARS / LOOKS * np.arange(1, LOOKS + 1)[:, None]
EVERY = LOOKS // FIXINGS

Row = np.ndarray


class Paths:
    """Logarithms of the performances of some paths: at the fixings, and the least over all dates."""

    def __init__(self, generator: np.random.Generator):
        def brownian() -> Row:
            return np.cumsum(generator.standard_normal((LOOKS, BLOCK)), axis=0) * sqrt(YEARS / LOOKS)

        common, share = brownian(), MARKET["correlation"]
        self.moved: dict[tuple[int, float], tuple[Row, Row]] = {}
        for k, vol in enumerate(VOLS):
            own = sqrt(share) * common + sqrt(1 - share) * brownian()
            for change in (0.0, *(sign * size * OF_VOL for size in SIZES for sign in (1, -1))):
                logs = (RATE - YIELD - 0.5 * (vol + change) ** 2) * TIMES + (vol + change) * own
                self.moved[k, change] = logs[EVERY - 1 :: EVERY], logs.min(axis=0)
        each = [self.moved[k, 0.0] for k in range(len(VOLS))]
        self.fixed, self.least = (np.array(rows) for rows in zip(*each, strict=True))

    def value(self, spots: Mapping[int, float] | None = None, vol: tuple[int, float] | None = None) -> Row:
        """The discounted payments with some spots times a factor, or with one vol changed."""
        moved = {k: (self.fixed[k] + log(by), self.least[k] + log(by)) for k, by in (spots or {}).items()}
        if vol:
            moved[vol[0]] = self.moved[vol]
        others = [k for k in range(len(VOLS)) if k not in moved]
        worst, least = self.fixed[others].min(axis=0), self.least[others].min(axis=0)
        for fixed, lowest in moved.values():
            worst, least = np.minimum(worst, fixed), np.minimum(least, lowest)
        return payments(np.exp(worst), least < log(NOTE["knock_in"]))


def payments(worst: Row, knocked: Row) -> Row:
    """The discounted payments by the worst performance at the fixings."""
    found, alive, owed, period = np.zeros(BLOCK), np.ones(BLOCK), np.zeros(BLOCK), YEARS / FIXINGS
    for number, own in enumerate(worst, start=1):
        owed += period
        pays, called = own > NOTE["coupon_barrier"], own > 1
        found += exp(-RATE * period * number) * alive * (pays * owed * NOTE["coupon"] + called)
        owed[pays] = 0
        alive = alive * ~called
    redeemed = 1 - knocked * np.maximum(1 - worst[-1], 0)
    return 100 * (found + exp(-RATE * YEARS) * alive * redeemed)


def extrapolated(differences: list[Row]) -> Row:
    """The derivative by differences of one size and of twice that size."""
    return (4 * differences[0] - differences[1]) / 3


def derivatives(paths: Paths) -> Iterator[tuple[str, Row]]:
    """Each number on every path."""
    now = paths.value()
    yield "price", now
    bumped = {
        (k, size, sign): paths.value({k: 1 + sign * size * OF_SPOT})
        for k in range(len(VOLS))
        for size in SIZES
        for sign in (1, -1)
    }
    for k, name in enumerate(NAMES):
        steps = [(size, size * OF_SPOT * SPOT) for size in SIZES]
        ups, downs = ([bumped[k, size, sign] for size in SIZES] for sign in (1, -1))
        pairs = list(zip(ups, downs, steps, strict=True))
        yield f"delta[{name}]", extrapolated([(up - down) / (2 * h) for up, down, (_, h) in pairs])
        yield f"gamma[{name}]", extrapolated([(up - 2 * now + down) / h**2 for up, down, (_, h) in pairs])
        of_vol = [[paths.value(vol=(k, sign * size * OF_VOL)) for sign in (1, -1)] for size in SIZES]
        yield (
            f"vega[{name}]",
            extrapolated([(u - d) / (2 * s * OF_VOL) for (u, d), s in zip(of_vol, SIZES, strict=True)]),
        )
    for i, j in combinations(range(len(VOLS)), 2):
        found = []
        for size in SIZES:
            both = sum(paths.value({i: 1 + sign * size * OF_SPOT, j: 1 + sign * size * OF_SPOT}) for sign in (1, -1))
            alone = sum(bumped[k, size, sign] for k in (i, j) for sign in (1, -1))
            found.append((both - alone + 2 * now) / (2 * (size * OF_SPOT * SPOT) ** 2))
        yield f"d(spot[{NAMES[i]}],spot[{NAMES[j]}])", extrapolated(found)


def bumps(n_paths: int) -> dict[str, tuple[float, float]]:
    """The mean and the standard error of each number."""
    generator, n_blocks = np.random.Generator(np.random.SFC64(11)), n_paths // BLOCK
    sums: dict[str, np.ndarray] = {}
    for _ in range(n_blocks):
        for name, row in derivatives(Paths(generator)):
            sums[name] = sums.get(name, 0.0) + np.array([row.sum(), np.square(row).sum()])
    count = n_blocks * BLOCK
    means = {name: own / count for name, own in sums.items()}
    return {name: (own[0], sqrt((own[1] - own[0] ** 2) / count)) for name, own in means.items()}


def main(ours: int, theirs: int) -> None:
    """Prints the figures for some paths of ours and of the bumps."""
    result, bumped = run(build_request(NOTE, MARKET, {"paths": ours}, GREEKS)), bumps(theirs)
    distances = {}
    for own in result.estimates:
        name, (value, stderr) = own.greek.name, bumped[own.greek.name]
        distances[name] = max(0.0, abs(own.value - value) - own.bias) / hypot(own.stderr, stderr)
        print(
            f"{name:20} {own.value:10.4g} +- {own.stderr:.2g} (bias {own.bias:.2g})   bumps {value:10.4g} "
            f"+- {stderr:.2g}   {distances[name]:.2f}"
        )
    beyond = [name for name, distance in distances.items() if distance > DEVIATIONS]
    print(f"{len(distances)} numbers, {len(beyond)} beyond {DEVIATIONS} deviations {beyond}")
    print(f"largest {max(distances.values()):.2f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
