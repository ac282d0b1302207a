"""Contracts: dates, remarks, and the Greeks that they have."""

import re

import pytest

from greeks_cli.terms.building import build_request
from greeks_cli.terms.contracts.catalogue import CONTRACTS
from greeks_cli.terms.contracts.contract import equal_dates
from greeks_cli.terms.errors import InvalidInput
from greeks_cli.terms.markets.models import Model, with_samples


@pytest.mark.parametrize("kind", CONTRACTS)
def test_the_catalogue_finds_each_contract_by_its_kind(kind):
    assert CONTRACTS[kind].model_fields["kind"].default == kind


def test_the_catalogue_has_no_other_contracts():
    assert "european" in CONTRACTS
    assert "swaption" not in CONTRACTS
    assert CONTRACTS.get("swaption") is None


@pytest.mark.parametrize("count", [1, 3, 12, 52])
def test_last_date_is_the_expiry(count):
    for days in range(1, 731):
        assert equal_dates(days / 365, count)[-1] == days / 365


def test_fixings_of_every_short_expiry_are_accepted():
    for days in range(1, 731):
        contract = {"kind": "asian", "strike": 100, "fixings": 12, "expiry": days / 365}
        assert len(build_request(contract, {"vol": 0.2}, {}).contract.dates) == 12


@pytest.mark.parametrize(
    ("contract", "remark"),
    [
        (
            {"kind": "barrier", "strike": 100, "barrier": 105, "barrier_type": "down-out"},
            "spot 100 has reached the barrier 105 already: the option is knocked out today",
        ),
        (
            {"kind": "barrier", "strike": 100, "barrier": 95, "barrier_type": "up-in"},
            "spot 100 has reached the barrier 95 already: the option is knocked in today",
        ),
        ({"kind": "barrier", "strike": 100, "barrier": 95, "barrier_type": "down-out"}, None),
        ({"kind": "barrier", "strike": 100, "barrier": 105, "barrier_type": "down-out", "monitoring": 4}, None),
        (
            {"kind": "lookback", "strike": 105, "running_extreme": 90},
            "running_extreme 90 is below spot 100, so that the maximum so far is the spot",
        ),
        (
            {"kind": "lookback", "strike_kind": "floating", "running_extreme": 110},
            "running_extreme 110 is above spot 100, so that the minimum so far is the spot",
        ),
        ({"kind": "lookback", "strike": 105, "running_extreme": 110}, None),
        (
            {"kind": "double-barrier", "strike": 100, "low_barrier": 80, "high_barrier": 100},
            "spot 100 has reached the upper barrier 100 already: the option is knocked out today",
        ),
        (
            {"kind": "double-barrier", "strike": 100, "low_barrier": 101, "high_barrier": 110, "knock": "in"},
            "spot 100 has reached the lower barrier 101 already: the option is knocked in today",
        ),
        ({"kind": "double-barrier", "strike": 100, "low_barrier": 80, "high_barrier": 100, "knocked": "out"}, None),
        ({"kind": "european", "strike": 100}, None),
    ],
)
def test_remarks_say_what_a_user_may_not_expect(contract, remark):
    request = build_request(contract, {"vol": 0.2}, {})
    assert request.contract.remark(request.market.spot) == remark


@pytest.mark.parametrize(
    ("contract", "own"),
    [
        ({"kind": "european", "strike": 100}, ["dual_delta", "dual_gamma"]),
        ({"kind": "lookback", "strike_kind": "floating"}, []),
        (
            {"kind": "barrier", "strike": 100, "barrier": 90, "barrier_type": "down-out"},
            ["dual_delta", "dual_gamma", "d(barrier)"],
        ),
        ({"kind": "formula", "payoff": "max(S[-1] - K, 0)", "param": {"K": 100}, "fixings": 1}, ["d(K)"]),
    ],
)
def test_all_greeks_are_those_that_the_contract_has(contract, own):
    names = [greek.name for greek in build_request(contract, {"vol": 0.2}, {}, "all").greeks]
    assert {"price", "delta", "gamma", "speed", "vega", "ultima", "color"} <= set(names)
    assert [name for name in names if name.startswith(("dual", "d("))] == own


@pytest.mark.parametrize("model", Model)
def test_all_greeks_are_those_that_the_model_has(model):
    request = build_request({"strike": 100}, with_samples({"model": model}), {}, "all")
    names = {greek.name for greek in request.greeks}
    assert {"price", "delta", "speed", "rho", "phi", "theta", "charm", "color", "dual_gamma"} <= names
    assert ({"vega", "ultima", "veta"} <= names) is not model.has_variance
    assert {name for name in names if name.startswith("d(")} == {
        f"d({name})" for name in model.parameters if name not in ("vol", "vol_surface")
    }


@pytest.mark.parametrize(
    ("greek", "message"),
    [
        ("vega", "random variance has no vol; ask for d(initial_variance)"),
        ("d(jump_vol)", "model heston has no jump_vol; models merton and bates have it"),
        ("d(vol_of_vol[1])", "vol_of_vol is a number and has no nodes; leave out [1]"),
        ("d(spot[2])", "spot is a number and has no nodes; leave out [2]"),
        ("vol_of_vol", "'vol_of_vol' is a parameter; write d(vol_of_vol) for the derivative in it"),
    ],
)
def test_a_derivative_that_the_model_has_not_is_refused_with_a_remedy(greek, message):
    with pytest.raises(InvalidInput, match=re.escape(message)):
        build_request({"strike": 100}, with_samples({"model": "heston"}), {}, greek)


def test_parameters_of_other_models_are_named_all_at_once():
    market = {"vol": 0.2, "vol_of_vol": 1, "jump_mean": 0.1, "rate": "high"}
    with pytest.raises(InvalidInput) as raised:
        build_request({"strike": 100}, market, {})
    found = {problem.path: problem.message for problem in raised.value.problems}
    assert found.keys() == {("market", "vol_of_vol"), ("market", "jump_mean"), ("market", "rate")}
    assert found["market", "vol_of_vol"] == "model gbm has no vol_of_vol; choose model heston or bates, or leave it out"
    assert found["market", "jump_mean"] == "model gbm has no jump_mean; choose model merton or bates, or leave it out"


def test_missing_parameters_are_named_of_a_model_that_is_given():
    with pytest.raises(InvalidInput) as raised:
        build_request({"strike": 100}, {"vol_of_vol": 1}, {})
    assert [problem.path for problem in raised.value.problems] == [("market", "vol_of_vol")]
    with pytest.raises(InvalidInput) as raised:
        build_request({"strike": 100}, {"model": "merton", "vol_of_vol": 1, "jump_mean": 0, "jump_vol": 0.1}, {})
    paths = {problem.path[-1] for problem in raised.value.problems}
    assert paths == {"vol", "vol_of_vol", "jump_intensity"}


def test_options_whose_text_depends_on_the_contract_are_few():
    texts: dict[str, set[str]] = {}
    for model in CONTRACTS.values():
        for name, info in model.model_fields.items():
            texts.setdefault(name, set()).add(str(info.description))
    differing = {name for name, own in texts.items() if len(own) > 1}
    assert differing == {"fixings", "past_fixings", "barrier", "strike"}  # help tells of which contracts each is


@pytest.mark.parametrize(
    ("contract", "field"),
    [
        ({"kind": "call-spread", "low_strike": 110, "high_strike": 100}, "low_strike"),
        ({"kind": "butterfly", "low_strike": 90, "strike": 80, "high_strike": 110}, "strike"),
        ({"kind": "forward-start", "start": 2}, "start"),
        ({"kind": "asian", "strike": 100, "fixing_times": [0.5, 2]}, "expiry"),
        ({"kind": "asian", "strike": 100, "fixings": 2, "fixing_times": [0.5, 1]}, "fixings"),
        ({"kind": "cliquet", "floor": 0.2, "cap": 0.1}, "floor"),
        ({"strike": 100, "exercise": "bermudan"}, "exercise"),
        ({"strike": 100, "exercise_times": [0.5]}, "exercise_times"),
        ({"kind": "autocallable", "step_down": 0.9}, "step_down"),
    ],
)
def test_mistakes_across_fields_are_placed_at_the_first_field_that_they_name(contract, field):
    with pytest.raises(InvalidInput) as refused:
        build_request(contract, {"vol": 0.2}, {})
    (problem,) = refused.value.problems
    assert problem.path == ("contract", field)
    assert "\n" not in str(refused.value)


def test_mistakes_across_fields_of_other_sections_are_placed_too():
    with pytest.raises(InvalidInput) as refused:
        build_request({"strike": 100}, {"vol": 0.2}, {"width": 1, "beta": 2})
    assert refused.value.problems[0].path == ("simulation", "width")
