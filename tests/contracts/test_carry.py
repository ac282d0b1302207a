"""Futures and the cost of borrowing: what the underlying's growth is made of."""

import pytest
import QuantLib as ql

from greeks_cli.run.price import run
from greeks_cli.terms.axis import parse_axis, points
from greeks_cli.terms.books.settings import overridden
from greeks_cli.terms.building import build_request
from greeks_cli.terms.errors import InvalidInput
from greeks_cli.terms.greek import parse_greek
from greeks_cli.terms.units import Units

PATHS = {"paths": 2**14}
CONTRACTS = {
    "european": {"strike": 100},
    "asian": {"kind": "asian", "strike": 100, "average": "geometric", "fixings": 4},
    "asset digital": {"kind": "digital", "payout": "asset", "strike": 100},
    "forward start": {"kind": "forward-start", "start": 0.4},
    "cliquet": {"kind": "cliquet", "periods": 3},
    "variance swap": {"kind": "variance-swap", "strike_vol": 0.2, "fixings": 3},
    "lookback": {"kind": "lookback", "strike_kind": "floating"},
    "barrier": {"kind": "barrier", "strike": 100, "barrier": 80, "barrier_type": "down-out"},
}


@pytest.mark.parametrize("rate", [0.05, "0.25:0.03,1:0.05"])
def test_option_on_a_future_is_blacks(rate):
    request = build_request({"strike": 100}, {"future": 105, "vol": 0.2, "rate": rate}, PATHS, "delta,rho,phi")
    result = run(request, 1)
    discount = 0.951229424500714  # exp(-0.05)
    black = ql.blackFormula(ql.Option.Call, 100, 105, 0.2, discount)
    assert result["price"].exact == pytest.approx(black, rel=1e-12)
    assert result["rho"].exact == pytest.approx(-black, rel=1e-12)  # through discounting alone
    assert result["rho"].value == pytest.approx(-result["price"].value, rel=1e-12)
    assert result["phi"].value == result["phi"].exact == 0
    assert abs(result["delta"].value - result["delta"].exact) <= 4 * result["delta"].stderr


@pytest.mark.parametrize("contract", CONTRACTS)
def test_future_is_a_spot_without_carry(contract):
    of_future = build_request(CONTRACTS[contract], {"future": 105, "vol": 0.2, "rate": 0.05}, PATHS, "delta,vega,theta")
    market = {"spot": 105, "vol": 0.2, "rate": 0.05, "dividend_yield": 0.05}
    of_spot = build_request(CONTRACTS[contract], market, PATHS, "delta,vega,theta")
    for one, other in zip(run(of_future, 1).estimates, run(of_spot, 1).estimates, strict=True):
        assert one.value == pytest.approx(other.value, rel=1e-9)
        assert one.exact == pytest.approx(other.exact, rel=1e-9)


@pytest.mark.parametrize("contract", [name for name in CONTRACTS if name not in ("lookback", "barrier")])
def test_borrow_cost_acts_as_a_dividend_yield(contract):
    market = {"spot": 100, "vol": 0.2, "rate": 0.05}
    borrowed = {**market, "dividend_yield": 0.01, "borrow": 0.02}
    of_borrow = run(build_request(CONTRACTS[contract], borrowed, PATHS, "delta,phi,d(borrow)"), 1)
    of_yield = run(build_request(CONTRACTS[contract], {**market, "dividend_yield": 0.03}, PATHS, "delta,phi"), 1)
    for name in ("price", "delta", "phi"):
        assert of_borrow[name].value == pytest.approx(of_yield[name].value, rel=1e-9)
        assert of_borrow[name].exact == pytest.approx(of_yield[name].exact, rel=1e-9)
    assert of_borrow["d(borrow)"].value == pytest.approx(of_borrow["phi"].value, rel=1e-12)


def test_control_of_a_future_is_the_future():
    request = build_request({"strike": 95}, {"future": 100, "vol": 0.3, "rate": 0.05}, {**PATHS, "control": True})
    for estimate in run(request, 1).estimates:
        assert abs(estimate.value - estimate.exact) <= 4.5 * estimate.stderr + estimate.bias


@pytest.mark.parametrize("layers", [({"spot": 100}, {"future": 105}), ({"future": 105}, {"spot": 100})], ids=str)
def test_a_later_future_or_spot_wins(layers):
    assert overridden(*layers) == layers[1]


def test_profile_of_a_future_moves_the_future():
    request = build_request({"strike": 100}, {"future": 100, "vol": 0.2}, PATHS, "price")
    for name in ("spot", "future"):
        moved = points(request, [parse_axis(f"{name}=90:110:2")])
        assert [one.market.future for one in moved] == [90.0, 110.0]


@pytest.mark.parametrize("other", ["0", 0, 0.0, None])
def test_future_allows_no_carry_as_zero(other):
    assert build_request({"strike": 100}, {"future": 105, "vol": 0.2, "dividend_yield": other or 0.0}, PATHS)


def test_units_of_carry_are_those_of_yields():
    greek = parse_greek("d(borrow)")
    assert (Units.MARKET.scale(greek, {}), Units.MARKET.label(greek)) == (0.01, "per 1% borrow cost")


@pytest.mark.parametrize(
    "other", [{"spot": 100}, {"dividend_yield": 0.02}, {"borrow": 0.01}, {"dividends": "0.5:1"}], ids=str
)
def test_future_excludes_what_carries_a_spot(other):
    with pytest.raises(InvalidInput, match="exclude each other"):
        build_request({"strike": 100}, {"future": 105, "vol": 0.2, **other}, PATHS)
