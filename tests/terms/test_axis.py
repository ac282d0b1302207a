import pytest

from greeks_cli.terms.axis import Axis, parse_axis, points, section_of, units
from greeks_cli.terms.building import build_request
from greeks_cli.terms.contracts.catalogue import ON_ONE
from greeks_cli.terms.errors import InvalidInput
from greeks_cli.terms.fields import numeric_fields
from greeks_cli.terms.markets.market import Market

CALL = build_request({"strike": 100}, {"vol": 0.2}, {"paths": 1000, "seed": 3}, "delta")


def test_an_axis_is_a_range_with_both_ends_or_a_list():
    assert parse_axis("spot=60:140:3") == Axis("spot", (60, 100, 140))
    assert parse_axis(" low-strike = 2, 1 ") == Axis("low_strike", (2, 1))
    assert parse_axis("vol=0.3:0.1:3") == Axis("vol", (0.3, 0.2, 0.1))


@pytest.mark.parametrize(
    "text",
    [
        "spot",
        "=1,2",
        "spot=",
        "spot=1",
        "spot=1:2",
        "spot=1:2:0",
        "spot=1:2:x",
        "spot=1,1",
        "spot=2:2:3",
        "spot=1:inf:3",
    ],
)
def test_text_that_is_no_axis_is_refused_with_a_remedy(text):
    with pytest.raises(ValueError, match="write name=start:stop:count"):
        parse_axis(text)


def test_points_differ_only_in_the_axes_and_the_last_axis_runs_fastest():
    found = points(CALL, [Axis("spot", (90, 110)), Axis("expiry", (1, 2))])
    assert [(one.market.spot, one.contract.expiry) for one in found] == [(90, 1), (90, 2), (110, 1), (110, 2)]
    assert all(one.simulation == CALL.simulation and one.greeks == CALL.greeks for one in found)


@pytest.mark.parametrize("markets", [{"vol": 0.2}, {"underlying": {"A": {"vol": 0.2}, "B": {"vol": 0.3}}}], ids=list)
def test_points_have_the_device_and_the_executor_of_the_request(markets):
    contract = {"strike": 100} if "vol" in markets else {"kind": "exchange"}
    market = {"correlation": 0.5, **markets} if "underlying" in markets else markets
    request = build_request(contract, market, {"paths": 1000, "device": "cpu", "executor": "jit"}, "price")
    found = points(request, [Axis("rate", (0.01, 0.02))])
    assert {(one.simulation.device, one.simulation.executor) for one in found} == {("cpu", "jit")}


def test_an_axis_may_be_a_parameter_of_a_formula():
    formula = build_request({"kind": "formula", "payoff": "max(S[-1] - K, 0)", "param": {"K": 1}}, {"vol": 0.2}, {})
    assert [dict(one.contract.param) for one in points(formula, [Axis("K", (90, 110))])] == [{"K": 90}, {"K": 110}]


@pytest.mark.parametrize(
    ("axes", "words"),
    [
        ([Axis("spott", (1, 2))], "spott: no number of the european contract or its market; did you mean 'spot'"),
        ([Axis("type", (1, 2))], "choose from strike, expiry, exercise_dates, basis, spot"),
        ([Axis("paths", (1, 2))], "choose from strike, expiry, exercise_dates, basis, spot"),
        ([Axis("spot", (1, 2)), Axis("spot", (3, 4))], "twice"),
        ([Axis("spot", tuple(range(1, 201))), Axis("vol", tuple(range(1, 201)))], "40,000 points"),
        ([Axis("vol", (0.2, -1, -2, -3, -4, -5))], "and at 2 more points"),
    ],
)
def test_invalid_axes_are_refused(axes, words):
    with pytest.raises(InvalidInput, match=words):
        points(CALL, axes)


def test_points_without_a_valid_contract_are_named():
    spread = build_request({"kind": "call-spread", "low_strike": 90, "high_strike": 110}, {"vol": 0.2}, {})
    with pytest.raises(InvalidInput, match=r"^low_strike=110, spot=100: low_strike 110 must be below high_strike 110"):
        points(spread, [Axis("low_strike", (80, 110)), Axis("spot", (100, 120))])


@pytest.mark.parametrize("kind", ON_ONE)
def test_every_contract_varies_over_its_expiry_its_parameters_and_the_market(kind):
    request = build_request({"kind": kind, **ON_ONE[kind].example}, {"vol": 0.2}, {})
    found = units(request)
    assert found.items() >= {"spot": "currency", "vol": "fraction per year", "expiry": "years"}.items()
    assert set(request.contract.values) <= set(found)


def test_numeric_fields_are_those_that_take_a_number():
    others = {"dividends", "dividend_model", "model", "vol_surface"}
    assert set(numeric_fields(Market)) == set(Market.model_fields) - others
    assert numeric_fields(ON_ONE["barrier"])["monitoring"] == ""
    assert not {"type", "kind", "barrier_type"} & set(numeric_fields(ON_ONE["barrier"]))
    assert "fixing_times" not in numeric_fields(ON_ONE["asian"])
    assert section_of("asian", "strike") == "contract"
    assert section_of("asian", "vol") == "market"
    assert section_of("asian", "nothing") is None
