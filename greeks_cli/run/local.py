"""Run a request on threads of this process."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import reduce
from itertools import islice
from operator import add

from greeks_cli.analytic.closed_forms import exact_derivatives, exact_greeks
from greeks_cli.engine.block import Tally, price_block
from greeks_cli.engine.controls import control_of
from greeks_cli.engine.estimates import Truth, estimates
from greeks_cli.engine.plan import Plan
from greeks_cli.run.allocator import keep_freed_memory
from greeks_cli.run.cores import available_cores
from greeks_cli.terms.request import Request
from greeks_cli.terms.result import Result

Progress = Callable[[int, int], None]
"""Called with (blocks done, blocks in all) after every block."""


def run(request: Request, threads: int | None = None, progress: Progress | None = None) -> Result:
    """Price a request. Its numbers do not depend on ``threads``.

    Raises NonFiniteEstimate when an estimate is not a finite number.
    """
    started = time.perf_counter()
    keep_freed_memory()
    plan = Plan.of(request)
    tallies = _in_order(plan, min(threads or available_cores(), plan.n_blocks), progress)
    total = reduce(add, tallies)
    answers = estimates(plan, total, known(plan))
    return Result(request, answers, total.values.count, time.perf_counter() - started)


def known(plan: Plan) -> Truth:
    """The closed forms of the request's contract and, where one is used, of its control."""
    request = plan.request
    wanted = [plan.controls[greek.parameters] for greek in request.greeks if plan.controls]
    control = exact_derivatives(request, control_of(request.contract), wanted)
    return Truth(exact_greeks(request), [value or 0.0 for value in control])


def _in_order(plan: Plan, threads: int, progress: Progress | None) -> Iterator[Tally]:
    """The tallies of all blocks in block order, with a few blocks in flight per thread."""
    blocks = iter(range(plan.n_blocks))
    with ThreadPoolExecutor(threads) as pool:
        flying: list[Future[Tally]] = [pool.submit(price_block, plan, b) for b in islice(blocks, 4 * threads)]
        done = 0
        try:
            while flying:
                tally = flying.pop(0).result()
                flying += [pool.submit(price_block, plan, b) for b in islice(blocks, 1)]
                done += 1
                if progress:
                    progress(done, plan.n_blocks)
                yield tally
        finally:
            pool.shutdown(cancel_futures=True)
