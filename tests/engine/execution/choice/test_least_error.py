"""Choice among judged methods: few methods, nearly of least error, and one for a curve and its nodes."""

import numpy as np

from greeks_cli.engine.autodiff.softplus import Kernel
from greeks_cli.engine.estimators.methods import Method
from greeks_cli.engine.execution.choice.least_error import chosen, of_curves
from greeks_cli.terms.simulation import Estimator

WIDE, NARROW = (Method(Estimator.PATHWISE, (Kernel.plain(width),)) for width in (2.0, 1.0))
RATIO = Method(Estimator.LIKELIHOOD, (Kernel.plain(0.0),))


def test_greeks_share_a_method_that_costs_each_little():
    candidates = {("spot",): (WIDE, NARROW), ("vol",): (WIDE, NARROW)}
    errors = {("spot",): np.array([1.1, 1.0]), ("vol",): np.array([1.0, 1.15])}
    assert set(chosen(candidates, errors).values()) == {WIDE}


def test_methods_of_much_larger_error_are_not_shared():
    candidates = {("spot",): (WIDE, NARROW), ("vol",): (WIDE, NARROW)}
    errors = {("spot",): np.array([2.0, 1.0]), ("vol",): np.array([1.0, 2.0])}
    assert chosen(candidates, errors) == {("spot",): NARROW, ("vol",): WIDE}


def test_derivative_at_a_node_has_the_method_of_the_whole_curve():
    whole, node = ("spot", "vol"), ("spot", "vol[1]")
    candidates = {whole: (WIDE, RATIO), node: (WIDE, RATIO)}
    errors = {whole: np.array([2.0, 1.0]), node: np.array([1.0, 9.0])}
    assert chosen(candidates, errors) == {whole: RATIO, node: RATIO}
    assert of_curves(node) == whole
