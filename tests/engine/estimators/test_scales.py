"""Scales of parameters."""

import pytest

from greeks_cli.engine.estimators.scales import scale_of
from greeks_cli.terms.building import build_request


def test_scales_follow_the_units_of_the_market():
    small, large = (
        build_request({"strike": spot, "expiry": 4}, {"spot": spot, "vol": 0.1}, {}) for spot in (100.0, 1e7)
    )
    for name in ("spot", "strike"):
        assert scale_of(large, name) == pytest.approx(1e5 * scale_of(small, name))
    for name in ("vol", "rate", "dividend_yield", "time"):
        assert scale_of(large, name) == scale_of(small, name)
    assert scale_of(small, "spot") == pytest.approx(100 * 0.1 * 2)
    assert scale_of(small, "rate") == pytest.approx(0.1 * 2 / 4)


def test_parameter_of_value_0_has_a_scale():
    formula = {"kind": "formula", "payoff": "max(S[-1] - 100, 0) + c * S[-1]", "param": {"c": 0.0}, "fixings": 1}
    assert scale_of(build_request(formula, {"vol": 0.2}, {}), "c") == 1.0
