"""The law of exercise: the boundary, and exercise now or never."""

from itertools import pairwise

import pytest

from greeks_cli.engine.exercise import law as of_exercise
from greeks_cli.engine.exercise.law import exercise_law
from greeks_cli.terms.building import build_request

PUT = {"type": "put", "strike": 36, "exercise": "american", "exercise_dates": 74}


def law_of(contract, **market):
    return exercise_law(build_request(contract, {"rate": 0.06, **market}, {}, "price"))


def test_the_boundary_of_a_put_rises_to_its_strike():
    boundaries = [date.boundary for date in law_of(PUT, spot=36, vol=0.3).dates[10:]]
    assert all(one is not None and one <= 36 for one in boundaries)
    assert boundaries[0] < boundaries[30] < boundaries[-1]
    assert boundaries[-1] == pytest.approx(36, abs=0.05)


def test_paths_in_turns_tell_the_law_of_all_at_once(monkeypatch):
    request = build_request(PUT, {"rate": 0.06, "spot": 36, "vol": 0.3}, {"seed": 5}, "price")
    once = exercise_law(request)
    monkeypatch.setattr(of_exercise, "_AT_ONCE", 74 * 4096)
    turns = of_exercise._law.__wrapped__(request)
    assert len(list(of_exercise._paths(request))) == 8
    assert turns.probability == pytest.approx(once.probability, abs=4 * 2**0.5 * once.stderr)
    assert turns.stderr == pytest.approx(once.stderr, rel=0.01)
    pairs = [(here.boundary, there.boundary) for here, there in zip(turns.dates[10:], once.dates[10:], strict=True)]
    assert all(here == pytest.approx(there, rel=0.01) for here, there in pairs)


def test_a_call_without_dividends_is_exercised_at_expiry_alone():
    law = law_of({"strike": 100, "exercise": "american"}, spot=100, vol=0.2)
    assert {date.probability for date in law.dates[:-1]} == {0}
    assert law.expected_time == pytest.approx(1)
    assert law.dates[-1].probability == pytest.approx(0.5793, abs=0.01)


def test_what_is_exercised_now_has_one_date():
    law = law_of({"type": "put", "strike": 100, "exercise": "american"}, spot=60, vol=0.2)
    assert (law.probability, law.expected_time, len(law.dates)) == (1, 0, 1)


def test_a_european_has_no_law_and_several_underlyings_no_boundary():
    assert exercise_law(build_request({"strike": 100}, {"spot": 100, "vol": 0.2}, {})) is None
    market = {"underlying": {name: {"spot": 100, "vol": 0.2} for name in "AB"}, "correlation": 0.5, "rate": 0.05}
    contract = {"kind": "worst-of", "type": "put", "strike": 100, "exercise": "bermudan", "exercise_times": [0.5, 1]}
    law = exercise_law(build_request(contract, market, {}, "price"))
    assert {date.boundary for date in law.dates} == {None}
    assert 0 < law.probability < 1


def test_a_straddle_exercised_on_both_sides_has_no_one_boundary():
    contract = {"kind": "straddle", "strike": 100, "expiry": 1, "exercise": "bermudan", "exercise_times": [0.5, 1]}
    law = exercise_law(build_request(contract, {"spot": 100, "vol": 0.2, "rate": 0.06}, {}, "price"))
    assert law.dates[-1].boundary is None
    assert law.dates[-1].probability > 0.5


def test_payments_equal_to_going_on_but_for_rounding_move_no_boundary():
    contract = {"kind": "digital", "strike": 100, "exercise": "american"}  # worth its payment far in the money
    boundaries = [date.boundary for date in law_of(contract, spot=130, vol=0.05, rate=0.0).dates]
    known = [one for one in boundaries if one is not None]
    assert len(known) > 5
    assert all(later <= 1.02 * earlier for earlier, later in pairwise(known))  # a path's payment may be 1e-16 larger
