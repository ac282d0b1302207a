"""Tails: what a run may have missed is found, and ordinary payoffs miss little."""

import pytest

from greeks_cli.engine.execution.compile import compiled, plan, simplified
from greeks_cli.engine.execution.unseen.tails import tails
from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request


def asked(contract, market, greeks="delta", **settings):
    return build_request(contract, market, {"paths": 20_000, "importance": False, **settings}, greeks)


def tails_of(request):
    chosen = plan(request)
    return tails(compiled(simplified([chosen])).parts[0].linked, [chosen], request.simulation.paths)[0]


def test_usual_option_has_hardly_a_tail():
    for tail in tails_of(asked({"strike": 100}, {"vol": 0.2}, "delta,gamma,vega")).values():
        assert tail.share < 0.05


def test_mean_carried_by_paths_that_do_not_occur_is_missed():
    """With vol 2 over 10 years the mean of the underlying lies where one path in 10^9 ends."""
    request = asked({"strike": 100, "expiry": 10}, {"vol": 2.0})
    tail = tails_of(request)[("spot",)]
    assert tail.share > 0.9
    assert tail.missed[0] == pytest.approx(0.9, rel=0.3)  # of a delta of 0.9


@pytest.mark.parametrize("settings", [{}, {"sampler": "sobol", "paths": 32768}], ids=["random", "sobol"])
def test_heavy_tails_are_warned_of(settings):
    found = run(asked({"strike": 100, "expiry": 10}, {"vol": 2.0}, **settings))
    for estimate in found.estimates:
        assert "heavy tails" in estimate.warning
        assert estimate.bias > 0.5 * abs(estimate.value - estimate.exact)  # its order of magnitude


@pytest.mark.parametrize("order", ["AB", "BA"])
def test_rare_event_of_any_underlying_is_warned_of(order):
    """The digital of 200,000 on B pays where 4 paths in 10^6 end: no path of the run shows it."""
    formula = {"kind": "formula", "payoff": "max(A[-1] - 100, 0) + where(B[-1] > 240, 200000, 0)"}
    market = {"underlying": {name: {"spot": 100, "vol": 0.2} for name in order}, "correlation": 0, "rate": 0}
    price = run(asked(formula, market, "price", seed=1))["price"]
    assert price.value < 9  # of 8.7, of which 0.7 are the digital's
    assert "heavy tails" in price.warning


FLAT = tuple((expiry, strike, 0.2) for expiry in (0.5, 1) for strike in (80, 100, 120))


@pytest.mark.parametrize(
    ("market", "least"),
    [({"vol": 0.2}, 0.2), ({"model": "local-vol", "vol_surface": FLAT}, 0.05)],
    ids=["gbm", "local-vol"],
)
def test_rare_event_behind_an_ordinary_payoff_is_warned_of(market, least):
    """The digital of 10^6 pays where 5 paths in 10^8 end: it is worth 0.05, and no path shows it."""
    formula = {"kind": "formula", "payoff": "max(S[-1] - 100, 0) + where(S[-1] > 270, 1000000, 0)", "fixings": 1}
    price = run(asked(formula, {**market, "rate": 0.0}, steps=8))["price"]
    assert "heavy tails" in price.warning
    assert price.bias > least


def test_control_variate_is_taken_out_of_the_tail():
    plain = {"kind": "asian", "strike": 100, "fixings": 12}
    without = tails_of(asked(plain, {"vol": 0.2}))
    with_control = tails_of(asked(plain, {"vol": 0.2}, control=True))
    assert with_control[()].missed[0] < 0.5 * without[()].missed[0]
