"""Structured notes: values by quadrature, an independent simulation, limits, and error bars near a fixing."""

from math import exp, hypot

import numpy as np
import pytest

from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request
from greeks_cli.terms.errors import InvalidInput
from tests.contracts.joint import IN_THREE, THREE, asked, assert_near

MARKET = {"spot": 100, "vol": 0.25, "rate": 0.03, "dividend_yield": 0.02}
NOTE = {"kind": "autocallable", "expiry": 3, "fixings": 3, "coupon": 0.08, "knock_in": 0.7}
BY_QUADRATURE = {
    "price": 92.545349251687,
    "delta": 0.507311952334,
    "gamma": -0.015653284817,
    "vega": -62.343266962586,
    "rho": -50.013239869628,
}
"""Values of the note by nested quadrature."""


@pytest.mark.parametrize("settings", [{}, {"estimator": "likelihood"}, {"sampler": "sobol", "paths": 65_536}], ids=str)
def test_autocallable_has_the_values_of_quadrature(settings):
    found = run(asked(NOTE, "delta,gamma,vega,rho", MARKET, **{"paths": 200_000, **settings}))
    for name, exact in BY_QUADRATURE.items():
        assert_near(found[name], exact, precision=0.03)


def test_price_at_another_spot_keeps_the_initial_level():
    market = {**MARKET, "spot": 105}
    note = {**NOTE, "initial_levels": 100}
    assert_near(run(asked(note, "price", market, paths=200_000))["price"], 94.889925628554)


def paid(contract, performances, times, looks):
    """The payments of a note, written path by path, each with its time; ``performances`` by time, underlying, path."""
    worst = performances.min(axis=1)
    found = np.zeros(worst.shape[1])
    rate = 0.03
    for path in range(worst.shape[1]):
        alive, owed, accrued, last = True, 0.0, contract.get("accrued", 0), 0.0
        for k, time in enumerate(contract["fixing_times"]):
            at = worst[times.index(time), path]
            owed += time - last + (accrued if k == 0 else 0)
            last = time
            if contract["kind"] == "phoenix":
                if at >= contract["coupon_barrier"]:
                    found[path] += exp(-rate * time) * 100 * contract["coupon"] * owed
                    owed = 0.0
                elif not contract["memory"]:
                    owed = 0.0
            if at >= contract["autocall_level"]:
                whole = 1 + (contract["coupon"] * (time + accrued) if contract["kind"] == "autocallable" else 0)
                found[path] += exp(-rate * time) * 100 * whole
                alive = False
                break
        if alive:
            low = min(worst[times.index(look), path] for look in looks)
            end = worst[-1, path]
            left = min(end, 1.0) if low < contract["knock_in"] else 1.0
            found[path] += exp(-rate * contract["expiry"]) * 100 * left
    return found


def simulated(contract, market, n_paths):
    """The price and its standard error by a simulation of its own."""
    tables, names = market["underlying"], list(market["underlying"])
    times = sorted({*contract["fixing_times"], *contract["knock_in_times"]})
    matrix = np.array([[1 if a == b else market["correlation"][",".join(sorted(a + b))] for a in names] for b in names])
    normals = np.random.default_rng(7).normal(size=(len(times), len(names), n_paths))
    correlated = np.einsum("ij,tjn->tin", np.linalg.cholesky(matrix), normals)
    steps = np.diff(times, prepend=0.0)[:, None, None]
    vol = np.array([tables[name]["vol"] for name in names])[None, :, None]
    carry = np.array([0.03 - tables[name].get("dividend_yield", 0) for name in names])[None, :, None]
    performances = np.exp(np.cumsum((carry - vol**2 / 2) * steps + vol * np.sqrt(steps) * correlated, axis=0))
    values = paid(contract, performances, times, contract["knock_in_times"])
    return values.mean(), values.std() / n_paths**0.5


NOTES = [
    {"kind": "autocallable", "coupon": 0.09, "knock_in": 0.8, "autocall_level": 0.95, "accrued": 0.25},
    {
        "kind": "phoenix",
        "coupon": 0.12,
        "knock_in": 0.75,
        "autocall_level": 1.05,
        "coupon_barrier": 0.8,
        "memory": True,
    },
    {
        "kind": "phoenix",
        "coupon": 0.12,
        "knock_in": 0.75,
        "autocall_level": 1.0,
        "coupon_barrier": 0.9,
        "memory": False,
    },
]
SCHEDULE = {"expiry": 1.5, "fixing_times": [0.5, 1.0, 1.5], "knock_in_times": [0.2, 0.4, 0.5, 0.8, 1.1, 1.4]}


@pytest.mark.parametrize("note", NOTES, ids=lambda note: f"{note['kind']} {note['autocall_level']}")
def test_price_is_that_of_a_simulation_path_by_path(note):
    market = {"underlying": THREE, "correlation": IN_THREE, "rate": 0.03}
    contract = {**note, **SCHEDULE}
    theirs, stderr = simulated(contract, market, 20_000)
    ours = run(asked(contract, "price", market, paths=200_000))["price"]
    assert abs(ours.value - theirs) < 4 * hypot(ours.stderr, stderr)
    assert stderr < 0.4


def test_gamma_is_stable_a_week_before_a_fixing():
    week = 1 / 52
    note = {**NOTE, "expiry": 2 + week, "fixing_times": [week, 1 + week, 2 + week], "accrued": 1 - week}
    del note["fixings"]
    by = {
        estimator: run(asked(note, "gamma", MARKET, estimator=estimator))["gamma"]
        for estimator in ("auto", "likelihood")
    }
    assert by["auto"].bias == 0
    assert abs(by["auto"].value - by["likelihood"].value) < 4 * hypot(by["auto"].stderr, by["likelihood"].stderr)
    # The likelihood ratio leaves the usual payment out, which by itself gains a factor of about ten.
    assert by["likelihood"].stderr > 2 * by["auto"].stderr


def test_gamma_of_a_note_has_a_thirtieth_of_the_variance_of_the_likelihood_ratio_of_its_formula():
    """The formula spells the note a week before a fixing at the autocall level, with its payments at their dates."""
    week = 1 / 52
    times = [week, 1 + week, 2 + week]
    note = {**NOTE, "expiry": times[-1], "fixing_times": times, "accrued": 1 - week}
    del note["fixings"]
    end = "124 if S[2] >= 100 else 100 if S[2] >= 70 else S[2]"
    payoff = f"pay({times[0]!r}, 108) if S[0] >= 100 else pay({times[1]!r}, 116) if S[1] >= 100 else {end}"
    formula = {"kind": "formula", "payoff": payoff, "fixing_times": times, "expiry": times[-1]}
    ours = run(asked(note, "gamma", MARKET))["gamma"]
    theirs = run(asked(formula, "gamma", MARKET, estimator="likelihood"))["gamma"]
    assert abs(ours.value - theirs.value) < 4 * hypot(ours.stderr, theirs.stderr)
    assert ours.stderr**2 + ours.bias**2 < theirs.stderr**2 / 30  # measured: 1/176


def test_daily_knock_in_leaves_second_orders_to_an_anchored_likelihood_ratio():
    market = {"underlying": THREE, "correlation": IN_THREE, "rate": 0.03}
    note = {**NOTES[1], "expiry": 1.5, "fixings": 3, "knock_in_monitoring": 375}
    found = run(asked(note, "delta,hessian", market, paths=20_000))
    gammas = [estimate for estimate in found.estimates if estimate.greek.order == 2]
    assert {str(estimate.estimator) for estimate in gammas} == {"likelihood"}
    assert max(estimate.stderr for estimate in gammas) < 0.02


LEVELS = {"autocall_level": 1.0, "knock_in": 0.7, "coupon_barrier": 0.75}


@pytest.mark.parametrize("looks", ["expiry", 36])
@pytest.mark.parametrize("name", LEVELS)
def test_derivatives_in_levels_are_those_of_differences(name, looks):
    """The prices a little higher and lower are on the same paths; the stated bias is a small share of the value."""
    note = {**NOTE, "kind": "phoenix", "memory": True, **LEVELS, "knock_in_monitoring": looks}

    def at(change, greeks="price"):
        return run(asked({**note, name: LEVELS[name] + change}, greeks, MARKET, paths=400_000)).estimates[-1]

    found = at(0, f"d({name})")
    assert max(found.bias, found.stderr) < 0.1 * abs(found.value)
    difference = (at(0.01).value - at(-0.01).value) / 0.02
    assert abs(found.value - difference) < 4 * hypot(found.stderr, 0.02 * difference) + found.bias


@pytest.mark.parametrize("kind", ["autocallable", "phoenix"])
def test_note_that_never_ends_early_and_keeps_the_capital_is_a_bond(kind):
    note = {"kind": kind, "expiry": 2, "fixings": 4, "coupon": 0.1, "autocall_level": 50, "knock_in": 1e-6}
    note |= {"coupon_barrier": 1e-6} if kind == "phoenix" else {}
    found = run(asked(note, "price,delta", MARKET, paths=10_000))
    coupons = sum(5 * exp(-0.03 * time) for time in (0.5, 1, 1.5, 2)) if kind == "phoenix" else 0
    assert found["price"].value == pytest.approx(100 * exp(-0.06) + coupons, rel=1e-12)
    assert found["delta"].value == 0


def test_accumulator_without_a_barrier_is_a_strip_of_forwards_and_puts():
    market = {"spot": 100, "vol": 0.2, "rate": 0.03}
    contract = {"kind": "accumulator", "strike": 95, "barrier": 1e6, "fixings": 4, "gearing": 2}
    found = run(asked(contract, "delta,gamma", market, paths=200_000))
    times = (0.25, 0.5, 0.75, 1.0)
    for name in ("price", "delta", "gamma"):
        exact = 0.0
        for time in times:
            call, put = (
                run(asked({"strike": 95, "type": kind, "expiry": time}, "delta,gamma", market, paths=2048))[name].exact
                for kind in ("call", "put")
            )
            exact += call - 2 * put
        assert_near(found[name], exact, precision=0.05)


MISTAKES = [
    ({"knock_in_times": [0.5, 0.4]}, "knock_in_times must increase"),
    ({"knock_in_times": [0.5], "knock_in_monitoring": 4}, "exclude each other"),
    ({"fixing_times": [0.5], "fixings": None}, "the last fixing is at expiry"),
    ({"step_down": 0.6}, "takes the autocall level to -0.2"),
    ({"initial_levels": [100, 90]}, "initial_levels has 2 numbers, and there is one underlying"),
]


@pytest.mark.parametrize(("terms", "message"), MISTAKES)
def test_mistakes_are_one_line(terms, message):
    with pytest.raises(InvalidInput, match=message):
        build_request({**NOTE, **terms}, MARKET, {})


@pytest.mark.parametrize("knock_in", [0.1, 0.7])
def test_note_on_one_named_underlying_is_that_on_one_without_a_name(knock_in):
    note = {**NOTE, "expiry": 1, "knock_in": knock_in}
    plain = run(asked(note, "delta,vega", MARKET, paths=20_000))
    named = {"underlying": {"A": {"spot": 100, "vol": 0.25, "dividend_yield": 0.02}}, "rate": 0.03}
    found = run(asked(note, "delta,vega", named, paths=20_000))
    for ours, theirs in zip(found.estimates, plain.estimates, strict=True):
        assert abs(ours.value - theirs.value) < 4 * hypot(ours.stderr, theirs.stderr) + ours.bias + theirs.bias
