"""The line above every table and figure says what was run."""

import pytest

from greeks_cli.report.headline import headline
from greeks_cli.terms.request import build_request


def simulated(**settings):
    return headline(build_request({"strike": 100}, {"vol": 0.2}, settings, "delta"), 1000)


def test_what_is_usual_is_not_said():
    assert simulated().simulation == "1,000 paths x 1 step, seed 0, softplus width auto, float64"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"antithetic": True}, "1,000 paths x 1 step, antithetic, seed 0"),
        ({"antithetic": True, "control": True}, "antithetic, control variate, seed 0"),
        ({"sampler": "sobol", "paths": 4096}, "seed 0 of sobol, "),
        ({"estimator": "likelihood"}, ", estimator likelihood, "),
        ({"autodiff": "backward"}, ", autodiff backward, float64"),
        ({"smoothing": "none"}, ", no smoothing, float64"),
        ({"beta": 10, "dtype": "float32"}, ", softplus beta 10, float32"),
    ],
)
def test_whatever_else_is_asked_of_the_simulation_is_said(settings, words):
    assert words in simulated(**settings).line


@pytest.mark.parametrize(("fixings", "words"), [(1, ", 1 fixing, expiry 1y"), (12, ", 12 fixings, expiry 1y")], ids=str)
def test_fixings_are_counted_alike(fixings, words):
    asian = {"kind": "asian", "strike": 100, "fixings": fixings}
    formula = {"kind": "formula", "payoff": "max(S[0] - 100, 0)", "fixings": fixings}
    for contract in (asian, formula) if fixings > 1 else (asian,):
        assert headline(build_request(contract, {"vol": 0.2}, {}, "delta"), 1000).contract.endswith(words)


def test_a_figure_has_the_seed_in_its_corner_and_the_rest_in_its_title():
    found = simulated(antithetic=True, autodiff="backward")
    assert found.title[-1] == "1,000 paths x 1 step, antithetic, softplus width auto, autodiff backward, float64"
