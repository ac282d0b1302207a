"""Barriers that are watched between two times, beside QuantLib, quadrature and a simulation in plain NumPy."""

from itertools import pairwise
from math import exp, log, sqrt

import numpy as np
import pytest
import QuantLib as ql

from greeks_cli.analytic.closed_forms import exact_greeks
from greeks_cli.run.books.paths import run_together
from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request
from greeks_cli.terms.errors import InvalidInput
from tests.conftest import assert_agrees
from tests.contracts.test_past_fixings import MARKET, paths
from tests.contracts.test_quantlib import EXPIRY, TODAY, npv, process  # noqa: F401  # a fixture

WINDOWS = [{"window_end": 0.6}, {"window_start": 0.2}, {"window_start": 0.2, "window_end": 0.8}]
TERMS = [
    {"barrier": 90, "barrier_type": "down-out", "strike": 100},
    {"barrier": 115, "barrier_type": "up-out", "strike": 95, "type": "call"},
    {"barrier": 112, "barrier_type": "up-out", "strike": 118, "type": "put"},
    {"barrier": 104, "barrier_type": "down-in", "strike": 98, "type": "put", "rebate": 3},
    {"barrier": 93, "barrier_type": "up-in", "strike": 100},
]
"""Barriers, two of them beyond the spot, which matters today if the window is open."""
GREEKS = "delta,gamma,vega,theta,rho,vanna,volga,d(barrier),d(strike)"


def asked(contract, greeks=GREEKS, market=MARKET, **settings):
    contract = {"kind": "barrier", **contract}
    return build_request(contract, market, {"paths": 100_000, "seed": 2, **settings}, greeks)


NODES, WEIGHTS = np.polynomial.legendre.leggauss(200)


def rule(*ends):
    """Nodes and weights of an integral over the intervals between increasing ends."""
    spans = [(low, high) for low, high in pairwise(ends) if high > low]
    nodes = [0.5 * (high - low) * (NODES + 1) + low for low, high in spans]
    return np.concatenate(nodes), np.concatenate([0.5 * (high - low) * WEIGHTS for low, high in spans])


def bell(x, mean, variance):
    return np.exp(-0.5 * (x - mean) ** 2 / variance) / np.sqrt(2 * np.pi * variance)


def by_quadrature(contract, market, passed=0.0):
    """The price by the density of paths that stay alive, over the ends of the window and the underlying at expiry."""
    barrier, strike, kind = contract["barrier"], contract["strike"], contract["barrier_type"]
    sign, side = (-1 if contract.get("type") == "put" else 1), (-1 if kind.startswith("up") else 1)
    rate, vol, years = market["rate"], market["vol"], 1.0 - passed
    drift = side * (rate - market["dividend_yield"] - 0.5 * vol**2)
    opens, closes = contract.get("window_start", 0), contract.get("window_end", 1.0) - passed
    opens = opens - passed if opens else 0.0
    far, place = 9 * vol, side * log(market["spot"] / barrier)
    alive, weights = (np.array([place]), np.array([float(place > 0)])) if not opens else rule(0, far)
    if opens:
        weights = weights * bell(alive, place + drift * opens, vol**2 * opens)
    at_strike = min(max(side * log(strike / barrier), 0), far)
    ends, shares = rule(0, at_strike, far)
    variance = vol**2 * (closes - opens)
    kernel = bell(ends, alive[:, None] + drift * (closes - opens), variance)
    kernel = kernel * (1 - np.exp(-2 * alive[:, None] * ends / variance))
    density = shares * (weights @ kernel)
    later = years - closes
    if later > 1e-9:
        finals, parts = rule(-far, min(max(side * log(strike / barrier), -far), far), far)
        density = density @ bell(finals, ends[:, None] + drift * later, vol**2 * later)
        kept = parts * density
    else:
        finals, kept = ends, density

    def paid(logarithms):
        return np.maximum(sign * (barrier * np.exp(side * logarithms) - strike), 0)

    everywhere, parts = rule(-2 * far, min(max(side * log(strike / barrier), -2 * far), 2 * far), 2 * far)
    vanilla = parts @ (paid(everywhere) * bell(everywhere, place + drift * years, vol**2 * years))
    option, survival = kept @ paid(finals), kept.sum()
    rebate = contract.get("rebate", 0)
    expected = option + rebate * (1 - survival) if kind.endswith("out") else vanilla - option + rebate * survival
    return exp(-rate * years) * expected


STEPS = {"spot": 0.05, "vol": 5e-4, "rate": 1e-4, "barrier": 0.05, "strike": 0.05, "time": 1e-4}


def derivative(contract, index, market=MARKET, passed=0.0):
    """Central differences of the quadrature."""
    if not index:
        return by_quadrature(contract, market, passed)
    name, *rest = index
    step, found = STEPS[name], 0.0
    for sign in (1, -1):
        moved = [dict(contract), dict(market), passed]
        if name == "time":
            moved[2] += sign * step
        else:
            moved[name not in contract][name] += sign * step
        found += sign * derivative(moved[0], rest, moved[1], moved[2])
    return found / (2 * step)


@pytest.mark.parametrize("window", WINDOWS, ids=str)
@pytest.mark.parametrize("terms", TERMS, ids=lambda terms: terms["barrier_type"])
def test_every_greek_agrees_with_quadrature(terms, window):
    contract = {**terms, **window}
    for estimate in run(asked(contract)).estimates:
        truth = derivative(contract, estimate.greek.parameters)
        error = 4 * estimate.stderr + estimate.bias + 2e-4 * max(1, abs(truth))
        assert abs(estimate.value - truth) <= error, (estimate, truth)
        assert estimate.warning is None or "heavy tails" in estimate.warning or "already" in estimate.warning


def partial(process, kind, level, strike, when, start):  # noqa: F811
    """QuantLib's price of a call whose window ends (``start`` True) or begins on a day."""
    span = ql.PartialBarrier.Start if start else ql.PartialBarrier.EndB2
    option = ql.PartialTimeBarrierOption(
        kind, span, level, 0.0, TODAY + when, ql.PlainVanillaPayoff(ql.Option.Call, strike), ql.EuropeanExercise(EXPIRY)
    )
    return npv(option, ql.AnalyticPartialTimeBarrierOptionEngine(process))


@pytest.mark.parametrize(
    ("kind", "level", "theirs", "strike", "start"),
    [
        (kind, level, theirs, strike, start)
        for kind, level, theirs in (("down-out", 90, ql.Barrier.DownOut), ("up-out", 120, ql.Barrier.UpOut))
        for strike in (85, 100, 125)
        for start in (True, False)
        if start or strike <= level  # else QuantLib has no price
    ],
)
def test_quadrature_is_the_closed_form_of_heynen_and_kat(process, kind, level, theirs, strike, start):  # noqa: F811
    window = {"window_end" if start else "window_start": 146 / 365}
    contract = {"barrier": level, "barrier_type": kind, "strike": strike, **window}
    truth = by_quadrature(contract, MARKET)
    assert partial(process, theirs, level, strike, 146, start) == pytest.approx(truth, abs=1e-4)


@pytest.mark.parametrize("terms", TERMS[:4], ids=lambda terms: terms["barrier_type"])
def test_window_until_expiry_is_the_whole_life(terms):
    whole = run(asked({**terms, "window_start": 0, "window_end": 1}, "delta,gamma"))
    assert whole.estimates == run(asked(terms, "delta,gamma")).estimates
    assert_agrees(whole)


def test_only_dates_in_the_window_are_watched():
    terms = {**TERMS[0], "rebate": 2, "window_start": 0.25, "window_end": 0.7}
    found = asked({**terms, "monitoring": 12})
    assert found.contract.looks == pytest.approx([3 / 12, 4 / 12, 5 / 12, 6 / 12, 7 / 12, 8 / 12])
    listed = asked({**terms, "monitoring_times": found.contract.looks})
    assert run(found).estimates == run(listed).estimates
    spots = paths((*found.contract.looks, 1.0), 100)
    gain = np.where(spots[:-1].min(axis=0) > 90, np.maximum(spots[-1] - 100, 0), 2)
    samples, price = exp(-MARKET["rate"]) * gain, run(found)["price"]
    assert abs(price.value - samples.mean()) < 4 * np.hypot(price.stderr, samples.std() / sqrt(samples.size))


@pytest.mark.parametrize("estimator", ["pathwise", "mixed", "likelihood", "conditional"])
@pytest.mark.parametrize("window", WINDOWS, ids=str)
def test_every_method_agrees_with_quadrature(window, estimator):
    contract = {**TERMS[0], **window}
    for estimate in run(asked(contract, "delta,gamma,vega,vanna", estimator=estimator)).estimates:
        truth = derivative(contract, estimate.greek.parameters)
        assert abs(estimate.value - truth) <= 4 * estimate.stderr + estimate.bias + 2e-4, (estimate, truth)


@pytest.mark.parametrize(
    "settings",
    [
        {"beta": 5},
        {"antithetic": True},
        {"control": True},
        {"sampler": "sobol", "paths": 1 << 14},
        {"dtype": "float32"},
    ],
    ids=str,
)
def test_settings_agree_with_quadrature(settings):
    contract = {**TERMS[1], **WINDOWS[2]}
    for estimate in run(asked(contract, "delta,vega", **settings)).estimates:
        truth = derivative(contract, estimate.greek.parameters)
        assert abs(estimate.value - truth) <= 4 * estimate.stderr + estimate.bias + 2e-4, (estimate, truth)


def test_trades_with_other_windows_share_no_wrong_trace():
    trades = [asked({**TERMS[0], **window}, "delta", paths=20_000) for window in (*WINDOWS, {}, {"window_start": 0.5})]
    trades += [asked({**TERMS[0], **WINDOWS[1], "barrier": 105}, "delta", paths=20_000)]
    together = [answer.estimates for answer in run_together(trades)]
    for found, trade in zip(together, trades, strict=True):
        for one, other in zip(found, run(trade).estimates, strict=True):
            assert (one.value, one.stderr) == pytest.approx((other.value, other.stderr), rel=1e-9)


def test_barrier_beyond_which_the_spot_is_matters_from_the_window_on():
    contract = asked({**TERMS[3], "window_start": 0.2}).contract
    assert contract.remark(100) is None
    assert "from 0.2y to 1y" in contract.describe()
    assert exact_greeks(asked({**TERMS[3], "window_start": 0.2}, "price"))[0] is None


def test_window_may_be_dates_and_tenors():
    dated = {"expiry": "2027-11-30", "window_start": "3M", "window_end": "2027-08-31"}
    request = build_request(
        {"kind": "barrier", **TERMS[0], **dated}, MARKET, {}, "price", dates={"valuation_date": "2026-11-30"}
    )
    assert (request.contract.window_start, request.contract.closes) == (90 / 365, 274 / 365)
    assert request.dates.fields["window_start"] == "2027-02-28"
    begun = {**dated, "window_start": "2026-10-01"}
    request = build_request(
        {"kind": "barrier", **TERMS[0], **begun}, MARKET, {}, "price", dates={"valuation_date": "2026-11-30"}
    )
    assert request.contract.window_start == 0
    with pytest.raises(InvalidInput, match="the window is over"):
        build_request(
            {"kind": "barrier", **TERMS[0], "window_end": "2026-11-01"},
            MARKET,
            {},
            "price",
            dates={"valuation_date": "2026-11-30"},
        )


@pytest.mark.parametrize(
    ("window", "message"),
    [
        ({"window_start": 0.6, "window_end": 0.5}, "must come before window_end"),
        ({"window_start": 1}, "must come before expiry"),
        ({"window_end": 2}, "comes after expiry"),
        ({"window_start": 0.3, "window_end": 0.4, "monitoring": 2}, "no date of the monitoring lies in the window"),
    ],
)
def test_wrong_windows_are_refused(window, message):
    with pytest.raises(InvalidInput, match=message):
        asked({**TERMS[0], **window})
