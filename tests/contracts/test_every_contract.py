"""Every contract in the catalogue: closed form, methods, variance reduction, standard errors, description."""

from math import hypot

import numpy as np
import pytest

from greeks_cli.analytic.closed_forms import exact_greeks
from greeks_cli.run.checking import check
from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request
from greeks_cli.terms.contracts.catalogue import ON_ONE
from greeks_cli.terms.greek import NAMED
from tests.conftest import assert_agrees, assert_narrow, natural_unit

MARKETS = ({"vol": 0.2, "rate": 0.03}, {"vol": 0.45, "spot": 95, "rate": 0.02, "dividend_yield": 0.04})
NO_CLOSED_FORM = {"asian", "formula", "autocallable", "phoenix", "accumulator"}
"""Contracts whose example has none; test_oracles.py, test_formula.py and test_structured.py have their oracles."""

VARIANTS = [
    {"kind": "european", "strike": 100, "type": "put"},
    {"kind": "digital", "strike": 100, "payout": "asset", "type": "put"},
    {"kind": "digital", "strike": 90, "cash": 10},
    {"kind": "asian", "average": "geometric", "strike": 100, "fixings": 12},
    {"kind": "asian", "average": "geometric", "strike": 95, "fixing_times": [0, 0.25, 0.5], "type": "put"},
    {"kind": "barrier", "strike": 100, "barrier": 120, "barrier_type": "up-out", "rebate": 3},
    {"kind": "barrier", "strike": 100, "barrier": 120, "barrier_type": "up-in", "type": "put", "rebate": 2},
    {"kind": "barrier", "strike": 90, "barrier": 85, "barrier_type": "down-in", "type": "put"},
    {"kind": "barrier", "strike": 80, "barrier": 85, "barrier_type": "down-out"},
    {"kind": "barrier", "strike": 125, "barrier": 120, "barrier_type": "up-in"},
    {"kind": "double-barrier", "strike": 95, "low_barrier": 85, "high_barrier": 125, "type": "put", "rebate": 2},
    {"kind": "double-barrier", "strike": 100, "low_barrier": 85, "high_barrier": 125, "knock": "in", "rebate": 2},
    {"kind": "double-barrier", "strike": 90, "low_barrier": 90, "high_barrier": 104.5, "knock": "in"},
    {"kind": "lookback", "strike_kind": "floating", "type": "put"},
    {"kind": "lookback", "strike_kind": "floating", "running_extreme": 85},
    {"kind": "lookback", "strike": 105},
    {"kind": "lookback", "strike": 90, "running_extreme": 80, "type": "put"},
    {"kind": "forward-start", "start": 0.25, "moneyness": 1.1, "type": "put"},
    {"kind": "cliquet", "periods": 3, "floor": -0.05, "cap": 0.08},
    {"kind": "asian", "average": "geometric", "strike": 100, "fixings": 3, "past_fixings": [98.5, 101]},
    {"kind": "asian", "strike": 100, "fixings": 3, "past_fixings": [260, 270]},
    {"kind": "cliquet", "past_fixings": [95, 98, 97], "elapsed": 1.2},
    {"kind": "variance-swap", "strike_vol": 0.2, "fixings": 12, "past_fixings": [95, 98, 97]},
]
EXAMPLES = [{"kind": kind, **model.example} for kind, model in ON_ONE.items()]
REDUCTIONS = [{"antithetic": True}, {"control": True}, {"sampler": "sobol", "paths": 1 << 14}]
SEEDS = 30


def name(contract):
    return " ".join(str(value) for value in contract.values())


def asked(contract, greeks, market=MARKETS[0], **settings):
    return build_request(contract, market, settings, greeks)


def has_closed_form(contract):
    return exact_greeks(asked(contract, "price"))[0] is not None


def fixes_today(contract):
    return asked(contract, "price").contract.fixes_today


WITH_CLOSED_FORM = [contract for contract in EXAMPLES + VARIANTS if contract["kind"] not in NO_CLOSED_FORM]
WITH_CLOSED_FORM += [contract for contract in VARIANTS if contract["kind"] in NO_CLOSED_FORM]


def test_every_contract_has_a_closed_form_or_is_named_as_having_none():
    assert {example["kind"] for example in EXAMPLES if not has_closed_form(example)} == NO_CLOSED_FORM
    assert all(has_closed_form(variant) for variant in VARIANTS)


@pytest.mark.parametrize("market", MARKETS, ids=("vol 20%", "vol 45%"))
@pytest.mark.parametrize("contract", WITH_CLOSED_FORM, ids=name)
def test_greeks_agree_with_the_closed_form(contract, market):
    greeks = "delta,gamma,vega,theta,rho,phi,vanna,volga,charm,veta"
    assert_agrees(run(asked(contract, greeks, market, paths=40_000, seed=3)))


@pytest.mark.parametrize("market", MARKETS, ids=("vol 20%", "vol 45%"))
@pytest.mark.parametrize("contract", [one for one in WITH_CLOSED_FORM if not fixes_today(one)], ids=name)
def test_closed_form_solves_the_pricing_equation(contract, market):
    request = asked(contract, "price,delta,gamma,theta", market)
    price, delta, gamma, theta = exact_greeks(request)
    m = request.market
    drift = m.rate - m.dividend_yield
    residual = theta + drift * m.spot * delta + 0.5 * m.vol**2 * m.spot**2 * gamma - m.rate * price
    assert residual == pytest.approx(0, abs=1e-9 * m.spot)


@pytest.mark.parametrize("contract", EXAMPLES, ids=name)
def test_methods_agree(contract):
    request = asked(contract, "delta,gamma,vega,vanna,theta", paths=20_000)
    rows = [row for row in check(request) if row.greek != "0"]
    for greek in request.greeks:
        best, *others = sorted((row for row in rows if row.greek == greek.name), key=lambda row: row.z is not None)
        assert best.z is None
        assert len(others) >= (2 if greek.order else 1)
        for row in others:
            assert abs(row.z) < 4, row


@pytest.mark.parametrize("contract", [example for example in EXAMPLES if not fixes_today(example)], ids=name)
def test_simulated_greeks_solve_the_pricing_equation(contract):
    request = asked(contract, "delta", paths=20_000)
    (row,) = [row for row in check(request) if row.method == "pricing equation"]
    assert abs(row.z) < 4
    # The terms of the equation are of the size of theta.
    assert row.stderr * 20_000**0.5 < 4 * natural_unit(request, NAMED["theta"])


@pytest.mark.parametrize("contract", EXAMPLES, ids=name)
def test_threads_do_not_change_bits(contract):
    request = asked(contract, "delta,gamma,theta", paths=30_000)
    assert run(request, 3).estimates == run(request, 1).estimates


@pytest.mark.parametrize("settings", REDUCTIONS, ids=str)
@pytest.mark.parametrize("contract", [one for one in EXAMPLES if one["kind"] not in NO_CLOSED_FORM], ids=name)
def test_variance_reduction_agrees_with_the_closed_form(contract, settings):
    assert_agrees(run(asked(contract, "delta,gamma,vega", **{"paths": 40_000, **settings})))


@pytest.mark.parametrize("settings", REDUCTIONS, ids=str)
@pytest.mark.parametrize("contract", [one for one in EXAMPLES if one["kind"] in NO_CLOSED_FORM], ids=name)
def test_variance_reduction_agrees_with_plain_sampling(contract, settings):
    plain = run(asked(contract, "delta,gamma,vega", paths=400_000, seed=1))
    reduced = run(asked(contract, "delta,gamma,vega", **{"paths": 40_000, **settings}))
    assert_narrow(plain)
    assert_narrow(reduced)
    for one, other in zip(reduced.estimates, plain.estimates, strict=True):
        assert abs(one.value - other.value) <= 4 * hypot(one.stderr, other.stderr) + one.bias + other.bias, one


@pytest.mark.parametrize(
    ("contract", "settings"),
    [
        *((contract, {}) for contract in EXAMPLES),
        *((contract, settings) for contract in EXAMPLES if contract["kind"] == "asian" for settings in REDUCTIONS),
    ],
    ids=lambda value: name(value) if "kind" in value else str(value),
)
def test_standard_errors_are_the_spread_of_repeated_runs(contract, settings):
    """Needs no closed form; a standard error three times too large, or half as large as it should be, fails."""
    settings = {**settings, "paths": 2048}
    runs = [run(asked(contract, "delta,gamma,vega", seed=seed, **settings), 1).estimates for seed in range(SEEDS)]
    for estimates in zip(*runs, strict=True):
        spread = np.std([estimate.value for estimate in estimates], ddof=1)
        stated = np.sqrt(np.mean([estimate.stderr**2 for estimate in estimates]))
        # The spread of so many values is itself known to 1 / sqrt(2 (SEEDS - 1)) = 13%; a constant has none.
        assert spread == pytest.approx(stated, rel=4 / np.sqrt(2 * (SEEDS - 1)), abs=1e-15), estimates[0].greek.name


@pytest.mark.parametrize("kind", ON_ONE)
def test_every_contract_describes_itself(kind):
    contract = asked({"kind": kind, **ON_ONE[kind].example}, []).contract
    assert contract.model_dump(mode="json")["kind"] == kind
    assert ON_ONE[kind].model_validate(contract.model_dump(mode="json")) == contract
    terms = {**ON_ONE[kind].example, **ON_ONE[kind].example.get("param", {})}
    described = contract.describe()
    assert kind.split("-")[0] in described.lower()
    for term in terms.keys() - {"param"}:
        assert str(terms[term]) in described, term
