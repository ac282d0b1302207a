"""Trades that share their paths have the numbers that each has alone, to the bit; the paths are drawn once."""

from collections import Counter
from dataclasses import replace

import pytest

from greeks_cli.engine.execution import plan
from greeks_cli.engine.execution.path_group import Cohort
from greeks_cli.engine.execution.plan import Plan
from greeks_cli.run import together
from greeks_cli.run.batch import price_trades
from greeks_cli.run.local import run
from greeks_cli.run.together import run_alongside, run_together
from greeks_cli.terms.contracts import CONTRACTS
from greeks_cli.terms.request import build_request
from greeks_cli.terms.simulation import Dtype
from greeks_cli.terms.trade import Trade

GREEKS = "delta,gamma,vega"
SIX = "delta,gamma,vega,theta,rho,vanna"


def asked(contract, market=None, greeks=GREEKS, **settings):
    return build_request(contract, {"vol": 0.2, **(market or {})}, {"paths": 30_000, **settings}, greeks)


MIXED = [
    asked({"strike": 90}),
    asked({"strike": 110, "type": "put"}, {"vol": 0.35}),
    asked({"kind": "digital", "strike": 100}, greeks="delta"),
    asked({"kind": "asian", "strike": 100, "fixings": 3}),
    asked({"strike": 100, "expiry": 0.5}),
    asked({"kind": "formula", "payoff": "max(S[-1] - K, 0)", "param": {"K": 95.0}}),
    asked({"strike": 100}, seed=7),
]
SETTINGS = [
    {},
    {"antithetic": True},
    {"control": True},
    {"sampler": "sobol", "paths": 32768},
    {"dtype": "float32", "beta": 5},
]


@pytest.fixture
def draws(monkeypatch):
    """How often each block's normals are drawn, by its address."""
    counted = Counter()
    draw = plan.standard_normals

    def counting(seed, stream, block, steps, n_paths, dtype, device):
        counted[seed, stream, block, steps] += 1
        return draw(seed, stream, block, steps, n_paths, dtype, device)

    monkeypatch.setattr(plan, "standard_normals", counting)
    return counted


def test_numbers_do_not_change_by_sharing(draws):
    for answer, request in zip(run_alongside(MIXED, threads=2), MIXED, strict=True):
        assert answer.estimates == run(request, threads=1).estimates


def test_estimators_share_them_too(draws):
    requests = [asked({"strike": 100}, estimator=estimator) for estimator in ("pathwise", "likelihood", "mixed")]
    answers = run_alongside(requests, threads=1)
    assert set(draws.values()) == {1}
    assert [answer.estimates for answer in answers] == [run(request).estimates for request in requests]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_nor_whatever_the_settings_are(settings):
    requests = [asked({"strike": strike}, **settings) for strike in (95, 105)]
    for answer, request in zip(run_alongside(requests), requests, strict=True):
        assert answer.estimates == run(request).estimates


@pytest.mark.parametrize("kind", CONTRACTS)
def test_trades_computed_as_one_have_their_own_numbers(kind):
    example = {"kind": kind, **CONTRACTS[kind].example}
    open_numbers = {name: example[name] for name in asked(example).contract.values if name in example}
    requests = [
        asked(example | {name: value * (1 + step / 500) for name, value in open_numbers.items()}, paths=12_000)
        for step in range(12)
    ]
    assert requests[0].contract.decides_by_value or any(len(stack) > 1 for stack in stacks(requests))
    for answer, request in zip(run_alongside(requests), requests, strict=True):
        assert answer.estimates == run(request).estimates


def stacks(requests):
    """On the processor; a GPU takes one trade at a time."""
    here = [replace(r, simulation=r.simulation.model_copy(update={"device": "cpu"})) for r in requests]
    ((_, programs),) = Cohort.of([Plan.of(request) for request in here]).markets
    return programs.stacks


def test_a_trade_at_the_money_is_computed_with_the_others():
    assert len(stacks([asked({"strike": strike}, paths=8000) for strike in (96, 98, 100, 102)])) == 1


@pytest.mark.parametrize("settings", [{}, {"antithetic": True}, {"width": 0.5}], ids=str)
def test_trades_of_all_kinds_and_the_same_ones_twice_in_single_precision(settings):
    requests = [
        build_request({"kind": kind, **CONTRACTS[kind].example}, {"vol": 0.2}, {"paths": 5000, **settings}, SIX)
        for kind in CONTRACTS
        for _ in range(2)
    ]
    requests = [replace(r, simulation=r.simulation.model_copy(update={"dtype": Dtype.FLOAT32})) for r in requests]
    for answer, request in zip(run_alongside(requests), requests, strict=True):
        assert answer.estimates == run(request).estimates


def test_trades_whose_numbers_decide_differently_are_not_computed_as_one():
    strikes = (90.0, 100.0, 110.0, 100.0, 1e-12, 1e12)  # at the spot a factor is 1, far out it stays with its array
    requests = [asked({"strike": strike}, width=width) for strike in strikes for width in (0.5, 1.0)]
    answers = run_alongside(requests)
    assert [answer.estimates for answer in answers] == [run(request).estimates for request in requests]


def test_each_has_an_interval_of_its_own_level():
    requests = [asked({"strike": 100}, confidence=confidence) for confidence in (0.95, 0.5)]
    for answer, request in zip(run_alongside(requests), requests, strict=True):
        assert answer.estimates == run(request).estimates


def test_a_greek_may_be_asked_for_twice_by_two_names():
    requests = [asked({"strike": 100}), asked({"strike": 101}, greeks="delta,d(spot),gamma,vega")]
    for answer, request in zip(run_alongside(requests), requests, strict=True):
        assert answer.estimates == run(request).estimates


def test_paths_of_one_market_are_drawn_once(draws):
    run_alongside([asked({"strike": 80.0 + i}) for i in range(10)], threads=1)
    assert set(draws.values()) == {1}


def test_a_book_priced_in_shares_draws_its_paths_once_too(draws, monkeypatch):
    priced = []
    price = together.price_block

    def counting(cohort, block, *shared):
        priced.append((len(cohort.plans), block))
        return price(cohort, block, *shared)

    monkeypatch.setattr(together, "price_block", counting)
    here = {"paths": 9000, "device": "cpu"}  # a GPU has all at once
    requests = [asked({"strike": 60 + i / 2}, greeks="delta,gamma", **here) for i in range(150)]
    answers = run_alongside(requests, threads=4)
    assert Counter(priced) == dict.fromkeys([(75, block) for block in range(4)], 2)
    run_alongside(requests, threads=1)
    assert priced[8:] == [(150, block) for block in range(4)]
    assert set(draws.values()) == {2}
    for number in (0, 74, 75, 149):
        assert answers[number].estimates == run(requests[number]).estimates


def test_a_last_path_alone_in_its_block_is_a_block_too():
    knocked_out = {"kind": "barrier", "strike": 100, "barrier": 100, "barrier_type": "down-out"}
    requests = [asked(knocked_out, paths=2049), asked({"strike": 100}, paths=2049)]
    dead, alive = run_alongside(requests)
    assert dead["price"].value == dead["price"].stderr == 0
    assert alive.estimates == run(requests[1]).estimates


def test_a_book_shares_paths(draws):
    requests = [asked({"strike": 80.0 + i, "expiry": 1.0 + i % 2}) for i in range(40)]
    trades = [Trade(str(i), request) for i, request in enumerate(requests)]
    found = {trade.id: answer for trade, answer in price_trades(trades, threads=1)}
    assert set(found) == {trade.id for trade in trades}
    # Ten parties of up to ten trades; each draws the blocks of its paths once.
    assert max(draws.values()) <= 10
    assert found["17"].estimates == run(requests[17]).estimates


def test_one_bad_trade_leaves_the_others_alone():
    bad = asked({"kind": "formula", "payoff": "log(S[-1] - 100)"}, greeks="delta")
    good = asked({"strike": 100})
    trades = [Trade("a", good), Trade("b", bad), Trade("c", good)] * 4
    answers = [answer for _, answer in price_trades(trades, threads=1)]
    assert answers[0].estimates == run(good).estimates
    assert "logarithm" in answers[1]
    assert [isinstance(answer, str) for answer in answers] == [False, True, False] * 4


@pytest.mark.parametrize(
    ("payoff", "parameters", "greek", "said"),
    [
        ("abs(S[-1] - K) / B", {"K": 100.0, "B": 0.0}, "delta", "division by zero"),
        ("max(K, B) * max(S[-1] - 100, 0)", {"K": 1.0, "B": 2.0}, "d(K)", "bends in parameters alone"),
    ],
    ids=["divided by zero", "bent in a parameter"],
)
def test_nor_one_whose_calculation_cannot_be_made(payoff, parameters, greek, said):
    bad = asked({"kind": "formula", "payoff": payoff, "param": parameters}, greeks=greek)
    requests = [asked({"strike": 90}), bad, asked({"strike": 100})]
    for answers in (run_alongside(requests), run_together(requests)[0], run_alongside([bad])):
        assert [said in answer for answer in answers if isinstance(answer, str)] == [True]
        for answer, request in zip(answers, requests, strict=False):
            assert isinstance(answer, str) or answer.estimates == run(request).estimates


@pytest.mark.parametrize("settings", [{}, {"antithetic": True}, {"sampler": "sobol", "paths": 8192}], ids=str)
def test_the_total_of_one_trade_is_that_trade(settings):
    answers, totals = run_together([asked({"strike": 90}, **settings)], 1)
    for own, total in zip(answers[0].estimates, totals, strict=True):
        assert total.value == pytest.approx(own.value, rel=1e-12)
        assert total.stderr == pytest.approx(own.stderr, rel=1e-9)


def test_no_total_where_none_of_those_that_share_paths_has_a_result():
    no_number = {"kind": "formula", "payoff": "max(sqrt(S[-1] - K), 0)", "param": {"K": 100.0}, "fixings": 2}
    answers, totals = run_together([asked(no_number), asked(no_number), asked({"strike": 100})])
    assert [isinstance(answer, str) for answer in answers] == [True, True, False]
    assert not totals
