"""H: a book of 1,000 Europeans of one underlying, 100,000 paths each, five Greeks: together, and one by one."""

import time
from collections.abc import Iterator
from math import isfinite

from greeks_cli.run.books.paths import run_together
from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request
from tests.benchmarks.quantlib_peer import european, flat_process

TRADES = 1000
_TRIED = 10


def analytic_seconds() -> float:
    """QuantLib's closed form: price and five Greeks of every trade."""
    import QuantLib as ql

    today = ql.Date(15, 1, 2026)
    process = flat_process(ql, 100.0, 0.01, 0.2, today)
    engine = ql.AnalyticEuropeanEngine(process)
    started = time.perf_counter()
    for i in range(TRADES):
        payoff = ql.PlainVanillaPayoff(ql.Option.Call, 80 + 40 * i / TRADES)
        option = ql.VanillaOption(payoff, ql.EuropeanExercise(today + 365))
        option.setPricingEngine(engine)
        assert all(
            map(isfinite, (option.NPV(), option.delta(), option.gamma(), option.vega(), option.theta(), option.rho()))
        )
    return time.perf_counter() - started


def monte_carlo_seconds() -> float:
    """QuantLib's Monte Carlo with as many paths, nine runs a trade for the same Greeks; from a few trades."""
    work = european(100_000, 1)()
    started = time.perf_counter()
    for _ in range(_TRIED):
        for _ in range(3):  # of three runs each
            work()
    return (time.perf_counter() - started) / _TRIED * TRADES


def report() -> Iterator[str]:
    """One run of each, on the same cores, after one trade that is not counted."""
    requests = [build_request({"strike": 80 + 40 * i / TRADES}, {"vol": 0.2}, {}) for i in range(TRADES)]
    run(requests[0])
    started = time.perf_counter()
    alone = [run(request) for request in requests]
    between = time.perf_counter()
    together = run_together(requests)
    ended = time.perf_counter()
    same = all(a.estimates == b.estimates for a, b in zip(alone, together, strict=True))
    ratio = (between - started) / (ended - between)
    yield f"one by one {between - started:.1f} s, together {ended - between:.1f} s ({ratio:.2f} times as fast; goal 10)"
    yield f"QuantLib: analytic engine {analytic_seconds():.2f} s, Monte Carlo, bumped, {monte_carlo_seconds():.0f} s"
    yield f"the numbers are {'the same' if same else 'different'}"
