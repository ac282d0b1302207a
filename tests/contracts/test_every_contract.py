"""What holds for every contract in the catalogue. A new one is tested here by being there."""

import pytest

from greeks_cli.analytic.closed_forms import exact_greeks
from greeks_cli.run.checking import check
from greeks_cli.run.local import run
from greeks_cli.terms.contracts import CONTRACTS
from greeks_cli.terms.request import build_request
from tests.conftest import assert_agrees

MARKETS = ({"vol": 0.2, "rate": 0.03}, {"vol": 0.45, "spot": 95, "rate": 0.02, "dividend_yield": 0.04})
NO_CLOSED_FORM = {"asian", "formula"}
"""Contracts whose example has none; their oracles are in ORACLES."""

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
    {"kind": "lookback", "strike_kind": "floating", "type": "put"},
    {"kind": "lookback", "strike_kind": "floating", "running_extreme": 85},
    {"kind": "lookback", "strike": 105},
    {"kind": "lookback", "strike": 90, "running_extreme": 80, "type": "put"},
    {"kind": "forward-start", "start": 0.25, "moneyness": 1.1, "type": "put"},
    {"kind": "cliquet", "periods": 3, "floor": -0.05, "cap": 0.08},
]
EXAMPLES = [{"kind": kind, **model.example} for kind, model in CONTRACTS.items()]


def name(contract):
    return " ".join(str(value) for value in contract.values())


@pytest.mark.parametrize("market", MARKETS, ids=("vol 20%", "vol 45%"))
@pytest.mark.parametrize("contract", EXAMPLES + VARIANTS, ids=name)
def test_greeks_agree_with_the_closed_form(contract, market):
    greeks = "delta,gamma,vega,theta,rho,phi,vanna,volga,charm,veta"
    request = build_request(contract, market, {"paths": 40_000, "seed": 3}, greeks)
    if exact_greeks(request)[0] is None:
        assert contract["kind"] in NO_CLOSED_FORM
        return
    assert_agrees(run(request))


@pytest.mark.parametrize("market", MARKETS, ids=("vol 20%", "vol 45%"))
@pytest.mark.parametrize("contract", EXAMPLES + VARIANTS, ids=name)
def test_closed_form_solves_the_pricing_equation(contract, market):
    request = build_request(contract, market, {}, "price,delta,gamma,theta")
    exact = exact_greeks(request)
    if exact[0] is None or request.contract.fixes_today:
        return
    price, delta, gamma, theta = exact
    m = request.market
    residual = (
        theta + (m.rate - m.dividend_yield) * m.spot * delta + 0.5 * m.vol**2 * m.spot**2 * gamma - m.rate * price
    )
    assert residual == pytest.approx(0, abs=1e-9 * m.spot)


@pytest.mark.parametrize("contract", EXAMPLES, ids=name)
def test_methods_agree(contract):
    request = build_request(contract, MARKETS[0], {"paths": 20_000}, "delta,gamma,vega,vanna,theta")
    heard = check(request)
    assert len(heard) > 7
    for opinion in heard:
        assert opinion.z is None or abs(opinion.z) < 4, opinion


@pytest.mark.parametrize("contract", EXAMPLES, ids=name)
def test_price_does_not_depend_on_threads_or_device_settings(contract):
    request = build_request(contract, MARKETS[0], {"paths": 30_000}, "delta,gamma,theta")
    assert run(request, 3).estimates == run(request, 1).estimates


@pytest.mark.parametrize(
    "settings", [{"antithetic": True}, {"control": True}, {"sampler": "sobol", "paths": 1 << 14}], ids=str
)
@pytest.mark.parametrize("contract", EXAMPLES, ids=name)
def test_variance_reduction_leaves_the_numbers_right(contract, settings):
    request = build_request(contract, MARKETS[0], {"paths": 40_000, **settings}, "delta,gamma,vega")
    if exact_greeks(request)[0] is not None:
        assert_agrees(run(request))


@pytest.mark.parametrize("kind", CONTRACTS)
def test_every_contract_describes_itself(kind):
    request = build_request({"kind": kind, **CONTRACTS[kind].example}, MARKETS[0], {})
    assert request.contract.describe()
    assert request.contract.model_dump(mode="json")["kind"] == kind
