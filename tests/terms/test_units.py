"""Units of Greeks: factors and words, of raw derivatives, markets and desks."""

import pytest

from greeks_cli.terms.books.measures import in_units as measures_in
from greeks_cli.terms.books.measures import measures_of
from greeks_cli.terms.building import build_request
from greeks_cli.terms.greek import NAMED, parse_greek
from greeks_cli.terms.units import Units

VALUES = {"spot": 50.0, "spot[A]": 20.0, "spot[B]": 30.0}


@pytest.mark.parametrize(
    ("name", "factor", "unit"),
    [
        ("price", 1, "EUR"),
        ("delta", 50, "EUR"),
        ("gamma", 50 * 50 / 100, "EUR per 1% of the spot"),
        ("speed", 50**3 / 100**2, "EUR per (1% of the spot)^2"),
        ("vega", 0.01, "EUR per vol point"),
        ("vanna", 50 * 0.01, "EUR per vol point"),
        ("theta", 1 / 365, "EUR per day"),
        ("rho", 0.0001, "EUR per basis point"),
        ("phi", 0.0001, "EUR per basis point of dividend yield"),
        ("rho[0.5]", 0.0001, "EUR per basis point[0.5]"),
        ("dual_delta", 1, "EUR per strike"),
        ("delta[A]", 20, "EUR"),
        ("d(spot[A],spot[B])", 20 * 30 / 100, "EUR per 1% of the spot[B]"),
    ],
)
def test_a_desk_has_money(name, factor, unit):
    greek = parse_greek(name)
    assert Units.DESK.scale(greek, VALUES) == pytest.approx(factor, rel=1e-15)
    assert Units.DESK.label(greek, "EUR") == unit


def test_money_without_a_name_is_currency():
    assert Units.DESK.label(NAMED["vega"]) == "currency per vol point"
    assert Units.RAW.label(NAMED["price"]) == "currency"
    assert Units.RAW.label(NAMED["price"], "USD") == "USD"
    assert Units.RAW.label(NAMED["vega"], "USD") == "per 1.00 vol"


def test_raw_and_market_units_do_not_depend_on_the_spot():
    assert Units.RAW.scale(NAMED["gamma"], {}) == 1
    assert Units.MARKET.scale(NAMED["rho"], {}) == 0.01


def test_totals_of_a_desk_add_up_cash():
    requests = [
        build_request({"strike": 100}, {"vol": 0.2, "spot": spot}, {}, "delta,gamma,vega") for spot in (90, 110)
    ]
    found = measures_in(measures_of(requests, "X", True, money=False), Units.DESK)
    assert [measure.name for measure in found] == ["price", "delta", "gamma", "vega"]
    assert found[1].terms(requests[0]) == {"delta": 90}
    assert found[2].terms(requests[1]) == {"gamma": pytest.approx(110 * 110 / 100)}
    assert measures_in(found, Units.RAW) == found
