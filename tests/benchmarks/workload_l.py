"""L: a phoenix on the worst of ten, quarterly over three years, 756 daily dates of knock-in, 100,000 paths.

Price alone, and with ten deltas, ten vegas and 55 second orders.
"""

import resource
import time
from collections.abc import Iterator

from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request
from greeks_cli.terms.request import Request

PATHS, GOAL, MOST_MEGABYTES = 100_000, 5.0, 400
NOTE = {
    "kind": "phoenix",
    "expiry": 3,
    "fixings": 12,
    "coupon": 0.1,
    "coupon_barrier": 0.7,
    "memory": True,
    "knock_in": 0.6,
    "knock_in_monitoring": 756,
}
MARKET = {
    "underlying": {
        name: {"spot": 100, "vol": 0.2 + 0.01 * k, "dividend_yield": 0.02} for k, name in enumerate("ABCDEFGHIJ")
    },
    "correlation": 0.5,
    "rate": 0.03,
}


def _seconds(request: Request) -> float:
    started = time.perf_counter()
    run(request)
    return time.perf_counter() - started


def report() -> Iterator[str]:
    """One run of each, in turns, after one that is not counted."""
    alone, all_of_them = (
        build_request(NOTE, MARKET, {"paths": PATHS}, greeks) for greeks in ("price", "delta,vega,hessian")
    )
    run(alone)
    pairs = [(_seconds(alone), _seconds(all_of_them)) for _ in range(2)]
    price, greeks = (min(times) for times in zip(*pairs, strict=True))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    yield f"price {price:.1f} s; with 75 Greeks {greeks:.1f} s ({greeks / price:.1f} times; goal {GOAL:g})"
    yield f"peak memory {peak:.0f} MB (goal {MOST_MEGABYTES})"
