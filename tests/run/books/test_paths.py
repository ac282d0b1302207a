"""Trades on common random numbers have the bits of single runs, and their paths are drawn once."""

from collections import Counter
from dataclasses import replace

import pytest

from greeks_cli.engine.execution import blocks
from greeks_cli.engine.execution.compile import planned
from greeks_cli.engine.execution.path_group import PathGroup
from greeks_cli.engine.execution.programs import Programs
from greeks_cli.run.books.batch import price_trades
from greeks_cli.run.books.paths import answer_of, run_together, run_with_totals
from greeks_cli.run.price import run
from greeks_cli.terms.books.trade import Trade
from greeks_cli.terms.building import build_request
from greeks_cli.terms.contracts.catalogue import ON_ONE
from greeks_cli.terms.errors import GreeksError, NonFiniteEstimate
from greeks_cli.terms.simulation import Dtype
from tests.conftest import total_of_all

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
    draw = blocks.standard_normals

    def counting(seed, stream, block, steps, n_paths, dtype, device):
        counted[seed, stream, block, steps] += 1
        return draw(seed, stream, block, steps, n_paths, dtype, device)

    monkeypatch.setattr(blocks, "standard_normals", counting)
    return counted


def test_shared_paths_do_not_change_bits(draws):
    answers = run_together(MIXED, threads=2)
    assert max(draws.values()) == 2  # once for each of two expiries, whatever the markets
    for answer, request in zip(answers, MIXED, strict=True):
        assert answer.estimates == run(request, threads=1).estimates


def test_estimators_share_paths(draws):
    requests = [asked({"strike": 100}, estimator=estimator) for estimator in ("pathwise", "likelihood", "mixed")]
    answers = run_together(requests, threads=1)
    assert set(draws.values()) == {1}
    assert [answer.estimates for answer in answers] == [run(request).estimates for request in requests]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_shared_paths_do_not_change_bits_under_any_setting(settings):
    requests = [asked({"strike": strike}, **settings) for strike in (95, 105)]
    for answer, request in zip(run_together(requests), requests, strict=True):
        assert answer.estimates == run(request).estimates


@pytest.mark.parametrize("kind", ON_ONE)
def test_batched_trades_have_the_bits_of_single_runs(kind):
    example = {"kind": kind, **ON_ONE[kind].example}
    open_numbers = {name: example[name] for name in asked(example).contract.values if name in example}
    requests = [
        asked(example | {name: value * (1 + step / 500) for name, value in open_numbers.items()}, paths=12_000)
        for step in range(12)
    ]
    if len(requests[0].contract.dates) == 1:
        assert any(len(stack) > 1 for stack in stacks(requests))
    for answer, request in zip(run_together(requests), requests, strict=True):
        assert answer.estimates == run(request).estimates


def stacks(requests):
    """On the processor; a GPU takes one trade at a time."""
    here = [replace(r, simulation=r.simulation.model_copy(update={"device": "cpu"})) for r in requests]
    return PathGroup.of(Programs(planned(here))).stacks


def test_trade_at_the_money_is_batched_with_other_strikes():
    assert len(stacks([asked({"strike": strike}, paths=8000) for strike in (96, 98, 100, 102)])) == 1


@pytest.mark.parametrize("settings", [{}, {"antithetic": True}, {"width": 0.5}], ids=str)
def test_every_contract_twice_in_single_precision_has_the_bits_of_single_runs(settings):
    requests = [
        build_request({"kind": kind, **ON_ONE[kind].example}, {"vol": 0.2}, {"paths": 5000, **settings}, SIX)
        for kind in ON_ONE
        for _ in range(2)
    ]
    requests = [replace(r, simulation=r.simulation.model_copy(update={"dtype": Dtype.FLOAT32})) for r in requests]
    for answer, request in zip(run_together(requests), requests, strict=True):
        assert answer.estimates == run(request).estimates


def test_trades_with_different_programs_are_not_batched():
    strikes = (90.0, 100.0, 110.0, 100.0, 1e-12, 1e12)  # at the spot a factor is 1, far out it stays with its array
    requests = [
        asked({"strike": strike}, **width) for strike in strikes for width in ({}, {"width": 0.5}, {"width": 1})
    ]
    sizes = sorted(map(len, stacks(requests)))
    assert sizes[-1] > 1  # trades whose programs are one
    assert sizes[0] == 1
    answers = run_together(requests)
    assert [answer.estimates for answer in answers] == [run(request).estimates for request in requests]


def test_confidence_intervals_have_the_level_of_each_trade():
    requests = [asked({"strike": 100}, confidence=confidence) for confidence in (0.95, 0.5)]
    for answer, request in zip(run_together(requests), requests, strict=True):
        assert answer.estimates == run(request).estimates


def test_one_greek_by_two_names_has_the_bits_of_a_single_run():
    requests = [asked({"strike": 100}), asked({"strike": 101}, greeks="delta,d(spot),gamma,vega")]
    for answer, request in zip(run_together(requests), requests, strict=True):
        assert answer.estimates == run(request).estimates


def test_paths_of_one_market_are_drawn_once(draws):
    run_together([asked({"strike": 80.0 + i}) for i in range(10)], threads=1)
    assert set(draws.values()) == {1}


def test_shares_of_a_book_draw_paths_once(draws, monkeypatch):
    sizes, accumulate = [], PathGroup.accumulate_span

    def counting(group, span, *shared):
        sizes.extend((len(group.plans), block) for block in span)
        return accumulate(group, span, *shared)

    monkeypatch.setattr(PathGroup, "accumulate_span", counting)
    monkeypatch.setattr("greeks_cli.run.books.paths._WORTH_A_TASK", 75 * 9000)
    here = {"paths": 9000, "device": "cpu"}  # a GPU has all at once
    requests = [asked({"strike": 60 + i / 2}, greeks="delta,gamma", **here) for i in range(150)]
    answers = run_together(requests, threads=4)
    assert Counter(sizes) == dict.fromkeys([(75, block) for block in range(4)], 2)
    assert set(draws.values()) == {1}
    run_together(requests, threads=1)
    assert sizes[8:] == [(150, block) for block in range(4)]
    for number in (0, 74, 75, 149):
        assert answers[number].estimates == run(requests[number]).estimates


def test_last_block_of_one_path_is_priced():
    knocked_out = {"kind": "barrier", "strike": 100, "barrier": 100, "barrier_type": "down-out"}
    requests = [asked(knocked_out, paths=2049), asked({"strike": 100}, paths=2049)]
    dead, alive = run_together(requests)
    assert dead["price"].value == dead["price"].stderr == 0
    assert alive.estimates == run(requests[1]).estimates


def test_trades_of_a_book_share_paths(draws):
    requests = [asked({"strike": 80.0 + i, "expiry": 1.0 + i % 2}) for i in range(40)]
    trades = [Trade(str(i), request) for i, request in enumerate(requests)]
    found = {trade.id: answer for trade, answer in price_trades(trades, threads=1)}
    assert set(found) == {trade.id for trade in trades}
    assert set(draws.values()) == {2}  # once for each of two expiries, over the whole book
    assert found["17"].estimates == run(requests[17]).estimates


def test_failing_trade_does_not_change_other_trades():
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
def test_trade_that_cannot_be_traced_does_not_change_other_trades(payoff, parameters, greek, said):
    bad = asked({"kind": "formula", "payoff": payoff, "param": parameters}, greeks=greek)
    requests = [asked({"strike": 90}), bad, asked({"strike": 100})]
    for answers in (run_together(requests), run_with_totals(requests, total_of_all(requests))[0], run_together([bad])):
        assert [said in answer_of(one) for one in answers if isinstance(one, GreeksError)] == [True]
        if len(answers) > 1:
            assert [answers[at].estimates for at in (0, 2)] == [run(requests[at]).estimates for at in (0, 2)]


@pytest.mark.parametrize("settings", [{}, {"antithetic": True}, {"sampler": "sobol", "paths": 8192}], ids=str)
def test_the_total_of_one_trade_is_that_trade(settings):
    requests = [asked({"strike": 90}, **settings)]
    answers, (totals,) = run_with_totals(requests, total_of_all(requests), 1)
    for own, total in zip(answers[0].estimates, totals, strict=True):
        assert total.value == pytest.approx(own.value, rel=1e-12)
        assert total.stderr == pytest.approx(own.stderr, rel=1e-9)


def test_path_group_without_a_result_has_no_total():
    no_number = {"kind": "formula", "payoff": "max(sqrt(S[-1] - K), 0)", "param": {"K": 100.0}, "fixings": 2}
    requests = [asked(no_number), asked(no_number), asked({"strike": 100})]
    answers, totals = run_with_totals(requests, total_of_all(requests))
    assert [isinstance(answer, NonFiniteEstimate) for answer in answers] == [True, True, False]
    assert totals == [None]


OTHER_DATES = {
    "asian": {"kind": "asian", "strike": 100, "fixings": 1},
    "barrier": {"kind": "barrier", **ON_ONE["barrier"].example, "monitoring": 3},
    "lookback": {"kind": "lookback", "strike": 105, "monitoring": 3},
    "formula": {"kind": "formula", "payoff": "max(S[-1] - K, 0)", "param": {"K": 100}, "fixings": 1},
    "cliquet": {"kind": "cliquet", "periods": 1},
    "variance-swap": {"kind": "variance-swap", **ON_ONE["variance-swap"].example, "fixings": 1},
}
"""Contracts of several dates where the example has one, and of one date where the example has several."""
BOOKS = {kind: {"kind": kind, **model.example} for kind, model in ON_ONE.items()}
BOOKS |= {f"{kind}, other dates": contract for kind, contract in OTHER_DATES.items()}
UNLIKE = [{"antithetic": True}, {"sampler": "sobol", "paths": 8192}, {"dtype": "float32"}, {}]


@pytest.mark.parametrize("settings", UNLIKE, ids=str)
@pytest.mark.parametrize("book", BOOKS)
def test_book_of_unlike_markets_has_the_bits_of_single_runs(book, settings):
    contract = BOOKS[book]
    names = [name for name in ON_ONE[contract["kind"]].model_validate(contract).values if name in contract]
    requests = [
        asked(
            contract | {name: contract[name] * (1 + i / 300) for name in names} | {"expiry": 1 + (i > 3)},
            {"vol": 0.15 + i / 40, "spot": 98 + i, "rate": i / 100, "dividend_yield": i / 200},
            SIX,
            **{"paths": 5000, **settings},
        )
        for i in range(6)
    ]
    for answer, request in zip(run_together(requests), requests, strict=True):
        assert answer.estimates == run(request).estimates


def test_trades_with_and_without_a_control_variate_share_paths_and_have_the_bits_of_single_runs():
    book = [asked({"strike": 95}, control=True), asked({"strike": 105}), asked({"kind": "straddle", "strike": 100})]
    for requests in (book, book[::-1]):
        for answer, request in zip(run_together(requests), requests, strict=True):
            assert answer.estimates == run(request).estimates


def test_lookbacks_at_their_strike_in_single_precision_have_the_bits_of_single_runs():
    requests = [
        asked({"kind": "lookback", "strike": spot, "monitoring": 4}, {"spot": spot}, "delta,vega", dtype="float32")
        for spot in (100, 100.1, 97.3)
    ]
    for answer, request in zip(run_together(requests), requests, strict=True):
        assert answer.estimates == run(request).estimates


def test_zeros_of_both_signs_have_the_bits_of_single_runs():
    formula = {"kind": "formula", "payoff": "max(S[-1] - K, 0) + c * S[-1]"}
    requests = [asked({"strike": 95 + i}, {"rate": zero}) for i, zero in enumerate((0.0, -0.0))]
    requests += [asked({**formula, "param": {"K": 95.0 + i, "c": zero}}) for i, zero in enumerate((0.0, -0.0))]
    for answer, request in zip(run_together(requests), requests, strict=True):
        assert answer.estimates == run(request).estimates


def test_unlike_markets_share_paths_and_programs(draws):
    requests = [asked({"strike": 90 + i}, {"vol": 0.15 + i / 100, "spot": 98 + i}, paths=8000) for i in range(8)]
    assert len(stacks(requests)) < len(requests)
    run_together(requests, threads=2)
    assert set(draws.values()) == {1}
