"""The line above every table and figure: contract, market and settings of the run."""

import pytest

from greeks_cli.report.headline import headline
from greeks_cli.terms.building import build_request


def simulated(**settings):
    return headline(build_request({"strike": 100}, {"vol": 0.2}, settings, "delta"), 1000)


def test_headline_leaves_out_default_settings():
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
def test_headline_states_settings_that_are_not_defaults(settings, words):
    assert words in simulated(**settings).line


@pytest.mark.parametrize(("fixings", "words"), [(1, ", 1 fixing, expiry 1y"), (12, ", 12 fixings, expiry 1y")], ids=str)
def test_headline_counts_fixings_of_asians_and_formulas(fixings, words):
    asian = {"kind": "asian", "strike": 100, "fixings": fixings}
    formula = {"kind": "formula", "payoff": "max(S[0] - 100, 0)", "fixings": fixings}
    for contract in (asian, formula) if fixings > 1 else (asian,):
        assert headline(build_request(contract, {"vol": 0.2}, {}, "delta"), 1000).contract.endswith(words)


def test_title_of_a_figure_has_the_settings_but_for_the_seed():
    found = simulated(antithetic=True, autodiff="backward")
    assert found.title[-1] == "1,000 paths x 1 step, antithetic, softplus width auto, autodiff backward, float64"
