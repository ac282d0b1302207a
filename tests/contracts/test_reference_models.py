"""Published values and values by quadrature of ``tests/reference/models.csv``: by the exact column, else by paths."""

import csv
import json
from itertools import accumulate
from math import sqrt
from pathlib import Path

import pytest

from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request

with (Path(__file__).parents[1] / "reference" / "models.csv").open() as file:
    ROWS = {row["id"]: row for row in csv.DictReader(file)}
_GREEKS = {
    "delta1": "delta[A]",
    "delta2": "delta[B]",
    "gamma11": "gamma[A]",
    "gamma22": "gamma[B]",
    "cross_gamma12": "d(spot[A],spot[B])",
    "drho_correlation": "d(correlation[A,B])",
    "vega1": "vega[A]",
    "vega2": "vega[B]",
}
_PRINTED = 4e-3
"""The error of the values that E. Haug (1998) prints for barriers on a second underlying.

That of a correlation of 0 is a put times a probability, 0.827562, where 0.8246 is printed.
"""


def one(p):
    """The market of one underlying."""
    return {"spot": p["S"], "vol": p["vol"], "rate": p["r"], "dividend_yield": p.get("q", 0)}


def two(p):
    """The market of two underlyings; futures grow at no rate."""
    spots, yields = (p["F"], [p["r"]] * 2) if "F" in p else (p["S"], p["q"])
    each = zip("AB", spots, p["vol"], yields, strict=True)
    tables = {name: {"spot": spot, "vol": vol, "dividend_yield": q} for name, spot, vol, q in each}
    return {"underlying": tables, "correlation": p["rho"], "rate": p["r"]}


def heston(p):
    names = ("initial_variance", "mean_reversion", "long_run_variance", "vol_of_vol", "spot_vol_correlation")
    numbers = zip(names, (p["v0"], p["kappa"], p["theta"], p["xi"], p["rho"]), strict=True)
    market = {"spot": p["S"], "rate": p["r"], "dividend_yield": p["q"]}
    return {"strike": p["K"]}, {**market, "model": "heston", **dict(numbers)}


def merton(p):
    """E. Haug's parameters: the share of the variance that jumps of mean 0 have; the log-jump has half of that less."""
    variance, share, count = p["total_vol"] ** 2, p["jump_share_of_variance"], p["jumps_per_year"]
    of_jump = share * variance / count
    market = {"spot": p["S"], "vol": sqrt((1 - share) * variance), "rate": p["r"], "model": "merton"}
    jumps = {"jump_intensity": count, "jump_mean": -0.5 * of_jump, "jump_vol": sqrt(of_jump)}
    return {"strike": p["K"]}, {**market, **jumps}


def of_two(kind):
    return lambda p: ({"kind": kind, "strike": p["K"]}, two(p))


def two_asset_correlation(p):
    """The second price is paid where the first ends above the first strike: B comes first here."""
    market = two(p)
    tables = {"B": market["underlying"]["B"], "A": market["underlying"]["A"]}
    trigger, strike = p["K"]
    return {"kind": "two-asset-correlation", "strike": strike, "trigger": trigger}, {**market, "underlying": tables}


def two_asset_barrier(p):
    contract = {"kind": "two-asset-barrier", "strike": p["K"], "barrier": p["barrier"], "barrier_type": "up-out"}
    return contract, two(p)


def quanto(p):
    market = {**one(p), "foreign_rate": p["r_f"], "fx_vol": p["fx_vol"], "fx_correlation": p["rho"]}
    if "low" not in p:
        return {"strike": p["K"]}, market
    return {"kind": "double-barrier", "strike": p["K"], "low_barrier": p["low"], "high_barrier": p["high"]}, market


def autocallable(p):
    terms = {"fixing_times": p["observations"], "coupon": p["coupon_per_year"], "notional": p["notional"]}
    levels = {"autocall_level": p["autocall_barrier"], "knock_in": p["ki_at_maturity"]}
    return {"kind": "autocallable", **terms, **levels, "initial_levels": p["S_initial"]}, one(p)


def dividends(p):
    model = "escrowed" if "escrowed" in p["model"] else "jump"
    return {"strike": p["K"]}, {**one(p), "dividends": p["dividends"], "dividend_model": model}


def term(p):
    """Constants on two halves of a year as curves: zero rates, and vols of total variance, at 0.5 and 1."""

    def curve(numbers):
        sums = accumulate(0.5 * number for number in numbers)
        return [[time, total / time] for time, total in zip((0.5, 1.0), sums, strict=True)]

    vols = [[time, sqrt(variance)] for time, variance in curve([vol * vol for vol in p["vol"]])]
    return {"strike": p["K"]}, {"spot": p["S"], "vol": vols, "rate": curve(p["r"]), "dividend_yield": curve(p["q"])}


FAMILIES = {
    "heston-": heston,
    "merton-": merton,
    "spread-": of_two("spread"),
    "two-asset-correlation": two_asset_correlation,
    "two-asset-barrier": two_asset_barrier,
    "quanto-": quanto,
    "autocall-": autocallable,
    "div-hull": dividends,
    "div-spot-call": dividends,
    "div-spot-put": dividends,
    "term-call-price": term,
    "term-call-delta": term,
}


def asked(row, **simulation):
    """The request of a row."""
    p, kind = json.loads(row["params"]), row["contract"]
    make = next((make for prefix, make in FAMILIES.items() if row["id"].startswith(prefix)), None)
    if row["id"].startswith("stulz-"):
        make = of_two("best-of" if "max" in kind else "worst-of")
    contract, market = make(p)
    contract |= {"type": "put"} if " put" in kind else {}
    contract |= {"knock": "in"} if "knock-in" in kind else {}
    greek = _GREEKS.get(row["quantity"], row["quantity"])
    return build_request({**contract, "expiry": p["T"]}, market, simulation, greek)


PRICED = [id for id in ROWS if id.startswith(("stulz-", *FAMILIES))]


@pytest.mark.parametrize("id", PRICED)
def test_row_is_found(id):
    row = ROWS[id]
    value, tolerance = float(row["value"]), float(row["abs_tol"])
    estimate = run(asked(row, paths=40_000)).estimates[-1]
    if id.startswith("two-asset-barrier"):
        tolerance = _PRINTED
    if estimate.exact is not None:
        assert estimate.exact == pytest.approx(value, abs=tolerance)
    assert abs(estimate.value - value) <= 4 * estimate.stderr + estimate.bias + tolerance, estimate


def test_which_rows_have_an_exact_value():
    """Notes, and dividends that the price falls by, are simulated alone."""
    simulated = [id for id in PRICED if run(asked(ROWS[id], paths=100)).estimates[-1].exact is None]
    assert all(id.startswith(("autocall-", "div-spot-")) for id in simulated)


def test_rows_that_are_not_priced():
    """Rough volatility, early exercise, volatility as a power of the price, and buckets of forward rates and vols."""
    others = ("roughheston-", "bermudan-", "amer-", "max-call-", "div-spot-amer-", "cev-", "term-call-")
    assert all(id.startswith(others) for id in ROWS if id not in PRICED)
