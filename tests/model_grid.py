"""Random markets of a model: simulated Greeks of calls and puts against their closed forms.

    python -m tests.model_grid heston 200

Of local-vol, the quotes of one surface, 12 strikes at each expiry: their prices and vegas.

Prints the worst distances in standard errors, and how often the bias exceeds two standard errors.
"""

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request
from greeks_cli.terms.errors import GreeksError
from greeks_cli.terms.markets.models import Model

GREEKS = {
    "heston": "delta,gamma,d(initial_variance),d(vol_of_vol)",
    "bates": "delta,gamma,d(initial_variance),d(jump_intensity)",
    "merton": "delta,gamma,vega,d(jump_intensity)",
    "local-vol": "vega",
}
_DEVIATIONS = 4


def markets(model: str, count: int) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Contracts and markets."""
    if model == "local-vol":
        yield from quotes(count)
        return
    random = np.random.default_rng(21)
    for _ in range(count):
        market: dict[str, Any] = {"model": model, "rate": random.uniform(-0.01, 0.06), "dividend_yield": 0.01}
        ranges = {
            "vol": (0.1, 0.5),
            "initial_variance": (0.01, 0.25),
            "mean_reversion": (0.3, 6.0),
            "long_run_variance": (0.01, 0.25),
            "vol_of_vol": (0.1, 1.2),
            "spot_vol_correlation": (-0.95, 0.3),
            "jump_intensity": (0.1, 3.0),
            "jump_mean": (-0.2, 0.1),
            "jump_vol": (0.02, 0.3),
        }
        market |= {name: float(random.uniform(*ranges[name])) for name in Model(model).parameters}
        expiry = float(np.exp(random.uniform(np.log(0.05), np.log(5.0))))
        level = np.sqrt(market.get("initial_variance", market.get("vol", 0.2) ** 2) * expiry)
        strike = float(100 * np.exp(random.uniform(-1.2, 1.2) * level))
        yield {"strike": strike, "expiry": expiry, "type": str(random.choice(["call", "put"]))}, market


def quotes(count: int) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """The first quotes of a surface of five expiries, with a skew and a smile that fall with the expiry."""
    places = [(t, z) for t in (0.1, 0.25, 0.5, 1.0, 2.0) for z in np.linspace(-2.5, 2.2, 12).tolist()]
    surface = []
    for t, z in places:
        k = 0.2 * float(np.sqrt(t)) * z
        surface.append([t, 100 * float(np.exp(0.01 * t + k)), 0.2 + 0.01 * t - 0.12 * k / (1 + t) + 0.15 * k * k])
    market = {"model": "local-vol", "vol_surface": surface, "rate": 0.02, "dividend_yield": 0.01}
    for expiry, strike, _ in surface[:count]:
        yield {"strike": strike, "expiry": expiry, "type": "call" if strike > 100 else "put"}, market


def main(model: str, count: int, paths: int = 100_000) -> None:
    """Prints the figures of some random markets."""
    total = beyond = biased = warned = 0
    for number, (contract, market) in enumerate(markets(model, count)):
        try:
            result = run(build_request(contract, market, {"paths": paths, "seed": number}, GREEKS[model]))
        except GreeksError as error:
            print(number, contract, market, error)
            continue
        for one in result.estimates:
            if one.exact is None:
                print(number, one.greek.name, "has no closed form", contract, market)
                continue
            if one.warning:
                warned += 1
                continue
            total += 1
            distance = (abs(one.value - one.exact) - one.bias) / one.stderr
            biased += one.bias > 2 * one.stderr
            if distance > _DEVIATIONS:
                beyond += 1
                print(number, one.greek.name, one.value, one.stderr, one.bias, one.exact, contract, market)
    print(
        f"{model}: {total} estimates unwarned ({warned} warned), {beyond} beyond {_DEVIATIONS} standard errors and bias"
    )
    print(f"bias beyond two standard errors: {biased}")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), *map(int, sys.argv[3:]))
