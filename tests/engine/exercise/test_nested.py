"""Nested paths: leave their outer path at a date, and tell by how much a policy misses the price."""

import numpy as np
import pytest

from greeks_cli.engine.autodiff.ops import values_of
from greeks_cli.engine.exercise import nested
from greeks_cli.engine.exercise.fit import path_of_normals, pilot_normals
from greeks_cli.engine.exercise.nested import nested_gap
from greeks_cli.engine.simulation.grid import Grid
from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request
from tests.models import BATES, HESTON, MERTON

PUT = {"type": "put", "strike": 100, "exercise": "bermudan", "exercise_times": [0.25, 0.5, 0.75, 1]}
BEST = {**PUT, "kind": "best-of", "type": "call"}
GBM = {"vol": 0.2}
MARKETS = [{name: value for name, value in own.items() if name != "rate"} for own in (GBM, MERTON, HESTON, BATES)]


def request_of(contract=PUT, market=GBM, **simulation):
    return build_request(contract, {"spot": 100, **market, "rate": 0.05}, simulation, "price")


def joint_request(*markets):
    own = {chr(65 + k): {"spot": 100, **market} for k, market in enumerate(markets)}
    return build_request(BEST, {"underlying": own, "correlation": 0.3, "rate": 0.05}, {}, "price")


def quadrature(n=1501, span=6.5):
    """The price of ``PUT`` by sums over the normal density, from date to date."""
    years, vol, rate = 0.25, 0.2, 0.05
    logs = np.linspace(-span * vol, span * vol, n)
    paid, deviation = np.maximum(100 - 100 * np.exp(logs), 0), vol * np.sqrt(years)
    steps = (logs[None, :] - logs[:, None] - (rate - vol**2 / 2) * years) / deviation
    weights = np.exp(-0.5 * steps**2 - rate * years) * (logs[1] - logs[0]) / (deviation * np.sqrt(2 * np.pi))
    value = paid
    for _ in range(3):
        value = np.maximum(paid, weights @ value)
    return float(weights[n // 2] @ value)


@pytest.mark.parametrize("request_", [*(request_of(market=own) for own in MARKETS), joint_request(*MARKETS[1:])])
def test_normals_of_the_intervals_until_a_date_alone_move_the_path_until_then(request_):
    normals, others = (pilot_normals(request_, stream, 50) for stream in (5, 6))
    until = Grid.usual(request_).intervals <= 1
    paths = (path_of_normals(request_, own) for own in (normals, np.where(until[:, None], normals, others)))
    one, other = ([np.asarray(values_of(part.spots)) for part in getattr(path, "parts", (path,))] for path in paths)
    for here, there in zip(one, other, strict=True):
        assert np.array_equal(here[:2], there[:2])
        assert not np.isclose(here[2:], there[2:]).any()


def test_the_gap_depends_on_contract_market_and_seed_alone():
    poor = {**PUT, "exercise_times": [0.3, 0.6], "basis": 1}
    assert nested_gap(request_of(poor)) == nested_gap(request_of(poor, antithetic=True))
    assert nested_gap(request_of(poor)) != nested_gap(request_of(poor, seed=1))


def test_the_bound_covers_what_a_poor_policy_misses():
    truth = quadrature()
    gaps = {}
    for basis in (1, 2, 9):
        request = request_of({**PUT, "basis": basis, "bounds": "nested"}, paths=20_000)
        price = run(request)["price"]
        assert price.value - 4 * price.stderr <= truth <= price.upper + 4 * price.upper_stderr
        assert price.upper - price.value == pytest.approx(nested_gap(request).mean)
        assert price.bias >= price.upper - price.value
        gaps[basis] = price.upper - price.value
    assert gaps[1] > 10 * gaps[9]
    assert gaps[9] < 1e-4 * truth


@pytest.mark.parametrize("strike", [100, 150])
def test_an_option_that_is_exercised_now_or_hardly_ever_has_hardly_a_gap(strike):
    request = request_of({"type": "put", "strike": strike, "exercise": "american", "exercise_dates": 4})
    assert 0 <= nested_gap(request).mean < 2e-3


def test_few_outer_paths_that_pay_tell_no_gap():
    assert nested_gap(request_of({**PUT, "strike": 60})) is None
    assert nested_gap(request_of({**PUT, "strike": 100, "type": "call"})).mean == 0


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(("strike", "rate", "vol", "truth"), [(60, 0.05, 0.2, 0.011348), (80, 0.3, 0.1, 2.79e-7)])
def test_the_bound_is_above_what_no_path_shows(strike, rate, vol, truth, seed):
    """The true values are those of a tree of 2,400 steps, less its error of the European."""
    own = {**PUT, "strike": strike, "bounds": "nested"}
    market = {"spot": 100, "vol": vol, "rate": rate}
    price = run(build_request(own, market, {"paths": 10_000, "seed": seed}, "price"))["price"]
    assert price.value < truth
    assert price.upper + 4 * price.upper_stderr >= truth
    assert price.upper - price.value <= price.bias


def test_a_noisier_mean_raises_the_gap(monkeypatch):
    request = joint_request(GBM, GBM)
    usual = nested_gap(request)
    monkeypatch.setattr(nested, "_numbers_of_paths", lambda normals: (1024, 2))
    noisy = nested._Outer(request).samples()
    assert noisy.mean() > usual.mean + 4 * noisy.std() / 32


@pytest.mark.parametrize("normals", [4 * 4, 48 * 48, 48 * 144, 42 * 1470])
def test_numbers_of_paths_are_within_limits(normals):
    outer, inner = nested._numbers_of_paths(normals)
    assert 128 <= outer <= 1024
    assert 16 <= inner <= 128
    assert outer * inner * normals <= max(1 << 25, 128 * 16 * normals)
