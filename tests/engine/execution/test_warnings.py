"""Warnings of estimates."""

import pytest

from greeks_cli.engine.execution.compile import plan
from greeks_cli.engine.execution.warnings import contradicted, replaced, unguarded, untrusted
from greeks_cli.terms.building import build_request
from greeks_cli.terms.simulation import Estimator


def plan_of(**simulation):
    return plan(build_request({"strike": 100}, {"vol": 0.2}, {"paths": 2_000, **simulation}, "gamma"))


@pytest.mark.parametrize(
    ("exact", "warns"), [(10.04, False), (10.06, False), (10.07, True), (9.93, True), (None, False)], ids=str
)
def test_a_closed_form_beyond_five_standard_errors_and_the_bias_contradicts(exact, warns):
    found = contradicted(plan_of(), 10.0, 0.01, 0.015, exact, 1e-3)
    assert (found is not None) == warns
    assert found is None or found.startswith(f"the closed form {exact:g} contradicts it")


@pytest.mark.parametrize(("used", "warns"), [(Estimator.PATHWISE, True), (Estimator.MIXED, False)])
def test_an_estimator_that_was_not_kept_is_told(used, warns):
    made = plan_of(estimator="mixed")
    gamma = made.request.greeks[-1]
    assert (replaced(made, gamma, {gamma.parameters: used}) is not None) == warns


@pytest.mark.parametrize(
    ("payoff", "warns"),
    [
        ("where(sqrt(S[-1])>10 and S[-1]>K,1,0)", True),
        ("where(S[-1]>K and S[-1]<K+2,1,0)", True),
        ("where(S[-1]>K and S[-1]<140,1,0)", False),
        ("where(S[0]>K,max(S[1]-S[0],0),0)", False),
    ],
)
def test_a_parameter_that_moves_a_kernel_near_another_kink_is_warned_of(payoff, warns):
    """The first has the true value 0 for K below 100, and is estimated as half of the density at 100."""
    contract = {"kind": "formula", "payoff": payoff, "param": {"K": 99.5}, "fixings": 2 if "S[0]" in payoff else 1}
    made = plan(build_request(contract, {"vol": 0.2}, {}, "d(K)"))
    greek = made.request.greeks[-1]
    found = unguarded(made, greek, {greek.parameters: Estimator.PATHWISE})
    assert (found is not None) == warns


@pytest.mark.parametrize(
    ("m2", "hidden", "uncertainty", "share", "begins"),
    [
        (1.0, 0.0, 0.05, 0.05, None),
        (1.0, 0.0, 0.2, 0.0, "heavy tails: the standard error itself"),
        (1.0, 0.0, 0.0, 0.2, "heavy tails: 20% of the variance"),
        (0.0, 0.1, 0.0, 0.0, "every path gave the same"),
        (0.0, 0.0, 0.0, 0.0, None),
    ],
)
def test_heavy_tails_and_equal_paths_are_not_trusted(m2, hidden, uncertainty, share, begins):
    found = untrusted(plan_of(), 0, m2, hidden, uncertainty, share)
    assert found is None if begins is None else found.startswith(begins)
