"""Each number of workload L, of a phoenix on the worst of ten, against bump and reprice at twenty times the paths.

    python -m tests.phoenix_bumps 1000

Prints the numbers of which the estimate, its error and the bump disagree, and the worst distance in standard errors.
"""

import sys
from math import hypot

from greeks_cli.run.checking import bump
from greeks_cli.run.cores import available_cores
from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request
from tests.benchmarks.workload_l import MARKET, NOTE

GREEKS = "delta,vega,hessian"
_TIMES, _DEVIATIONS = 20, 4


def main(paths: int) -> None:
    """Prints the figures for a number of paths."""
    distances: dict[str, float] = {}
    result = run(build_request(NOTE, MARKET, {"paths": paths}, GREEKS))
    bumped = build_request(NOTE, MARKET, {"paths": _TIMES * paths, "seed": 1}, GREEKS)
    for estimate in result.estimates:
        if not estimate.greek.order:
            continue
        theirs = bump(bumped, estimate.greek, available_cores())
        beyond = max(0.0, abs(estimate.value - theirs.value) - estimate.bias - theirs.bias)
        distances[estimate.greek.name] = beyond / hypot(estimate.stderr, theirs.stderr)
        print(
            f"{estimate.greek.name:20} {estimate.value:10.4g} +- {estimate.stderr:.2g}   bumps {theirs.value:10.4g} "
            f"+- {theirs.stderr:.2g} (bias {theirs.bias:.2g})   {distances[estimate.greek.name]:.2f}",
            flush=True,
        )
    beyond = [name for name, distance in distances.items() if distance > _DEVIATIONS]
    print(f"{len(distances)} numbers, {len(beyond)} beyond {_DEVIATIONS} deviations {beyond}")
    print(f"largest {max(distances.values()):.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]))
