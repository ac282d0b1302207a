"""Error of gamma for every contract: ours beside bump and reprice at equal cost.

``python -m tests.benchmarks.gammas`` prints README's table. Bumping is what one does without
derivatives: the sharp payoff at spot - h, spot, spot + h on common random numbers, h = 1% of
the spot. Its number of paths is such that it takes as long as ours with 100,000.
"""

import time

import numpy as np

from greeks_cli.engine.autodiff.kinks import Smoother
from greeks_cli.engine.autodiff.softplus import Kernel
from greeks_cli.engine.estimators.bandwidth import pilot_kinks
from greeks_cli.engine.execution.choice.selection import pilot_motion
from greeks_cli.engine.payoffs import discounted_payoff
from greeks_cli.engine.simulation.markets import Markets
from greeks_cli.engine.simulation.normals import standard_normals
from greeks_cli.engine.simulation.path_data import Motion, PathData
from greeks_cli.engine.simulation.paths import PlainPath
from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request
from greeks_cli.terms.contracts.catalogue import ON_ONE
from greeks_cli.terms.request import Request

SEEDS = 8
SHARE = 0.01
MORE = {
    "barrier, 12 dates": {"kind": "barrier", **ON_ONE["barrier"].example, "barrier": 90, "monitoring": 12},
    "asian, 12 fixings": {"kind": "asian", "strike": 100, "fixings": 12},
}


def bumped_gamma(request: Request, seed: int, n_paths: int) -> np.ndarray:
    """Second differences of the discounted payoff, one per path."""
    dates, values = request.contract.dates, request.values
    steps = (1,) * len(dates)
    normals = standard_normals(seed, 0, 0, steps, n_paths, np.float64)
    pilot = PathData(pilot_motion(request), Markets.of([request]))
    sharp = tuple(Kernel.plain(0, kink.base) for kink in pilot_kinks(request, pilot))
    step = SHARE * values["spot"]

    def price(spot: float) -> np.ndarray:
        bumped = {**values, "spot": spot}
        path = PlainPath(PathData(Motion(dates, normals), Markets.moved([(bumped, request)])), request, bumped)
        value = discounted_payoff(request.contract, bumped, path, Smoother(sharp))
        return np.asarray(getattr(value, "array", value))

    here = values["spot"]
    return (price(here + step) - 2 * price(here) + price(here - step)) / step**2


def row(contract: dict[str, object]) -> tuple[float, float, float, str]:
    """Gamma, our standard error with bias, that of bumping in the same time, and our estimator."""
    asked = [build_request(contract, {"vol": 0.2}, {"seed": seed}, "gamma") for seed in range(SEEDS)]
    run(asked[0], threads=1)
    started = time.perf_counter()
    ours = [run(request, threads=1)["gamma"] for request in asked]
    ours_seconds = (time.perf_counter() - started) / SEEDS
    started = time.perf_counter()
    bumps = bumped_gamma(asked[0], 0, 100_000)
    paths_in_time = 100_000 * ours_seconds / (time.perf_counter() - started)
    error = float(np.median([estimate.stderr + estimate.bias for estimate in ours]))
    return (
        float(np.mean([e.value for e in ours])),
        error,
        float(bumps.std() / np.sqrt(paths_in_time)),
        ours[0].estimator,
    )


def main() -> None:
    """Print the table in Markdown."""
    contracts = {kind: {"kind": kind, **model.example} for kind, model in ON_ONE.items()} | MORE
    print("| contract | gamma | stderr + bias | bumps in the same time (stderr alone) | estimator |")
    print("|---|---|---|---|---|")
    for name, contract in contracts.items():
        gamma, ours, bumps, estimator = row(contract)
        print(f"| {name} | {gamma:.3g} | {ours:.2g} | {bumps:.2g} | {estimator} |")


if __name__ == "__main__":
    main()
