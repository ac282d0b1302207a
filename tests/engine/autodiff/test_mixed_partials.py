import numpy as np
import pytest

from greeks_cli.engine.autodiff.chainer_runtime import F
from greeks_cli.engine.autodiff.mixed_partials import by_backward, by_grad
from greeks_cli.engine.autodiff.ops import make_leaves

VALUES = {"spot": 1.3, "vol": 0.4, "rate": 0.2}
UP_TO_SECOND = [(), ("spot",), ("vol",), ("rate",), ("spot", "spot"), ("spot", "vol"), ("vol", "vol"), ("vol", "rate")]


def graph():
    leaves = make_leaves(VALUES, VALUES, 3, np.float64)
    return leaves["spot"] ** 3 * F.exp(2 * leaves["vol"]) + leaves["rate"], leaves


def test_orders_up_to_four():
    value, leaves = graph()
    S, e = 1.3, np.exp(0.8)
    exact = {
        (): S**3 * e + 0.2,
        ("spot",): 3 * S**2 * e,
        ("spot", "spot"): 6 * S * e,
        ("spot", "spot", "vol"): 12 * S * e,
        ("spot", "spot", "vol", "vol"): 24 * S * e,
        ("spot", "spot", "spot", "spot"): 0.0,
        ("rate",): 1.0,
    }
    found = by_grad(value, leaves, list(exact))
    for index, expected in exact.items():
        np.testing.assert_allclose(found[index], np.full(3, expected), rtol=1e-12)


def test_a_parameter_that_does_not_matter_has_derivative_zero():
    value, leaves = graph()
    assert by_grad(value, leaves, [("vol", "rate")])[("vol", "rate")].tolist() == [0, 0, 0]
    assert by_backward(value, leaves, [("vol", "rate")])[("vol", "rate")].tolist() == [0, 0, 0]


@pytest.mark.parametrize("index", UP_TO_SECOND)
def test_both_ways_that_chainer_offers_agree(index):
    value, leaves = graph()
    forward = by_grad(value, leaves, UP_TO_SECOND)
    value, leaves = graph()
    np.testing.assert_allclose(by_backward(value, leaves, UP_TO_SECOND)[index], forward[index], rtol=1e-14)
