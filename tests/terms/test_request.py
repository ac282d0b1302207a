"""Requests: names of nodes by place, and what follows from the parts of a request."""

import pytest

from greeks_cli.terms.building import build_request

CURVES = {"rate": "0.5:1%,2:2%"}
TWO = {
    "underlying": {"A": {"vol": 0.2, "dividends": "0.3:1.5"}, "B": {"vol": 0.3, "dividend_yield": "0.5:1%,1:2%"}},
    "correlation": 0.5,
    "dividend_model": "escrowed",
    **CURVES,
}


def asked(market, greeks="delta"):
    kind = "best-of" if "underlying" in market else "european"
    return build_request({"kind": kind, "strike": 98}, market, {"seed": 1}, greeks)


def test_nodes_of_every_underlying_are_named_by_place():
    request = asked(TWO, "delta,d(correlation),theta")
    named = [name for names in dict(request.by_place.market.nodes).values() for name in names]
    assert named == ["rate[0]", "rate[1]", "dividend_yield[B:0]", "dividend_yield[B:1]"]
    assert "dividend[A:0]" in request.by_place.values
    assert list(request.by_place.values.values()) == list(request.values.values())
    for part, placed in zip(request.parts, request.by_place.parts, strict=True):
        assert part.by_place.market == placed.market
        assert placed.by_place is placed


@pytest.mark.parametrize("greek", ["d(rate[0.5])", "d(dividend[A:0.3])", "d(dividend_yield[B:1])"])
def test_a_request_whose_greek_names_a_node_is_as_it_was(greek):
    request = asked(TWO, greek)
    assert request.by_place is request


def test_a_request_without_nodes_is_as_it_was():
    request = asked({"underlying": {"A": {"vol": 0.2}, "B": {"vol": 0.3}}, "correlation": 0.5}, "delta")
    assert request.by_place is request


@pytest.mark.parametrize("market", [{"vol": 0.2, **CURVES}, TWO], ids=["one underlying", "two"])
def test_what_follows_from_a_request_is_not_that_of_the_one_before(market):
    request = asked(market, "delta,rho")
    assert request.by_place.simulation.seed == 1
    assert {part.simulation.seed for part in request.parts} == {1}
    other = request.with_seed(2)
    for found in (other, other.by_place, *other.parts, *other.by_place.parts):
        assert found.simulation.seed == 2
    buckets = request.with_buckets()
    assert buckets.by_place is buckets
    moved = request.changed(market=request.market.changed(next(iter(request.values)), 90.0))
    assert next(iter(moved.values.values())) == 90.0
    assert next(iter(moved.by_place.payoff_values.values())) == 90.0
    assert moved.parts[0].spot == 90.0
    assert request.parts[0].spot == 100.0
