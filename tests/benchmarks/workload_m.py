"""M: an American best-of call on five under heston, 252 steps: price and 37 Greeks, beside bump and reprice.

The contract and the market are those of configs/best_of_heston.toml. A bump is a central difference of four prices by
the same policy on the same paths, at two widths. Of each kind of Greek one is bumped.
"""

import resource
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

from greeks_cli.run.checking import bump
from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request
from greeks_cli.terms.request import Request

CONFIG = Path(__file__).parents[2] / "configs" / "best_of_heston.toml"
PATHS, BUMPED_PATHS, GOAL = 25_000, 1_000, 10.0
KINDS = {
    "delta[A]": 5,
    "d(initial_variance[A])": 5,
    "rho": 1,
    "theta": 1,
    "gamma[A]": 5,
    "d(spot[A],spot[B])": 10,
    "d(correlation[A,B])": 10,
}
"""One Greek of each kind, and the number of its kind."""


def request_of(paths: int = PATHS, greeks: str | None = None, **contract: int) -> Request:
    """The request of the configuration, with other paths, Greeks or terms."""
    own = tomllib.loads(CONFIG.read_text())
    simulation = {**own["simulation"], "paths": paths}
    return build_request({**own["contract"], **contract}, own["market"], simulation, greeks or own["greeks"])


def report() -> Iterator[str]:
    """Processor time of one run of all Greeks, and of bumps until their errors are as small."""
    started = time.process_time()
    found = run(request_of())
    ours = time.process_time() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    price = found["price"]
    yield f"price and 37 Greeks {ours:.0f} s of processor time, peak memory {peak:.0f} MB"
    yield f"price {price.value:.4f} +- {price.stderr:.4f}, at most {price.upper:.4f}"
    theirs = 0.0
    for name, count in KINDS.items():
        seconds, stderr = _bumped(name)
        equal = seconds * (stderr / found[name].stderr) ** 2
        theirs += count * equal
        yield f"{name:24} +- {found[name].stderr:.2g}; bumped {equal:.0f} s for the same error"
    yield f"bumps take {theirs:.0f} s, {theirs / ours:.1f} times as long (goal {GOAL:g})"


def _bumped(name: str) -> tuple[float, float]:
    """Seconds of a bump on few paths, but for the fit of the policy, and its standard error."""
    request = request_of(BUMPED_PATHS, name)
    (greek,) = (one for one in request.greeks if one.name == name)
    bump(request, greek, 1)
    started = time.process_time()
    theirs = bump(request, greek, 1)
    return time.process_time() - started, theirs.stderr
