"""Requests at a forward, and without a vol."""

from math import exp

import pytest

from greeks_cli.terms.errors import InvalidInput
from greeks_cli.terms.request import Request
from greeks_cli.terms.unsolved import Unsolved, at_forward, build_from_quote, discount_of, forward_of

CURVES = {"rate": "0.25:0.02,1:0.035", "dividend_yield": "0.5:0.01,2:0.02"}


@pytest.mark.parametrize("market", [{"rate": 0.05, "dividend_yield": 0.02}, CURVES], ids=["flat", "curves"])
@pytest.mark.parametrize("expiry", [0.1, 1.5])
def test_the_dividend_yield_gives_the_forward_at_any_rates(market, expiry):
    request = build_from_quote({"strike": 100, "expiry": expiry}, {"vol": 0.2, **market}, {})
    assert isinstance(request, Request)
    moved = at_forward(request, 97.5)
    assert forward_of(request) != pytest.approx(97.5)  # asked first, so that nothing of it may be kept
    assert forward_of(moved) == pytest.approx(97.5, rel=1e-14)
    assert discount_of(moved) == discount_of(request)
    assert moved.quote == {"forward": 97.5}


def test_a_request_without_quotes_is_that_of_build_request():
    assert isinstance(build_from_quote({"strike": 100}, {"vol": 0.2}, {}), Request)


def test_a_quoted_request_waits_for_its_vol():
    found = build_from_quote({"strike": 100}, {"market_price": 9, "forward": 101, "rate": 0.03}, {})
    assert isinstance(found, Unsolved)
    assert forward_of(found.request) == pytest.approx(101, rel=1e-14)
    assert discount_of(found.request) == pytest.approx(exp(-0.03))
    solved = found.with_vol(0.25)
    assert (solved.market.vol, solved.quote) == (0.25, {"forward": 101, "market_price": 9})


def test_what_is_not_known_is_null():
    found = build_from_quote({"strike": 100}, {"market_price": 9, "forward": "parity"}, {})
    assert isinstance(found, Unsolved)
    market = found.known["market"]
    assert (market["vol"], market["dividend_yield"], market["market_price"]) == (None, None, 9)


def test_a_forward_beyond_all_yields_is_refused():
    with pytest.raises(InvalidInput, match="is a dividend yield of 1"):
        build_from_quote({"strike": 100, "expiry": 0.1}, {"vol": 0.2, "forward": 90, "rate": 0.05}, {})
