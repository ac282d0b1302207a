"""Closed forms of contracts on two underlyings beside published values and values by quadrature."""

import pytest

from greeks_cli.analytic.closed_forms import exact_greeks
from tests.contracts.joint import asked
from tests.contracts.test_several_underlyings import HAUGS_MARKET, OF_THE_MAXIMUM, OF_TWO, two

MORE = [
    ({"kind": "best-of", "strike": 100}, two([100, 100], [0.3, 0.3], 0.1, 0.05), 24.050010198734),
    ({"kind": "worst-of", "strike": 100}, two([100, 100], [0.3, 0.3], 0.9, 0.05), 10.897355401532),
    ({"kind": "spread", "strike": 3, "expiry": 0.1}, two([122, 120], [0.2, 0.2], -0.5, 0.1, [0.1] * 2), 4.752814870734),
    ({"kind": "spread", "strike": 3, "expiry": 0.5}, two([122, 120], [0.2, 0.2], 0, 0.1, [0.1] * 2), 8.701403328954),
]


@pytest.mark.parametrize(("contract", "market", "expected"), [*OF_TWO, *MORE])
def test_prices(contract, market, expected):
    assert exact_greeks(asked(contract, "price", market))[0] == pytest.approx(expected, abs=2e-12)


def test_greeks_of_the_maximum_of_two():
    """The values by central differences are known to five decimals."""
    request = asked({"kind": "best-of", "strike": 98, "expiry": 0.5}, ",".join(OF_THE_MAXIMUM), HAUGS_MARKET)
    found = dict(zip((greek.name for greek in request.greeks), exact_greeks(request), strict=True))
    assert {name: found[name] for name in OF_THE_MAXIMUM} == pytest.approx(OF_THE_MAXIMUM, abs=1e-5)


def test_price_of_the_maximum_of_two():
    """E. Haug, The complete guide to option pricing formulas, 1998, p. 58."""
    contract = {"kind": "best-of", "strike": 98, "expiry": 0.5}
    assert exact_greeks(asked(contract, "price", HAUGS_MARKET))[0] == pytest.approx(8.0701, abs=5e-5)
