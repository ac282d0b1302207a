"""``python -m tests.exercise_grid [--puts N] [--seed S]``: American puts against QuantLib's finite differences.

Random markets with curves of rates, vols and dividends in cash; a put of up to two years. QuantLib's spot model of
dividends is the jump model. Without dividends, finite differences tell what early exercise adds to the closed form of
the European, which takes their error off. Counts puts whose truth lies between the bounds, within four standard errors,
the gap of the bounds over the price, and Greeks within four standard errors and their bias.
"""

import argparse
import random
from math import exp
from statistics import median
from typing import Any

import QuantLib as ql

from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request

TODAY = ql.Date(1, 1, 2025)
COUNT = ql.Actual365Fixed()
_GRID = (1600, 1600)
_BUMPS = {"spot": 0.5, "vol": 0.002}


def drawn(seed: int) -> dict[str, Any]:
    """A random put and its market: days to expiry, nodes of curves, and at most two dividends."""
    dice = random.Random(seed)
    days = dice.choice((91, 182, 273, 365, 547, 730))
    nodes = (round(days / 3), round(2 * days / 3), days)
    level = dice.uniform(0.0, 0.08)
    vol = dice.uniform(0.1, 0.5)
    dividends = sorted(dice.sample(range(20, days - 10), dice.choice((0, 0, 1, 2))))
    return {
        "strike": dice.uniform(80, 120),
        "days": days,
        "rates": [(node, level + dice.uniform(-0.005, 0.005)) for node in nodes],
        "vols": [(node, vol * dice.uniform(0.95, 1.05)) for node in nodes],
        "dividends": [(day, dice.uniform(0.5, 2.0)) for day in dividends],
    }


def ours(put: dict[str, Any], exercise: str = "american", **simulation: Any) -> Any:
    """The result of a put by simulation, or by closed forms."""

    def curve(nodes: list[tuple[int, float]]) -> str:
        return ",".join(f"{day / 365!r}:{value!r}" for day, value in nodes)

    market = {"spot": 100, "rate": curve(put["rates"]), "vol": curve(put["vols"])}
    if put["dividends"]:
        market["dividends"] = curve(put["dividends"])
    contract = {"type": "put", "strike": put["strike"], "expiry": put["days"] / 365, "exercise": exercise}
    return run(build_request(contract, market, simulation, "price,delta,gamma,vega"))


def by_quantlib(put: dict[str, Any], is_early: bool, spot: float = 100.0, shift: float = 0.0) -> float:
    """The price of an American or a European by finite differences; ``shift`` is added to all vols."""
    ql.Settings.instance().evaluationDate = TODAY
    dates = [TODAY, *(TODAY + day for day, _ in put["rates"])]
    discounts = [1.0, *(exp(-rate * day / 365) for day, rate in put["rates"])]
    vols = [vol + shift for _, vol in put["vols"]]
    rates = ql.DiscountCurve(dates, discounts, COUNT)
    surface = ql.BlackVarianceCurve(TODAY, dates[1:], vols, COUNT, False)
    process = ql.BlackScholesMertonProcess(
        ql.QuoteHandle(ql.SimpleQuote(spot)),
        ql.YieldTermStructureHandle(ql.FlatForward(TODAY, 0.0, COUNT)),
        ql.YieldTermStructureHandle(rates),
        ql.BlackVolTermStructureHandle(surface),
    )
    cash = ql.DividendSchedule([ql.FixedDividend(amount, TODAY + day) for day, amount in put["dividends"]])
    expiry = TODAY + put["days"]
    exercise = ql.AmericanExercise(TODAY, expiry) if is_early else ql.EuropeanExercise(expiry)
    option = ql.VanillaOption(ql.PlainVanillaPayoff(ql.Option.Put, put["strike"]), exercise)
    option.setPricingEngine(ql.FdBlackScholesVanillaEngine(process, cash, *_GRID))
    return float(option.NPV())


def truths(put: dict[str, Any]) -> dict[str, float]:
    """Price, delta, gamma and vega."""
    found = differences(put, is_early=True)
    if put["dividends"]:
        return found
    european, exact = differences(put, is_early=False), ours(put, "european", closed_form=True)
    return {name: value - european[name] + exact[name].value for name, value in found.items()}


def differences(put: dict[str, Any], is_early: bool) -> dict[str, float]:
    """Price, delta, gamma and vega by finite differences; those in the spot are of fourth order."""
    h, w = _BUMPS["spot"], _BUMPS["vol"]
    lowest, low, here, high, highest = (by_quantlib(put, is_early, 100 + k * h) for k in (-2, -1, 0, 1, 2))
    delta = (8 * (high - low) - (highest - lowest)) / (12 * h)
    gamma = (16 * (high + low) - (highest + lowest) - 30 * here) / (12 * h**2)
    vega = (by_quantlib(put, is_early, shift=w) - by_quantlib(put, is_early, shift=-w)) / (2 * w)
    return {"price": here, "delta": delta, "gamma": gamma, "vega": vega}


def judged(seed: int) -> dict[str, Any]:
    """The distance of each estimate from its truth in the errors that it states, and the gap of the bounds."""
    put = drawn(seed)
    result, true = ours(put), truths(put)
    price = result["price"]
    below = max(0.0, price.value - true["price"]) / max(price.stderr, 1e-12)
    above = max(0.0, true["price"] - price.upper) / max(price.upper_stderr, 1e-12)
    found = {"price": max(below, above), "gap": (price.upper - price.value) / price.value}
    for name in ("delta", "gamma", "vega"):
        estimate = result[name]
        noise = max(estimate.stderr, 1e-12)
        found[name] = max(0.0, abs(estimate.value - true[name]) - estimate.bias) / noise
    return {"seed": seed, **found}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--puts", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    rows = []
    for seed in range(asked.seed, asked.seed + asked.puts):
        rows.append(judged(seed))
        print({name: round(value, 5) for name, value in rows[-1].items()}, flush=True)
    for name in ("price", "delta", "gamma", "vega"):
        print(f"{name}: {sum(row[name] <= 4 for row in rows)} of {len(rows)} within 4 standard errors")
    print(f"gap of the bounds over the price: median {median(row['gap'] for row in rows):.2%}")


if __name__ == "__main__":
    main()
