"""The closed form of lookbacks at any carry: the quotient by the carry and its integral are equal, and join."""

import pytest

from greeks_cli.analytic import closed_forms
from greeks_cli.analytic.closed_forms import exact_greeks
from greeks_cli.terms.building import build_request
from greeks_cli.terms.contracts.path_dependent import Lookback

GREEKS = "delta,gamma,vega,rho,phi,theta,vanna,d(rate,rate),d(rate,spot),d(rate,dividend_yield)"
CONTRACTS = (
    {"strike": 105},
    {"strike": 98},
    {"strike": 95, "type": "put"},
    {"strike_kind": "floating", "running_extreme": 93},
)


def exact(contract, carry, vol=0.2):
    market = {"vol": vol, "rate": 0.03, "dividend_yield": 0.03 - carry}
    return exact_greeks(build_request({"kind": "lookback", **contract}, market, {}, GREEKS))


@pytest.mark.parametrize("contract", CONTRACTS, ids=str)
@pytest.mark.parametrize("carry", [0.03, -0.05])
def test_integral_is_the_quotient(contract, carry, monkeypatch):
    found = {}
    for small in (True, False):
        closed_forms._traced.cache_clear()
        monkeypatch.setattr(Lookback, "has_small_carry", lambda contract, values, small=small: small)
        found[small] = exact(contract, carry)
    closed_forms._traced.cache_clear()
    assert found[True] == pytest.approx(found[False], rel=1e-8, abs=1e-12)


@pytest.mark.parametrize("contract", CONTRACTS, ids=str)
def test_small_carries_join_carry_0(contract):
    at_0 = exact(contract, 0.0)
    for carry in (1e-12, 1e-8, -1e-6):
        assert exact(contract, carry) == pytest.approx(at_0, rel=1e-4, abs=1e-9)


def test_first_derivative_in_the_rate_is_the_slope_of_the_price():
    contract, step = CONTRACTS[0], 1e-4

    def price(rate):
        request = build_request(
            {"kind": "lookback", **contract}, {"vol": 0.2, "rate": rate, "dividend_yield": 0.03}, {}
        )
        return exact_greeks(request)[0]

    slope = (price(0.03 + step) - price(0.03 - step)) / (2 * step)
    assert exact(contract, 0.0)[4] == pytest.approx(slope, rel=1e-6)
