"""Requests on several underlyings."""

from greeks_cli.terms.building import build_request

TWO = {"A": {"spot": 100, "vol": 0.2, "dividend_yield": 0.01}, "B": {"spot": 95, "vol": 0.3}}
THREE = {**TWO, "C": {"spot": 105, "vol": 0.25, "dividend_yield": 0.03}}
IN_THREE = {"A,B": 0.5, "A,C": -0.2, "B,C": 0.3}

CURVED = {
    "rate": "0.5:0.02,2:0.04",
    "correlation": -0.3,
    "underlying": {
        "A": {"spot": 100, "vol": 0.2, "dividend_yield": "0.5:0.01,2:0.03", "borrow": 0.005},
        "B": {"spot": 95, "vol": 0.35, "dividends": "0.3:1.5,0.8:2%", "dividend_model": "escrowed"},
    },
}
"""Two underlyings with curves, a cost of borrowing, and dividends in cash and as shares."""


def asked(contract, greeks="delta,hessian,vega,d(correlation),rho,theta", market=None, **simulation):
    """A request on two underlyings, or in another market."""
    market = market or {"underlying": TWO, "correlation": 0.5, "rate": 0.03}
    return build_request(contract, market, {"paths": 100_000, **simulation}, greeks)


def assert_near(estimate, exact, precision=0.02):
    """Asserts that an estimate and its error bar hold an exact value, and that the bar is short."""
    assert abs(estimate.value - exact) <= 4 * estimate.stderr + estimate.bias + 1e-12, estimate
    assert estimate.stderr + estimate.bias <= precision * abs(exact), estimate
