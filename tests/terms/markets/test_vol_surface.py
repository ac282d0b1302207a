"""Surfaces of quoted vols as terms of a market: how they are read, named and refused."""

import pytest

from greeks_cli.terms.axis import parse_axis, points
from greeks_cli.terms.building import build_request
from greeks_cli.terms.errors import InvalidInput
from greeks_cli.terms.greek import bucketed, parse_greek, parse_greeks
from greeks_cli.terms.markets.market import Market
from greeks_cli.terms.markets.vol_surface import VolSurface, quotes_of

QUOTES = [
    [0.25, 90, 0.22],
    [0.25, 100, 0.2],
    [0.25, 110, 0.19],
    [1, 80, 0.24],
    [1, 100, 0.21],
    [1, 125, 0.19],
    [2, 70, 0.25],
    [2, 100, 0.215],
    [2, 140, 0.19],
]
NAMES = [f"vol[{expiry:g}@{strike}]" for expiry, strike, _ in QUOTES]


def market_of(quotes=QUOTES, **fields):
    return Market.model_validate({"model": "local-vol", "vol_surface": quotes, **fields})


def refusal(quotes=QUOTES, **market):
    """The lines of the refusal."""
    with pytest.raises(InvalidInput) as error:
        build_request({"strike": 100}, {"model": "local-vol", "vol_surface": quotes, **market}, {})
    return str(error.value)


def without(i):
    return QUOTES[:i] + QUOTES[i + 1 :]


def changed(i, *quote):
    return [*QUOTES[:i], list(quote), *QUOTES[i + 1 :]]


def test_quotes_are_parameters_and_vol_shifts_them_all():
    market = market_of()
    assert market.values["vol"] == 0.0
    assert [market.values[name] for name in NAMES] == [vol for _, _, vol in QUOTES]
    assert dict(market.nodes)["vol"] == tuple(NAMES)


def test_greeks_in_quotes_are_named_by_expiry_and_strike():
    assert parse_greek("vega[0.250@100.0]").parameters == ("vol[0.25@100]",)
    assert parse_greek("vanna[2027-03-18@97.5]").parameters == ("spot", "vol[2027-03-18@97.5]")
    assert parse_greek("d(vol[1@80],spot)").parameters == ("spot", "vol[1@80]")
    assert [greek.name for greek in parse_greeks("vega[1@80],delta")] == ["price", "vega[1@80]", "delta"]


def test_buckets_are_all_quotes():
    found = bucketed(parse_greeks("vega"), market_of().nodes)
    assert [greek.name for greek in found] == ["price", "vega", *(name.replace("vol", "vega") for name in NAMES)]


def test_other_texts_and_lists_are_the_same_surface():
    surface = VolSurface.of(quotes_of(QUOTES))
    assert VolSurface.of(quotes_of(str(surface))) == surface
    assert VolSurface.of(quotes_of(surface)) == surface
    assert VolSurface.of(quotes_of([[1, "80", "24%"], *QUOTES[4:]])) == VolSurface.of(quotes_of(QUOTES[3:]))
    assert market_of().model_dump(mode="json")["vol_surface"] == QUOTES
    assert market_of(str(surface)) == market_of()


def test_surface_is_described_by_its_range():
    assert "vol surface 0.19 to 0.25 (9 quotes)" in market_of().describe()


def test_expiries_may_be_dates_and_tenors():
    quotes = [
        ["3M" if expiry == 0.25 else "2027-11-29" if expiry == 1 else expiry, k, vol] for expiry, k, vol in QUOTES
    ]
    market = {"model": "local-vol", "vol_surface": quotes}
    with pytest.raises(InvalidInput) as error:
        build_request({"strike": 100}, market, {}, "vega[3M@90]")
    assert "give the valuation date" in str(error.value)
    dated = build_request({"strike": 100}, market, {}, "vega[3M@90]", dates={"valuation_date": "2026-11-29"})
    assert dated.market.values["vol[3M@90]"] == 0.22
    assert dated.market.vol_surface.expiries == pytest.approx((91 / 365, 1, 2))


def test_value_of_one_quote_is_replaced():
    surface = market_of().vol_surface.with_value("1@80", 0.3)
    assert surface.values == {**market_of().vol_surface.values, "vol[1@80]": 0.3}


def test_quotes_beyond_the_next_expiry_are_idle():
    surface = market_of().vol_surface
    assert surface.idle(0.2) == frozenset(NAMES[3:])
    assert surface.idle(0.25) == frozenset(NAMES[3:])
    assert surface.idle(0.3) == frozenset(NAMES[6:])
    assert surface.idle(1.5) == frozenset()


@pytest.mark.parametrize(
    ("quotes", "message"),
    [
        (QUOTES[:3], "a surface has two expiries or more, and there is 0.25 alone; add one, or use model gbm"),
        (without(1), "expiry 0.25: has 2 of the 3 strikes that a smile needs; add some, or leave the expiry out"),
        (changed(4, 1, 100, -0.21), "quote 1@100: its vol -0.21 should be 0.001 to 10; correct it"),
        (changed(4, 1, 100, 21), "quote 1@100: its vol 21 should be 0.001 to 10; correct it"),
        (changed(4, 1, -100, 0.2), "quote 1@-100: its strike should be 1e-12 to 1e12"),
        (changed(4, 1, 80, 0.2), "quote 1@80: is there twice; keep one"),
        (changed(4, 1, 70, 0.2), "quote 1@70: follows strike 80; sort the quotes of an expiry by strike"),
        (
            [*QUOTES[3:], *QUOTES[:3]],
            "expiry 0.25: comes after a later one, or after itself; sort the quotes by expiry",
        ),
        (changed(4, 1, 100), "[1, 100] is no quote; give expiry, strike and vol, such as [[0.25, 90, 0.22]"),
        (changed(4, 1, 100, None), "quote 1@100: its vol should be a number, not 'None'"),
        (changed(4, 1, 100, float("nan")), "quote 1@100: its vol nan should be"),
        (changed(4, 1, "high", 0.2), "quote 1: its strike should be a number, not 'high'"),
        ([[0, 90, 0.2], [0, 100, 0.2], [0, 110, 0.2], *QUOTES], "expiry 0: should be above 0 and at most 100 years"),
        ([[t, k, 0.2] for t in range(1, 5) for k in range(1, 102)], "404 quotes, and 400 are the most"),
        ("none", "none: is no surface; give a CSV file with columns expiry, strike and vol"),
        (0.2, "0.2: is no surface; give a CSV file, or quotes such as"),
        (None, "vol_surface: required: implied vols by expiry and strike: a CSV file"),
    ],
    ids=str,
)
def test_quotes_that_are_no_surface_are_refused_in_one_line(quotes, message):
    text = refusal(quotes)
    assert message in text
    assert text.startswith("market.vol_surface: ")
    assert "\n" not in text


def test_surface_belongs_to_its_model_alone():
    assert "model gbm has no vol_surface; choose model local-vol, or leave it out" in refusal(model="gbm", vol=0.2)
    assert "model local-vol has no vol; choose model gbm or merton, or leave it out" in refusal(vol=0.2)
    assert "model local-vol has no jump_mean" in refusal(jump_mean=0.2)


def request_of(greeks, **contract):
    return build_request({"strike": 100, **contract}, {"model": "local-vol", "vol_surface": QUOTES}, {}, greeks)


def test_axes_run_over_one_quote():
    moved = points(request_of("vega"), [parse_axis("vol[1@80]=0.23:0.24:2")])
    assert [request.market.values["vol[1@80]"] for request in moved] == [0.23, 0.24]
    assert {request.market.values["vol[1@100]"] for request in moved} == {0.21}
    with pytest.raises(InvalidInput, match=r"vol_surface has no quote '1@90'"):
        points(request_of("vega"), [parse_axis("vol[1@90]=0.23:0.24:2")])


def test_quotes_that_no_date_knows_are_idle():
    assert request_of("vega", expiry=0.4).idle_parameters == frozenset(NAMES[6:])


def test_dividends_of_a_surface_are_shares():
    assert "have no dividends in cash; give shares of the price" in refusal(dividends="0.3:1.5,0.8:2%")
    assert market_of(dividends="0.3:1%,0.8:2%").forward(1) == pytest.approx(market_of().forward(1) * 0.99 * 0.98)


def test_surface_is_not_judged_where_the_forward_is_wrong():
    assert refusal(changed(4, 1, 100, 0.3), spot=-1).startswith("market.spot: -1: ")


def test_quote_that_is_not_there_is_refused():
    with pytest.raises(InvalidInput, match=r"vol_surface has no quote '1@90'; .* such as vol\[0.25@90\]"):
        build_request({"strike": 100}, {"model": "local-vol", "vol_surface": QUOTES}, {}, "vega[1@90]")
