"""E: how many paths take gamma of the 10%-vol call to 0.1% RMSE: automatic width, beta 10, Sobol points."""

from collections.abc import Iterator

import numpy as np

from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request

TARGET, SEEDS = 0.001, 200


def relative_rmse(**simulation: object) -> float:
    """Over the seeds."""
    errors = []
    for seed in range(SEEDS):
        gamma = run(build_request({"strike": 100}, {"vol": 0.1}, {"seed": seed, **simulation}, "gamma"))["gamma"]
        errors.append(gamma.value / gamma.exact - 1)
    return float(np.sqrt(np.mean(np.square(errors))))


def report() -> Iterator[str]:
    """Noise falls as 1/sqrt(paths), so paths to the target follow from the error at 100,000."""
    plain, auto = (100_000 * (relative_rmse(**width) / TARGET) ** 2 for width in ({"beta": 10}, {}))
    yield f"beta 10: {plain:,.0f} paths; auto: {auto:,.0f} ({plain / auto:.0f} times fewer; goal 10)"
    paths = 1 << 12
    while (error := relative_rmse(sampler="sobol", paths=paths)) > TARGET:
        paths *= 2
    yield f"sobol: {paths:,} paths have {error:.2%} ({plain / paths:,.0f} times fewer; goal 100)"
