"""M: an American best-of call on five under heston, 252 steps: price and 37 Greeks, beside bump and reprice.

The contract and the market are those of configs/best_of_heston.toml. A bump is a central difference of prices by the
same policy on the same paths. Of each kind of Greek one is bumped.
"""

import resource
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

from greeks_cli.engine.estimators.finite_differences import bumped
from greeks_cli.engine.execution.blocks import Blocks
from greeks_cli.engine.simulation.path_data import Motion
from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request
from greeks_cli.terms.request import Request

CONFIG = Path(__file__).parents[2] / "configs" / "best_of_heston.toml"
PATHS, BUMPED_PATHS, TIMED_PATHS, GOAL = 25_000, 500, 4_500, 10.0
KINDS = {
    "delta[A]": (5, 2),
    "d(initial_variance[A])": (5, 2),
    "rho": (1, 2),
    "theta": (1, 2),
    "gamma[A]": (5, 3),
    "d(spot[A],spot[B])": (10, 4),
    "d(correlation[A,B])": (10, 2),
}
"""One Greek of each kind, the number of its kind, and the prices of a difference."""


def request_of(paths: int = PATHS, greeks: str | None = None, **contract: int) -> Request:
    """The request of the configuration, with other paths, Greeks or terms."""
    own = tomllib.loads(CONFIG.read_text())
    simulation = {**own["simulation"], "paths": paths}
    market = {**own["market"], "underlying": own["underlying"], "correlation": own["correlation"]}
    return build_request({**own["contract"], **contract}, market, simulation, greeks or own["greeks"])


def report() -> Iterator[str]:
    """Processor time of one run of all Greeks, and of bumps until their errors are as small."""
    started = time.process_time()
    found = run(request_of())
    ours = time.process_time() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    price = found["price"]
    yield f"price and 37 Greeks {ours:.0f} s of processor time, peak memory {peak:.0f} MB"
    yield f"price {price.value:.4f} +- {price.stderr:.4f}, at most {price.upper:.4f}"
    theirs, price_alone = 0.0, _seconds_of_a_price()
    for name, (count, prices) in KINDS.items():
        equal = prices * price_alone * (_bumped_stderr(name) / found[name].stderr) ** 2
        theirs += count * equal
        yield f"{name:24} +- {found[name].stderr:.2g}; bumped {equal:.0f} s for the same error"
    yield f"bumps take {theirs:.0f} s, {theirs / ours:.1f} times as long (goal {GOAL:g})"


def _seconds_of_a_price() -> float:
    """Processor time that a price on all paths adds to its fixed costs, from two numbers of paths."""
    few, more = (_seconds_of(request_of(paths, "price")) for paths in (BUMPED_PATHS, TIMED_PATHS))
    return (more - few) * PATHS / (TIMED_PATHS - BUMPED_PATHS)


def _seconds_of(request: Request) -> float:
    """Processor time of a request whose policy and programs are kept from an earlier run."""
    run(request)
    started = time.process_time()
    run(request)
    return time.process_time() - started


def _bumped_stderr(name: str) -> float:
    """The standard error on all paths of a central difference at the wider of two steps, which has less noise."""
    request = request_of(BUMPED_PATHS, name)
    (greek,) = (one for one in request.greeks if one.name == name)
    blocks = Blocks(request, BUMPED_PATHS)
    motion = Motion(request.path_dates, blocks.normals(0), blocks.grid)
    extrapolated, change = bumped(request, motion, greek.parameters, 0)
    wide = extrapolated - 4 * change  # of D(h) and D(2h) there are (4 D(h) - D(2h)) / 3 and that less D(h)
    return float(wide.std() / PATHS**0.5)
