import numpy as np
import pytest

from greeks_cli.run.machine.executors import with_executor
from greeks_cli.run.price import run
from greeks_cli.run.profile import profile
from greeks_cli.terms.axis import Axis, parse_axis, points
from greeks_cli.terms.building import build_request
from greeks_cli.terms.errors import InvalidInput, NonFiniteEstimate
from tests.conftest import assert_agrees

BARRIER = {"kind": "barrier", "strike": 100, "barrier": 90, "barrier_type": "down-out", "monitoring": 4}


def asked(contract=None, greeks="delta,gamma", **simulation):
    return build_request(contract or {"strike": 100}, {"vol": 0.2}, {"paths": 4096, **simulation}, greeks)


def test_points_agree_with_the_closed_form_and_with_single_runs():
    request, axis = asked(greeks="price,delta,vega"), parse_axis("spot=80:120:3")
    found = profile(request, [axis])
    for result, alone in zip(found.results, points(request, [axis]), strict=True):
        assert_agrees(result)
        assert [result.request] == with_executor([alone])
        # Price, delta and vega leave no choice of estimator to the pilot, and so have the same bits.
        assert result.estimates == run(alone).estimates


def test_surface_points_are_in_the_order_of_the_axes():
    found = profile(asked(greeks="delta"), [Axis("spot", (90, 110)), Axis("vol", (0.1, 0.2, 0.3))])
    assert [place for place, _ in found.points()] == [
        {"spot": spot, "vol": vol} for spot in (90, 110) for vol in (0.1, 0.2, 0.3)
    ]
    for place, result in found.points():
        assert (result.request.market.spot, result.request.market.vol) == (place["spot"], place["vol"])


def test_all_points_of_a_curve_use_one_estimator():
    request, axis = asked(BARRIER, "vanna"), parse_axis("spot=92:140:7")
    alone = {run(point)["vanna"].estimator for point in points(request, [axis])}
    together = {estimate.estimator for estimate in profile(request, [axis]).estimates(request.greeks[1])}
    assert len(alone) > 1
    assert len(together) == 1


@pytest.mark.parametrize("control", [False, True])
def test_curves_are_smooth_below_their_noise(control):
    request = asked(greeks="gamma,vega,volga", control=control)
    found = profile(request, [parse_axis("spot=96:104:9")])
    for greek in request.greeks:
        estimates = found.estimates(greek)
        errors = [estimate.value - estimate.exact for estimate in estimates]
        # Of independent numbers, second differences are sqrt(6) standard errors large.
        assert np.sqrt(np.mean(np.diff(errors, 2) ** 2)) < 0.5 * max(estimate.stderr for estimate in estimates)


def test_threads_do_not_change_bits_and_progress_counts_points():
    calls = []
    axis = [parse_axis("vol=0.1:0.3:3")]
    one = profile(asked(), axis, 1, lambda done, total: calls.append((done, total)))
    assert [result.estimates for result in one.results] == [r.estimates for r in profile(asked(), axis, 3).results]
    assert calls[-1] == (3, 3)
    assert len(calls) > 1
    assert calls == sorted(calls)  # points share paths: each block counts as its share of the points
    assert {total for _, total in calls} == {3}


def test_a_point_without_a_finite_estimate_is_named():
    request = asked({"kind": "formula", "payoff": "log(S[-1] - 90)"}, "delta")
    with pytest.raises(NonFiniteEstimate, match=r"^spot=90: price: the estimate is nan"):
        profile(request, [Axis("spot", (90, 1000))])


def test_invalid_point_is_refused_before_any_simulation(monkeypatch):
    monkeypatch.setattr("greeks_cli.run.profile.run_plans", None)
    with pytest.raises(InvalidInput, match=r"vol=-0\.1: "):
        profile(asked(), [Axis("vol", (0.2, -0.1))])


@pytest.mark.parametrize("ends", ["80:130", "130:80"])
def test_a_barrier_within_the_profile_leaves_fewer_methods_beyond_it(ends):
    """Where the barrier is touched, the price has one kink less, and delta no choice of methods."""
    contract = {"kind": "barrier", "strike": 100, "barrier": 118, "barrier_type": "up-out"}
    request = build_request(contract, {"vol": 0.2}, {"paths": 2000}, "delta,gamma")
    found = profile(request, [parse_axis(f"spot={ends}:6")])
    assert [round(result["delta"].value, 9) == 0 for result in found.results].count(True) == 2
