"""Control variates of several underlyings: an arithmetic basket by the geometric one."""

import math

import pytest

from greeks_cli.run.price import run
from greeks_cli.terms.errors import InvalidInput
from tests.contracts.joint import IN_THREE, THREE, TWO, asked

GREEKS = "price,delta,hessian,vega,d(correlation),rho,theta,d(strike)"
BASKET = {"kind": "basket", "strike": 100}
OF_TWO = {"underlying": TWO, "correlation": 0.5, "rate": 0.03}
OF_THREE = {"underlying": THREE, "correlation": IN_THREE, "rate": 0.03}


@pytest.mark.parametrize("type", ["call", "put"])
@pytest.mark.parametrize("weights", [(0.5, 0.5), (0.3, 0.7)])
def test_the_mean_of_two_has_its_closed_form_with_less_noise(type, weights):
    contract = {**BASKET, "type": type, "weights": weights}
    plain, controlled = (run(asked(contract, GREEKS, OF_TWO, control=control)) for control in (False, True))
    for one, other in zip(plain.estimates, controlled.estimates, strict=True):
        assert other.exact is not None
        assert abs(other.value - other.exact) <= 4 * other.stderr + other.bias, other
        assert other.stderr < 0.8 * one.stderr, other
    assert controlled["price"].stderr < 0.2 * plain["price"].stderr
    assert controlled["theta"].stderr < 0.4 * plain["theta"].stderr


def test_the_mean_of_three_agrees_with_more_paths():
    plain = run(asked(BASKET, GREEKS, OF_THREE, paths=400_000, seed=8))
    controlled = run(asked(BASKET, GREEKS, OF_THREE, paths=25_000, control=True))
    for one, other in zip(plain.estimates, controlled.estimates, strict=True):
        gap = 4 * math.hypot(one.stderr, other.stderr) + one.bias + other.bias
        assert abs(one.value - other.value) <= gap, (one, other)
    assert controlled["price"].stderr < plain["price"].stderr


WRONG = {
    "only one has a control variate: an arithmetic basket with positive weights": [
        ({**BASKET, "weights": (0.5, -0.5)}, OF_TWO),
        ({**BASKET, "weights": (1.0, 1.0)}, OF_TWO),
        ({**BASKET, "average": "geometric"}, OF_TWO),
        ({"kind": "spread", "strike": 5}, OF_TWO),
    ],
    "has a closed form under model gbm, vols that are numbers and no dividends in cash alone": [
        (BASKET, {**OF_TWO, "underlying": {**TWO, "B": {"vol": "0.5:0.2,1:0.3"}}}),
        (BASKET, {**OF_TWO, "underlying": {**TWO, "B": {"vol": 0.2, "dividends": "0.5:3"}}}),
    ],
}


@pytest.mark.parametrize("words", WRONG)
def test_a_control_that_does_not_exist_is_refused_in_one_line(words):
    for contract, market in WRONG[words]:
        with pytest.raises(InvalidInput, match=words) as refused:
            asked(contract, "price", market, control=True)
        assert len(refused.value.problems) == 1
