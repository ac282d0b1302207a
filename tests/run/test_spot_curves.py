import pytest

from greeks_cli.analytic.closed_forms import exact_at_spots, exact_greeks
from greeks_cli.run.price import run
from greeks_cli.run.profile import profile, star
from greeks_cli.run.spot_curves import closed_curves, curves_along_spots, spot_curves, spots_around
from greeks_cli.terms.axis import Axis, points
from greeks_cli.terms.building import build_request
from greeks_cli.terms.contracts.catalogue import ON_ONE
from greeks_cli.terms.errors import NonFiniteEstimate
from greeks_cli.terms.greek import PRICE
from tests.contracts.test_every_contract import NO_CLOSED_FORM

EXAMPLES = {kind: {"kind": kind, **model.example} for kind, model in ON_ONE.items()}
BRANCHING = {
    "up-in": {"kind": "barrier", "strike": 100, "barrier": 110, "barrier_type": "up-in"},
    "up-out": {"kind": "barrier", "strike": 120, "barrier": 110, "barrier_type": "up-out", "type": "put"},
    "lookback with an extreme": {"kind": "lookback", "strike": 95, "running_extreme": 105},
    "floating put": {"kind": "lookback", "strike_kind": "floating", "type": "put", "running_extreme": 110},
}


def asked(contract, greeks="delta,gamma,vega", **simulation):
    return build_request(contract, {"vol": 0.2}, {"paths": 2048, **simulation}, greeks)


@pytest.mark.parametrize("executor", ["numpy", "jit"])
@pytest.mark.parametrize("contract", (EXAMPLES | BRANCHING).values(), ids=EXAMPLES | BRANCHING)
def test_closed_forms_at_all_spots_are_those_of_single_spots(contract, executor):
    spots = [80, 90, 95, 99.5, 100, 104] + ([] if "running_extreme" in contract else [110, 111, 130])
    request = asked(contract, executor=executor)
    alone = [exact_greeks(point) for point in points(request, [Axis("spot", tuple(spots))])]
    lines = exact_at_spots(request, request.greeks, spots)
    assert len(lines) == 4
    assert (lines[0] is None) == (contract["kind"] in NO_CLOSED_FORM)
    for number, line in enumerate(lines):
        single = tuple(values[number] for values in alone)
        assert line == (None if None in single else single)


def test_spots_are_centred_on_today_and_reach_two_and_a_half_deviations():
    spots = spots_around(asked({"strike": 100, "expiry": 0.25}))
    assert (spots[0], spots[len(spots) // 2], spots[-1]) == (75, 100, 125)
    assert spots_around(asked({"strike": 100, "expiry": 100}))[0] == 40
    assert spots_around(asked({"strike": 100, "expiry": 1e-6}))[0] == 95


def test_curves_with_a_closed_form_simulate_no_path():
    found = spot_curves(asked({"strike": 100}), simulate=True)
    assert found.paths == 0
    assert len(found.curves) == 4
    assert not any(curve.simulated for curve in found.curves)


def test_curves_without_a_closed_form_are_simulated_on_few_paths_or_left_out():
    request = asked({"kind": "asian", "strike": 100}, "delta", paths=10_000)
    assert spot_curves(request, simulate=False).curves == ()
    found = spot_curves(request, simulate=True)
    assert found.paths == 4096
    assert len(found.curves) == 2
    shorter = asked({"kind": "asian", "strike": 100}, "delta", paths=4096)
    for curve, greek in zip(found.curves, shorter.greeks, strict=True):
        estimates = profile(shorter, [Axis("spot", found.spots)]).estimates(greek)
        assert curve.values == tuple(one.value for one in estimates)
        assert all(low <= value <= high for low, value, high in zip(curve.low, curve.values, curve.high, strict=True))


def test_a_greek_whose_closed_form_is_missing_at_one_spot_is_simulated():
    strike = spots_around(asked({"strike": 100}))[25]
    request = asked(EXAMPLES["lookback"] | {"strike_kind": "fixed", "strike": strike}, "gamma")
    closed = closed_curves(request, spots_around(request))
    assert [greek.name for greek in closed] == ["price"]
    assert [curve.simulated for curve in spot_curves(request, simulate=True).curves] == [False, True]


def joint(greeks="delta,gamma"):
    underlying = {"A": {"spot": 100, "vol": 0.2}, "B": {"spot": 90, "vol": 0.3}, "C": {"spot": 110, "vol": 0.25}}
    market = {"underlying": underlying, "correlation": 0.4}
    return build_request({"kind": "basket", "strike": 100}, market, {"paths": 2048}, greeks)


def test_rays_of_a_star_meet_in_the_middle_and_are_profiles():
    request = joint()
    axes = [Axis(f"spot[{name}]", spots_around(part, 5)) for name, part in zip("ABC", request.parts, strict=True)]
    rays = star(request, axes)
    assert [ray.axes for ray in rays] == [(axis,) for axis in axes]
    (price, *_), *_ = middles = [[one.value for one in ray.results[2].estimates] for ray in rays]
    assert middles == [middles[0]] * 3
    assert price == run(request)["price"].value
    for axis, ray in zip(axes, rays, strict=True):
        alone = profile(request, [axis]).estimates(PRICE)
        assert [one.value for one in ray.estimates(PRICE)] == [one.value for one in alone]


def test_curves_of_several_underlyings_are_drawn_along_each_spot():
    found = curves_along_spots(joint(), simulate=True)
    assert [curves.parameter for curves in found] == ["spot[A]", "spot[B]", "spot[C]"]
    assert [[curve.greek.name for curve in curves.curves] for curves in found] == [
        ["price", f"delta[{name}]", f"gamma[{name}]"] for name in "ABC"
    ]
    assert all(len(curve.values) == len(curves.spots) == 13 for curves in found for curve in curves.curves)
    assert curves_along_spots(joint(), simulate=False) == ()


def test_a_failure_along_a_star_names_its_point(monkeypatch):
    monkeypatch.setattr("greeks_cli.run.profile.run_plans", lambda plans, *_: [NonFiniteEstimate("none")] * len(plans))
    with pytest.raises(NonFiniteEstimate, match=r"^spot\[A\]=50: none"):
        curves_along_spots(joint(), simulate=True)


def test_curves_of_early_exercise_have_fewer_points():
    put = {"strike": 100, "type": "put", "exercise": "american", "exercise_dates": 4}
    early = spot_curves(asked(put, "price"), simulate=True)
    asian = spot_curves(asked({"kind": "asian", "strike": 100}, "price"), simulate=True)
    assert (len(early.spots), len(asian.spots)) == (13, 25)
    assert (early.spots[6], asian.spots[12]) == (100, 100)
