"""The comparison that other tests use refuses wrong values and error bars that are too wide."""

from dataclasses import replace

import pytest

from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request
from greeks_cli.terms.contracts.catalogue import ON_ONE
from tests.conftest import MARKETS, assert_agrees, assert_narrow, european
from tests.contracts.test_every_contract import NO_CLOSED_FORM

EXAMPLES = [{"kind": kind, **model.example} for kind, model in ON_ONE.items() if kind not in NO_CLOSED_FORM]


def with_estimates(result, **factors):
    """The result with fields of every estimate multiplied."""
    changed = [{name: factor * getattr(one, name) for name, factor in factors.items()} for one in result.estimates]
    estimates = zip(result.estimates, changed, strict=True)
    return replace(result, estimates=tuple(replace(one, **fields) for one, fields in estimates))


@pytest.mark.parametrize("contract", EXAMPLES, ids=lambda contract: contract["kind"])
def test_a_standard_error_ten_times_too_large_is_refused_for_every_contract(contract):
    result = run(build_request(contract, {"vol": 0.2, "rate": 0.03}, {"paths": 40_000}, "delta,gamma,vega"))
    assert_agrees(result)
    with pytest.raises(AssertionError):
        assert_narrow(with_estimates(result, stderr=10))


@pytest.mark.parametrize("estimator", ["auto", "pathwise", "mixed", "likelihood"])
@pytest.mark.parametrize("greek", ["delta", "gamma", "vega", "theta", "rho", "vanna", "volga", "speed"])
def test_a_standard_error_of_one_greek_ten_times_too_large_is_refused(greek, estimator):
    result = run(european(MARKETS["high vol"], greek, paths=1 << 16, estimator=estimator))
    one = replace(result, estimates=result.estimates[1:])
    assert_agrees(one)
    with pytest.raises(AssertionError):
        assert_narrow(with_estimates(one, stderr=10))


def test_a_bias_ten_times_too_large_is_refused():
    result = run(european(MARKETS["low vol"], "gamma", width=4, paths=1 << 16))
    assert_agrees(result)
    with pytest.raises(AssertionError):
        assert_narrow(with_estimates(result, bias=10))


def test_a_value_wrong_by_a_percent_is_refused():
    result = run(european(MARKETS["low vol"], "delta", paths=1 << 20))
    with pytest.raises(AssertionError):
        assert_agrees(with_estimates(result, value=1.01))
