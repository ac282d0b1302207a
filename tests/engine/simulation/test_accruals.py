"""Integrals of curves as graphs: their values and derivatives."""

import numpy as np
import pytest

from greeks_cli.engine.autodiff.chainer_runtime import chainer
from greeks_cli.engine.simulation.accruals import Accruals
from greeks_cli.terms.building import build_request

MARKET = {"rate": "0.5:0.02,1:0.03", "dividend_yield": 0.01, "vol": "0.25:0.2,1:0.22"}


def accruals(date, passed=0.0):
    """Accruals to a date, and the leaves, in the market above."""
    market = build_request({"strike": 100}, MARKET, {}, "price").market
    values = {**market.values, "time": passed}
    leaves = {name: chainer.Variable(np.array([value])) for name, value in values.items()}
    weights = {
        node: row[0]
        for name, nodes in market.nodes
        for node, row in zip(nodes, market.curves[name].weights((date,)), strict=True)
    }
    return Accruals(leaves, np.array([date]), market.nodes, weights.__getitem__), leaves


@pytest.mark.parametrize("date", [0.2, 0.5, 0.8, 1.0, 2.5])
def test_integrals_are_those_of_the_curves(date):
    market = build_request({"strike": 100}, MARKET, {}, "price").market
    found, _ = accruals(date)
    assert found.rate.array[0] == pytest.approx(market.rate.mean(date) * date)
    assert found.carry.array[0] == pytest.approx((market.rate.mean(date) - 0.01) * date)
    assert found.variance.array[0] == pytest.approx(market.vol.mean(date) ** 2 * date)
    assert found.deviation.array[0] ** 2 == pytest.approx(found.variance.array[0])
    assert found.growth.array[0] == pytest.approx(found.carry.array[0] - found.variance.array[0] / 2)
    assert found.discount.array[0] == pytest.approx(np.exp(-found.rate.array[0]))


def test_what_has_passed_is_that_of_the_first_node():
    later, now = accruals(0.8, passed=0.1)[0], accruals(0.8)[0]
    assert now.rate.array[0] - later.rate.array[0] == pytest.approx(0.1 * 0.02)
    assert now.variance.array[0] - later.variance.array[0] == pytest.approx(0.1 * 0.2**2)


def test_derivatives_in_nodes_add_up_to_that_of_the_shift():
    found, leaves = accruals(0.8)
    names = ["rate[0.5]", "rate[1]", "rate"]
    first, second, shift = chainer.grad([found.rate], [leaves[name] for name in names])
    assert first.array + second.array == pytest.approx(shift.array)
    assert shift.array == pytest.approx(0.8)
