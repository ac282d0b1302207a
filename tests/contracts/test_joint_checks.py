"""Checks of contracts on several underlyings: methods against each other, and the pricing equation."""

from dataclasses import replace

import numpy as np
import pytest

from greeks_cli.analytic.closed_forms import exact_greeks
from greeks_cli.engine.estimators.finite_differences import bumped
from greeks_cli.engine.simulation.path_data import Motion
from greeks_cli.run.checking import check
from greeks_cli.run.pricing_equation import equation
from greeks_cli.terms.contracts.catalogue import ON_SEVERAL
from greeks_cli.terms.contracts.joint import JointContract
from tests.contracts.joint import CURVED, IN_THREE, THREE, asked

EXAMPLES = [{"kind": kind, **model.example} for kind, model in ON_SEVERAL.items()]


@pytest.mark.parametrize("contract", EXAMPLES, ids=str)
def test_methods_agree(contract):
    greeks = "delta[A],d(spot[A],spot[B]),vega[B],d(correlation),d(spot[A],correlation[A,B])"
    rows = check(asked(contract, greeks, JointContract.example_market, paths=20_000))
    assert {row.method for row in rows} >= {"bumps", "likelihood", "conditional", "pricing equation"}
    for row in rows:
        assert row.z is None or abs(row.z) < 4, row


UNDER_CURVES = [contract for contract in EXAMPLES if contract["kind"] != "two-asset-barrier"]  # continuous


@pytest.mark.parametrize(
    ("contract", "market"),
    [*((one, JointContract.example_market) for one in EXAMPLES), *((one, CURVED) for one in UNDER_CURVES)],
    ids=str,
)
def test_closed_forms_solve_the_pricing_equation(contract, market):
    weights = dict(equation(asked(contract, "price", market)))
    exact = exact_greeks(replace(asked(contract, "price", market), greeks=tuple(weights)))
    assert sum(weight * value for weight, value in zip(weights.values(), exact, strict=True)) == pytest.approx(
        0, abs=1e-9
    )


def test_estimates_of_three_underlyings_solve_the_pricing_equation():
    market = {"underlying": THREE, "correlation": IN_THREE, "rate": 0.02}
    for kind in ("basket", "best-of", "worst-of", "rainbow"):
        rows = check(asked({"kind": kind, "strike": 100}, "price", market, paths=20_000))
        (row,) = [row for row in rows if row.method == "pricing equation"]
        assert abs(row.z) < 4, row


@pytest.mark.parametrize("index", [("correlation[A,B]",), ("correlation[A,B]",) * 2, ("correlation[A,B]", "vol[A]")])
def test_bumps_of_a_correlation_stay_within_the_positive_definite(index):
    market = {"underlying": THREE, "correlation": {**IN_THREE, "A,B": 0.97, "A,C": 0.2}, "rate": 0.02}
    request = asked({"kind": "basket", "strike": 100}, f"d({','.join(index)})", market)
    normals = np.random.default_rng(1).standard_normal((3, 20_000))
    value, _ = bumped(request, Motion(request.path_dates, normals), index, 1)
    assert np.isfinite(value).all()
