"""Contracts on several underlyings: published and exact values, methods against each other, limits."""

import pytest

from greeks_cli.run.price import run
from greeks_cli.terms.errors import InvalidInput
from tests.contracts.joint import asked, assert_near


def two(spots, vols, correlation, rate, yields=(0, 0)):
    """The market of two underlyings."""
    each = zip("AB", spots, vols, yields, strict=True)
    tables = {name: {"spot": spot, "vol": vol, "dividend_yield": q} for name, spot, vol, q in each}
    return {"underlying": tables, "correlation": correlation, "rate": rate}


HAUGS_MARKET = two([100, 105], [0.11, 0.16], 0.63, 0.05, [0.06, 0.09])
OF_THE_MAXIMUM = {
    "delta[A]": 0.221595051892,
    "delta[B]": 0.54362140077,
    "gamma[A]": 0.042444012222,
    "gamma[B]": 0.038090566922,
    "d(spot[A],spot[B])": -0.023807607886,
    "d(correlation[A,B])": -2.199840086758,
    "vega[A]": 10.745195415112,
    "vega[B]": 24.934072544447,
}
"""Greeks of the call on the larger of two prices (E. Haug, 1998, p. 58), by quadrature."""


@pytest.mark.parametrize("estimator", ["auto", "likelihood"])
def test_greeks_of_the_maximum_of_two(estimator):
    contract = {"kind": "best-of", "strike": 98, "expiry": 0.5}
    found = run(asked(contract, market=HAUGS_MARKET, paths=400_000, estimator=estimator))
    for name, exact in OF_THE_MAXIMUM.items():
        assert_near(found[name], exact, precision=0.02 if estimator == "auto" else 0.05)


OF_TWO = [
    ({"kind": "best-of", "strike": 100}, two([100, 100], [0.3, 0.3], 0.9, 0.05), 17.56515417044),
    ({"kind": "worst-of", "strike": 100}, two([100, 100], [0.5, 0.1], 0.5, 0.05), 4.029755746483),
    ({"kind": "best-of", "strike": 100}, two([120, 120], [0.3, 0.3], 0.3, 0.05), 42.889683659171),
    ({"kind": "spread", "strike": 20, "expiry": 5}, two([110, 90], [0.3, 0.2], 0.6, 0.05), 25.109344351666),
    ({"kind": "spread", "strike": 20}, two([110, 90], [0.3, 0.2], -0.9, 0.05), 20.152673331705),
    (
        {"kind": "spread", "strike": 3, "expiry": 0.5},
        two([122, 120], [0.2, 0.25], 0.5, 0.1, [0.1, 0.1]),
        6.927704472114,
    ),
]
"""Prices by quadrature; published values of spreads are often an approximation."""


@pytest.mark.parametrize(("contract", "market", "exact"), OF_TWO)
def test_price_on_two_underlyings(contract, market, exact):
    assert_near(run(asked(contract, "price", market, paths=400_000))["price"], exact)


def test_formula_of_two_underlyings_is_the_spread_it_spells():
    market = two([100, 95], [0.2, 0.3], 0.5, 0.01)
    greeks = "price,delta,gamma,d(correlation),theta"
    formula = {"kind": "formula", "payoff": "max(A[-1] - B[-1] - correlation_x, 0)", "fixings": 1}
    formula["param"] = {"correlation_x": 5}  # a parameter's name may begin as that of a correlation does
    found = run(asked(formula, f"{greeks},d(correlation_x)", market, estimator="pathwise"))
    spread = run(asked({"kind": "spread", "strike": 5}, f"{greeks},d(strike)", market, estimator="pathwise"))
    values = [estimate.value for estimate in found.estimates]
    assert values == pytest.approx([estimate.value for estimate in spread.estimates], rel=1e-9)
    assert all(estimate.exact is None for estimate in found.estimates)


def test_weights_are_as_many_as_the_underlyings():
    with pytest.raises(InvalidInput, match="weights has one number, and the underlyings are A, B; give one for each"):
        asked({"kind": "basket", "strike": 100, "weights": [0.5]})
