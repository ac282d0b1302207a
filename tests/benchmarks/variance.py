"""How much each sampler reduces the variance of each Greek, as the table in README.

``python -m tests.benchmarks.variance`` prints it: the variance of plain sampling over that of
the other, at equal numbers of paths, each estimator held the same.
"""

from greeks_cli.run.price import run
from greeks_cli.terms.request import build_request

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


def main() -> None:
    """Print the table in Markdown."""
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


if __name__ == "__main__":
    main()
