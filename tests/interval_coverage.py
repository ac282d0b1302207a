"""``python -m tests.interval_coverage [--seeds N] [--processes N]``: how often intervals hold the closed form.

A confidence interval of 95% should hold it in 95% of runs with different seeds. Contracts of every kind that has a
closed form are priced with many seeds; an interval that is widened by the stated bias is counted beside.
"""

import argparse
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from typing import Any

from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request

GREEKS = "delta,gamma,vega,theta,rho,vanna,volga"
PATHS = 20_000
CONTRACTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "European": ({"strike": 100}, {}),
    "European far out": ({"strike": 130}, {}),
    "digital": ({"kind": "digital", "strike": 100}, {}),
    "straddle": ({"kind": "straddle", "strike": 100}, {}),
    "call spread": ({"kind": "call-spread", "low_strike": 95, "high_strike": 110}, {}),
    "forward start": ({"kind": "forward-start", "start": 0.5}, {}),
    "down-and-out": ({"kind": "barrier", "barrier_type": "down-out", "strike": 100, "barrier": 90}, {}),
    "lookback": ({"kind": "lookback", "strike": 110}, {}),
    "geometric Asian": ({"kind": "asian", "average": "geometric", "strike": 100, "fixings": 12}, {}),
    "European, antithetic": ({"strike": 100}, {"antithetic": True}),
    "European, control": ({"strike": 100}, {"control": True}),
    "European, Sobol": ({"strike": 100}, {"sampler": "sobol", "paths": 16384}),
    "European, single precision": ({"strike": 100}, {"dtype": "float32"}),
    "European, likelihood ratio": ({"strike": 100}, {"estimator": "likelihood"}),
    "European, mixed": ({"strike": 100}, {"estimator": "mixed"}),
    "European, pathwise": ({"strike": 100}, {"estimator": "pathwise"}),
}


def held(name: str, seed: int) -> list[tuple[str, str, bool, bool]]:
    """Contract and Greek, and whether the interval holds the closed form, without and with the stated bias."""
    contract, settings = CONTRACTS[name]
    request = build_request(contract, {"vol": 0.2}, {"paths": PATHS, "seed": seed, **settings}, GREEKS)
    return [
        (name, one.greek.name, one.low <= one.exact <= one.high, one.low - one.bias <= one.exact <= one.high + one.bias)
        for one in run(request, 1).estimates
        if one.exact is not None
    ]


def counted(seeds: int, processes: int) -> Iterator[tuple[str, str, float, float]]:
    """Contract and Greek, and the shares of the seeds whose interval holds the closed form, without and with bias."""
    plain: Counter[tuple[str, str]] = Counter()
    wide: Counter[tuple[str, str]] = Counter()
    with ProcessPoolExecutor(processes) as pool:
        for name in CONTRACTS:
            for rows in pool.map(held, repeat(name, seeds), range(1, seeds + 1), chunksize=25):
                for contract, greek, inside, widened in rows:
                    plain[contract, greek] += inside
                    wide[contract, greek] += widened
    for key in wide:
        yield *key, plain[key] / seeds, wide[key] / seeds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=500)
    parser.add_argument("--processes", type=int, default=2)
    asked = parser.parse_args()
    rows = list(counted(asked.seeds, asked.processes))
    for contract, greek, plain, wide in rows:
        print(f"{contract:28} {greek:8} {plain:7.1%} {wide:7.1%}{'' if 0.93 <= plain <= 0.97 else '  outside 93-97%'}")
    inside = sum(0.93 <= plain <= 0.97 for *_, plain, _ in rows)
    mean = sum(plain for *_, plain, _ in rows) / len(rows)
    print(f"{inside} of {len(rows)} coverages within 93-97%; mean {mean:.2%}")


if __name__ == "__main__":
    main()
