"""H: a book of 1,000 Europeans of one underlying, 100,000 paths each, five Greeks: together, and one by one."""

import time
from collections.abc import Iterator

from greeks_cli.run.local import run
from greeks_cli.run.together import run_together
from greeks_cli.terms.request import build_request

TRADES = 1000


def report() -> Iterator[str]:
    """One run of each, on the same cores, after one trade that is not counted."""
    requests = [build_request({"strike": 80 + 40 * i / TRADES}, {"vol": 0.2}, {}) for i in range(TRADES)]
    run(requests[0])
    started = time.perf_counter()
    alone = [run(request) for request in requests]
    between = time.perf_counter()
    together, _ = run_together(requests)
    ended = time.perf_counter()
    same = all(a.estimates == b.estimates for a, b in zip(alone, together, strict=True))
    ratio = (between - started) / (ended - between)
    yield f"one by one {between - started:.1f} s, together {ended - between:.1f} s: {ratio:.2f} times as fast (goal 10)"
    yield f"the numbers are {'the same' if same else 'different'}"
