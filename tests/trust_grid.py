"""``python -m tests.trust_grid [--trades N] [--seed S] [--out FILE] [--against FILE]``: error bars on random trades.

Every contract with a closed form, and formulas that equal one, in random markets: vol 2% to 200%, a day to ten years,
moneyness 60% to 160%, barriers near and far, all samplers, 20,000 to 200,000 paths. An estimate breaks its promise
where it is unwarned and further from the closed form than four standard errors and its bias.
"""

import argparse
import json
import random
from concurrent.futures import ProcessPoolExecutor
from math import exp, sqrt
from pathlib import Path
from statistics import median
from typing import Any

from greeks_cli.analytic.closed_forms import exact_greeks
from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request
from greeks_cli.terms.errors import GreeksError
from tests.agreement import natural_unit

GREEKS = "delta,gamma,vega,theta,rho,vanna,volga"
DEVIATIONS = 4
KINDS = (
    *("european", "european", "digital", "straddle", "strangle", "call-spread", "butterfly", "forward-start"),
    *("barrier", "barrier", "barrier", "lookback", "lookback", "asian", "cliquet", "variance-swap", "formula"),
)
FORMULAS = {
    "max(S[-1] - K, 0)": {"kind": "european"},
    "where(S[-1] > K, 1, 0)": {"kind": "digital", "cash": 1.0},
    "abs(S[-1] - K)": {"kind": "straddle"},
}
"""Formulas, and the contracts that they equal."""


def drawn(seed: int) -> dict[str, Any]:
    """A random trade: contract, market, settings, and the contract whose closed form it has."""
    dice = random.Random(seed)

    def between(low: float, high: float) -> float:
        return low * (high / low) ** dice.random()

    spot = dice.choice([100.0, 100.0, 1.0, 5000.0])
    vol, expiry = between(0.02, 2.0), between(1 / 365, 10.0)
    market = {"spot": spot, "vol": vol, "rate": dice.uniform(-0.01, 0.1), "dividend_yield": dice.uniform(0, 0.06)}
    # Half of the strikes lie within three standard deviations, where there is something to estimate.
    reach = exp(vol * sqrt(expiry) * dice.uniform(-3, 3))
    moneyness = dice.uniform(0.6, 1.6) if dice.random() < 0.5 else min(1.6, max(0.6, reach))
    strike = spot * moneyness
    kind = dice.choice(KINDS)
    contract: dict[str, Any] = {"kind": kind, "expiry": expiry}
    option = {"type": dice.choice(["call", "put"])}
    truth = None
    match kind:
        case "european" | "digital":
            contract |= {"strike": strike, **option}
        case "straddle":
            contract |= {"strike": strike}
        case "strangle" | "call-spread":
            contract |= {"low_strike": strike * 0.97, "high_strike": strike * dice.uniform(1.01, 1.3)}
        case "butterfly":
            contract |= {"low_strike": strike * 0.9, "strike": strike, "high_strike": strike * 1.1}
        case "forward-start":
            contract |= {"start": expiry * dice.uniform(0.1, 0.9), "moneyness": dice.uniform(0.8, 1.2), **option}
        case "barrier":
            side = dice.choice(["up", "down"])
            far = min(1.5, between(0.2, 3.0) * vol * sqrt(expiry))
            contract |= {"strike": strike, "barrier": spot * exp(far if side == "up" else -far), **option}
            contract |= {"barrier_type": f"{side}-{dice.choice(['in', 'out'])}"}
            contract |= {"rebate": dice.choice([0.0, 0.02 * spot])}
        case "lookback":
            contract |= option
            contract |= {"strike": strike} if dice.random() < 0.5 else {"strike_kind": "floating"}
        case "asian":
            contract |= {"strike": strike, "average": "geometric", "fixings": dice.choice([1, 4, 12, 52]), **option}
        case "cliquet":
            contract |= {"periods": dice.choice([1, 4, 12])}
        case "variance-swap":
            contract |= {"strike_vol": vol, "fixings": dice.choice([4, 12])}
        case "formula":
            text = dice.choice(list(FORMULAS))
            truth = {**FORMULAS[text], "expiry": expiry, "strike": strike}
            contract |= {"payoff": text, "param": {"K": strike}, "fixings": 1}
    settings: dict[str, Any] = {"paths": 2 * round(between(20_000, 200_000) / 2), "seed": seed}
    sampling = dice.choice(["random", "random", "antithetic", "control", "sobol", "float32"])
    settings |= {
        "antithetic": {"antithetic": True},
        "control": {"control": True},
        "sobol": {"sampler": "sobol", "paths": dice.choice([32768, 65536, 131072])},
        "float32": {"dtype": "float32"},
    }.get(sampling, {})
    return {"contract": contract, "market": market, "settings": settings, "truth": truth or contract}


def judged(seed: int) -> list[dict[str, Any]]:
    """The estimates of a random trade, each with its distance from the closed form; none where it is refused."""
    trade = drawn(seed)
    try:
        request = build_request(trade["contract"], trade["market"], trade["settings"], GREEKS)
        exact = exact_greeks(build_request(trade["truth"], trade["market"], {}, GREEKS))
        found = run(request, 1).estimates
    except GreeksError as error:
        return [{"seed": seed, "kind": trade["contract"]["kind"], "refused": str(error)}]
    rounding = 1e-4 if request.simulation.dtype == "float32" else 1e-9
    rows = []
    for estimate, truth in zip(found, exact, strict=True):
        if truth is None:
            continue
        size = natural_unit(request, estimate.greek)
        distance = abs(estimate.value - truth) - estimate.bias - rounding * max(abs(truth), 1e-3 * size)
        beyond = 0.0 if distance <= 0 else distance / max(estimate.stderr, 1e-300)
        rows.append(
            {
                "seed": seed,
                "kind": trade["contract"]["kind"],
                "greek": estimate.greek.name,
                "estimator": str(estimate.estimator),
                "value": estimate.value,
                "stderr": estimate.stderr,
                "bias": estimate.bias,
                "truth": truth,
                "beyond": beyond,
                "bar": (estimate.stderr + estimate.bias) / size,
                "warning": estimate.warning,
            }
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trades", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--against", type=Path)
    asked = parser.parse_args()
    with ProcessPoolExecutor(asked.processes) as pool:
        seeds = range(asked.seed, asked.seed + asked.trades)
        rows = [row for found in pool.map(judged, seeds, chunksize=10) for row in found]
    if asked.out:
        asked.out.write_text("".join(json.dumps(row) + "\n" for row in rows))
    refused = [row for row in rows if "refused" in row]
    rows = [row for row in rows if "refused" not in row]
    warned = [row for row in rows if row["warning"]]
    broken = [row for row in rows if not row["warning"] and row["beyond"] > DEVIATIONS]
    for row in broken:
        print(json.dumps(row))
    print(f"{asked.trades:,} trades, {len(rows):,} estimates with a closed form, {len(refused)} trades refused")
    print(f"unwarned and beyond {DEVIATIONS} standard errors plus bias: {len(broken)} ({len(broken) / len(rows):.3%})")
    bar = median(row["bar"] for row in rows)
    print(f"warned: {len(warned) / len(rows):.1%}; median error bar, in natural sizes: {bar:.3g}")
    if asked.against:
        before = {(r["seed"], r["greek"]): r["bar"] for r in map(json.loads, asked.against.open()) if "bar" in r}
        then = [before.get((row["seed"], row["greek"]), 0.0) for row in rows]
        ratios = [row["bar"] / bar for row, bar in zip(rows, then, strict=True) if bar > 0]
        print(f"median error bar over that of {asked.against}: {median(ratios):.3f}")


if __name__ == "__main__":
    main()
