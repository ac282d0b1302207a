"""How much each sampler, and each request's own estimators, reduce the variance of each Greek: README's tables.

``python -m tests.benchmarks.variance`` prints the variance of plain sampling over that of another sampler, at equal
numbers of paths, each estimator held the same. Then, for contracts that are hard, the least squared error (variance and
squared bias) of pathwise, likelihood ratio and mixed estimates by the paths' own law, over that of a request as it is.
"""

from typing import Any

from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request
from greeks_cli.terms.results.result import Estimate

GREEKS = "delta,gamma,vega,theta,rho,vanna,volga"
PATHS = 1 << 17
SAMPLERS = {
    "`--antithetic`": {"antithetic": True},
    "`--control`": {"control": True},
    "both": {"antithetic": True, "control": True},
    "`--sampler sobol`": {"sampler": "sobol"},
}


def factors(settings: dict[str, object]) -> dict[str, float]:
    """Variance of plain sampling over the variance with these settings, per Greek."""
    market, common = {"vol": 0.2}, {"paths": PATHS, "seed": 1}
    found = {}
    for greek in ["price", *GREEKS.split(",")]:
        estimator = {"estimator": run(build_request({"strike": 100}, market, common, greek))[greek].estimator}
        plain = run(build_request({"strike": 100}, market, common | estimator, greek))[greek]
        better = run(build_request({"strike": 100}, market, common | estimator | settings, greek))[greek]
        found[greek] = (plain.stderr / better.stderr) ** 2
    return found


HARD: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "European at the money": ({"strike": 100}, {}, "delta,gamma,vega"),
    "European, strike 160": ({"strike": 160}, {}, "delta,gamma,vega,theta,rho"),
    "digital at the money": ({"kind": "digital", "strike": 100}, {}, "delta,gamma,vega,theta"),
    "call spread 95/105": ({"kind": "call-spread", "low_strike": 95, "high_strike": 105}, {}, "delta,gamma,vega"),
    "down-and-out 90, 12 dates": (
        {"kind": "barrier", "barrier_type": "down-out", "strike": 100, "barrier": 90, "monitoring": 12},
        {},
        "delta,gamma,vega,volga",
    ),
    "Asian, 12 fixings": ({"kind": "asian", "strike": 100, "fixings": 12}, {}, "delta,gamma,vega"),
    "the same, `--control`": ({"kind": "asian", "strike": 100, "fixings": 12}, {"control": True}, "delta,gamma,vega"),
}


def gains(contract: dict[str, Any], settings: dict[str, Any], greeks: str) -> dict[str, float]:
    """The least squared error of the three estimators by the paths' own law, over the request's own, per Greek."""
    market, common = {"vol": 0.2}, {"paths": PATHS, "seed": 1, "importance": False}
    others = [
        run(build_request(contract, market, common | {"estimator": estimator}, greeks))
        for estimator in ("pathwise", "likelihood", "mixed")
    ]
    own = run(build_request(contract, market, {"paths": PATHS, "seed": 1, **settings}, greeks))
    return {
        one.greek.name: min(_squared_error(other[one.greek.name]) for other in others) / _squared_error(one)
        for one in own.estimates
    }


def _squared_error(estimate: Estimate) -> float:
    return estimate.stderr**2 + estimate.bias**2


def main() -> None:
    """Print both tables in Markdown."""
    columns = {name: factors(settings) for name, settings in SAMPLERS.items()}
    print("| Greek |", " | ".join(columns), "|")
    print("|---|" + "---|" * len(columns))
    for greek in next(iter(columns.values())):
        print(
            f"| {greek} |",
            " | ".join(
                f"{column[greek]:.2g}" if column[greek] < 99 else f"{column[greek]:.0f}" for column in columns.values()
            ),
            "|",
        )
    print("\n| contract | gain per Greek |\n|---|---|")
    for name, (contract, settings, greeks) in HARD.items():
        found = ", ".join(f"{greek} {gain:.2g}" for greek, gain in gains(contract, settings, greeks).items())
        print(f"| {name} | {found} |")


if __name__ == "__main__":
    main()
