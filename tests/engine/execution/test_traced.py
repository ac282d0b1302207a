"""A trace depends on structure alone, and serves trades of any numbers."""

import pickle

import numpy as np
import pytest

from greeks_cli.analytic import closed_forms
from greeks_cli.engine.backends.backend import HOST
from greeks_cli.engine.execution import traced as tracing
from greeks_cli.engine.execution.choice.pilot_errors import squared_errors
from greeks_cli.engine.execution.choice.selection import Pilot
from greeks_cli.engine.execution.chunks import Stacked
from greeks_cli.engine.execution.compile import plan, planned
from greeks_cli.engine.execution.linker import Linked
from greeks_cli.engine.execution.numbers import Numbers, Parameter, Value, Width, widths_of
from greeks_cli.engine.execution.programs import ESTIMATE, Programs
from greeks_cli.engine.execution.traced import Traced, traced
from greeks_cli.engine.simulation import laws
from greeks_cli.engine.simulation.path_data import Motion
from greeks_cli.engine.simulation.sources import Coefficient, PathSource
from greeks_cli.run import price as pricing
from greeks_cli.run.books.paths import run_together
from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request
from greeks_cli.terms.contracts.catalogue import ON_ONE
from tests.engine.direct import derivatives_of


def assert_equal_but_for_rounding(found, expected, index):
    # Some cancel to rounding: gamma of what is proportional to the spot, whose terms are of the spot's size.
    scale = max(np.abs(expected).max(), 100 / 100 ** index.count("spot"))
    np.testing.assert_allclose(np.broadcast_to(found, expected.shape), expected, rtol=1e-12, atol=1e-13 * scale)


@pytest.mark.parametrize("kind", ON_ONE)
def test_linked_program_of_every_contract_gives_what_chainer_computes(kind):
    contract = {"kind": kind, **ON_ONE[kind].example}
    request = build_request(contract, {"vol": 0.2}, {"paths": 5000}, "delta,vega,theta,gamma,vanna")
    chosen = plan(request)
    normals, linked = chosen.blocks.normals(0), Linked(Programs([chosen]))
    found = dict(linked.chunked((False,)).run(Motion(request.contract.dates, normals), HOST))
    for group in chosen.groups:
        direct = derivatives_of(request, normals, group.method, group.wanted)
        for index in group.wanted:
            name = 0, (ESTIMATE, index)
            assert_equal_but_for_rounding(linked.factors[name] * found[name], direct[index], index)


@pytest.mark.parametrize("settings", [{"width": 2}, {"estimator": "likelihood"}, {"estimator": "mixed"}], ids=str)
@pytest.mark.parametrize("kind", ON_ONE)
def test_trace_serves_trades_of_other_markets_dates_and_parameters(kind, settings):
    example = {"kind": kind, **ON_ONE[kind].example}
    contract = ON_ONE[kind].model_validate(example)
    names = [name for name in contract.values if name in example]
    greeks = "delta,vega,gamma" + "".join(f",d({name}),d(spot,{name})" for name in names[:1])
    used, errors = [], {}
    for factor, market in ((1.0, {"vol": 0.23}), (1.03, {"vol": 0.31, "spot": 101.5, "rate": 0.02})):
        other = example | {name: contract.values[name] * factor for name in names} | {"expiry": factor}
        request = build_request(other, market, {"paths": 5000, **settings}, greeks)
        errors = errors or squared_errors(Pilot.of_all([request]))[0]  # both choose the same methods
        chosen = plan(request, errors=errors)
        normals = chosen.blocks.normals(0)
        of_request = []
        for group in chosen.groups:
            of_request.append(traced(request, dict.fromkeys(group.wanted, (group.method,))))
            numbers, motion = Numbers([request]), Motion(request.contract.dates, normals)
            program = of_request[-1].simplified(group.method.pattern, numbers)
            found = Stacked(numbers, motion).run(program, widths_of([group.method]))
            direct = derivatives_of(request, normals, group.method, group.wanted)
            for index in group.wanted:
                assert_equal_but_for_rounding(found[index], direct[index], index)
        used.append(of_request)
    one, other = used
    assert list(map(id, one)) == list(map(id, other))


def book_of_unlike_trades(kind="european", n=12):
    """Requests that differ in volatility, spot, rate, strike and expiry."""
    example = {"kind": kind, **ON_ONE[kind].example}
    names = [name for name in ON_ONE[kind].model_validate(example).values if name in example]
    return [
        build_request(
            example | {name: example[name] * (1 + i / 500) for name in names} | {"expiry": 1 + i / 7},
            {"vol": 0.15 + i / 50, "spot": 96 + i / 2, "rate": i / 200, "dividend_yield": i / 300},
            {"paths": 4000},
            "delta,gamma,vega,theta,rho,vanna",
        )
        for i in range(n)
    ]


@pytest.fixture
def chainer_runs(monkeypatch):
    """The traces for which Chainer has run, once for each run."""
    runs, trace = [], Traced._trace

    def counting(self, contract, method, wanted):
        runs.append(self)
        return trace(self, contract, method, wanted)

    monkeypatch.setattr(Traced, "_trace", counting)
    tracing._kept.cache_clear()
    pricing._kept.cache_clear()
    return runs


@pytest.mark.parametrize("kind", ON_ONE)
def test_requests_that_differ_in_numbers_alone_have_one_trace(kind, chainer_runs):
    requests = book_of_unlike_trades(kind)
    first, *others = planned(requests)
    assert all(other.traced is first.traced for other in others)
    run(requests[0])
    n_runs = chainer_runs.count(first.traced)
    assert n_runs > 0
    run_together(requests)
    assert chainer_runs.count(first.traced) == n_runs


def test_chainer_runs_as_often_for_twelve_trades_as_for_one(chainer_runs):
    requests = book_of_unlike_trades()
    run(requests[0])
    n_runs = len(chainer_runs)
    for request in requests[1:]:
        run(request)
    assert len(chainer_runs) == n_runs > 0


def trace_of(market=None, greeks="delta,gamma", settings=None, **contract):
    request = build_request({"strike": 100, **contract}, {"vol": 0.2, **(market or {})}, settings or {}, greeks)
    return plan(request).traced


@pytest.mark.parametrize(
    "change",
    [
        {"type": "put"},
        {"kind": "digital"},
        {"kind": "asian", "fixings": 3},
        {"greeks": "delta,vega"},
        {"settings": {"dtype": "float32"}},
        {"settings": {"autodiff": "backward"}},
        {"settings": {"estimator": "likelihood"}},
    ],
    ids=str,
)
def test_requests_of_different_structure_have_different_traces(change):
    assert trace_of() is trace_of(strike=110) is not trace_of(**change)


def test_number_of_dates_is_structure_and_their_times_are_not():
    asian = {"kind": "asian"}
    assert trace_of(**asian, fixing_times=[0.1, 0.2, 1.0]) is trace_of(**asian, fixing_times=[0.3, 0.5, 1.0])
    assert trace_of(**asian, fixings=3) is not trace_of(**asian, fixings=4)


BEGUN = {
    "arithmetic": lambda past: {"kind": "asian", "strike": 100, "fixings": 3, "past_fixings": past},
    "geometric": lambda past: {
        "kind": "asian",
        "strike": 100,
        "fixings": 3,
        "past_fixings": past,
        "average": "geometric",
    },
    "cliquet": lambda past: {"kind": "cliquet", "periods": 4, "expiry": 0.4, "elapsed": 0.6, "past_fixings": past},
    "variance swap": lambda past: {
        "kind": "variance-swap",
        "strike_vol": 0.2,
        "fixings": 4,
        "expiry": 0.4,
        "elapsed": 0.6,
        "past_fixings": past,
    },
    "lookback": lambda past: {
        "kind": "lookback",
        "strike_kind": "floating",
        "running_extreme": min(past),
        "monitoring": 3,
    },
    "lookback, continuous": lambda past: {"kind": "lookback", "strike_kind": "floating", "running_extreme": min(past)},
    "formula": lambda past: {
        "kind": "formula",
        "payoff": "where(max(S) < 130, max(mean(S) - K, 0), 2)",
        "param": {"K": 99},
        "fixings": 3,
        "past_fixings": past,
    },
    "forward start": lambda past: {"kind": "forward-start", "start": 0, "past_fixings": past[-1:]},
}
"""Contracts that have begun, by prices that have been observed."""


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", BEGUN)
def test_trades_that_differ_in_what_was_observed_share_a_trace(name, dtype, chainer_runs):
    observed = [[94.0, 97.5, 95.1], [96.3, 91.9, 98.8], [99.5, 93.25, 90.0]]
    requests = [
        build_request(BEGUN[name](past), {"vol": 0.2}, {"paths": 4000, "dtype": dtype}, "delta,gamma,vega")
        for past in observed
    ]
    alone = [run(request).estimates for request in requests[:1]]
    n_runs = len(chainer_runs)
    alone += [run(request).estimates for request in requests[1:]]
    assert len(chainer_runs) == n_runs
    assert [priced.estimates for priced in run_together(requests)] == alone
    assert len({estimates[0].value for estimates in alone}) == 3


@pytest.mark.parametrize("market", [{}, {"dividend_model": "escrowed"}, {"rate": "0.5:1%,2:2%"}], ids=str)
def test_trades_that_differ_in_ex_dates_share_a_trace(market, chainer_runs):
    requests = [
        build_request(
            {"strike": 100}, {"vol": 0.2, "dividends": dividends, **market}, {"paths": 4000}, "delta,rho,theta"
        )
        for dividends in ("0.3:1.5,0.8:1%", "0.25:1.5,0.9:2%", "0.4:1,0.7:1%")
    ]
    alone = [run(requests[0]).estimates]
    n_runs, n_forms = len(chainer_runs), closed_forms._traced.cache_info().misses
    alone += [run(request).estimates for request in requests[1:]]
    assert (len(chainer_runs), closed_forms._traced.cache_info().misses) == (n_runs, n_forms)
    assert [priced.estimates for priced in run_together(requests)] == alone
    assert len({estimates[0].value for estimates in alone}) == 3


def on_two(nodes, ex_date, greeks="delta,rho,d(correlation)"):
    each = {"A": {"vol": 0.2, "dividends": f"{ex_date}:1.5"}, "B": {"vol": 0.3, "dividend_yield": nodes}}
    market = {"underlying": each, "correlation": 0.5, "rate": nodes, "dividend_model": "escrowed"}
    return build_request({"kind": "best-of", "strike": 98}, market, {"paths": 4000}, greeks)


def test_trades_on_several_underlyings_that_differ_in_dates_of_their_markets_share_a_trace(chainer_runs):
    requests = [on_two("0.5:1%,2:2%", 0.3), on_two("0.25:2%,1:1%", 0.8)]
    alone = [run(requests[0]).estimates]
    n_runs = len(chainer_runs)
    alone.append(run(requests[1]).estimates)
    assert len(chainer_runs) == n_runs
    assert [priced.estimates for priced in run_together(requests)] == alone
    named = run(on_two("0.25:2%,1:1%", 0.8, "delta,rho,d(correlation),d(rate[0.25]),d(dividend[A:0.8])")).estimates
    assert [estimate.value for estimate in named[: len(alone[1])]] == [estimate.value for estimate in alone[1]]
    assert [estimate.greek.name for estimate in named[-2:]] == ["d(rate[0.25])", "d(dividend[A:0.8])"]


def test_greek_in_a_dividend_has_the_name_that_the_dividend_has():
    market = {"vol": 0.2, "dividends": "0.3:1.5,0.8:1.25"}
    found = run(build_request({"strike": 100}, market, {"paths": 4000}, "d(dividend[0.3]),d(dividend[0.8])"))
    assert [estimate.greek.name for estimate in found.estimates[1:]] == ["d(dividend[0.3])", "d(dividend[0.8])"]


def test_raw_trace_leaves_every_number_open():
    request = build_request(
        {"strike": 123.456}, {"vol": 0.219, "spot": 97.3, "rate": 0.0137}, {"width": 2.75}, "gamma,vega"
    )
    chosen = plan(request)
    program = chosen.traced.raw(chosen.groups[0].method.pattern)
    assert {type(source) for source in program.sources} >= {Value, Parameter, Width, Coefficient}
    numbers = {float(x) for c in program.constants.values() if isinstance(c, float | np.ndarray) for x in np.ravel(c)}
    assert not numbers & {123.456, 0.219, 97.3, 0.0137, 2.75, 1 / 97.3, 0.219**2}


def test_simplified_trace_leaves_parameters_and_widths_open():
    request = build_request({"strike": 100}, {"vol": 0.2}, {"width": 2}, "gamma")
    chosen = plan(request)
    program = chosen.traced.simplified(chosen.groups[0].method.pattern, Numbers([request]))
    kinds = {type(source) for source in program.sources if not isinstance(source, PathSource)}
    assert kinds == {Parameter, Width}


def test_unpickled_trace_is_the_trace_of_its_structure():
    found = trace_of()
    assert pickle.loads(pickle.dumps(found)) is found


def test_numbers_that_all_trades_share_are_one_number():
    requests = [build_request({"strike": strike}, {"vol": 0.2}, {}) for strike in (90, 110)]
    numbers = Numbers(requests)
    bind = numbers.late(np.zeros((2, 1, 8)))
    assert numbers.folded(Value("vol")) == 0.2
    assert bind(Parameter("strike")).values.tolist() == [90, 110]
    assert bind(Width(0, 2)) == 0.0
    assert numbers.markets.count == 1
    unlike = Numbers([requests[0], build_request({"strike": 90}, {"vol": 0.3}, {})])
    assert unlike.folded(Value("vol")).values.tolist() == [0.2, 0.3]
    assert unlike.markets.count == 2
    assert unlike.folded_key is None is not numbers.folded_key


def test_widths_have_a_row_for_each_method():
    methods = [
        plan(build_request({"strike": 100}, {"vol": 0.2}, {"width": w}, "gamma")).groups[0].method for w in (1, 2)
    ]
    found = widths_of(methods)
    assert found.shape == (2, 1, 8)
    np.testing.assert_array_equal(found[1], 2 * found[0])


def test_payoff_that_decides_by_parameters_is_traced_for_their_values():
    formula = {"kind": "formula", "payoff": "S[-1] if K > 95 else 0"}
    knocked = {"kind": "barrier", "strike": 100, "barrier_type": "down-out"}
    for low, high in (
        (formula | {"param": {"K": 90.0}}, formula | {"param": {"K": 100.0}}),
        (knocked | {"barrier": 105}, knocked | {"barrier": 90}),
    ):
        prices = [run(build_request(one, {"vol": 0.2}, {"paths": 4000}, []))["price"].value for one in (low, high)]
        assert prices[0] == 0 < prices[1]


def run_with_new_traces(greeks):
    laws.law_of.cache_clear()
    tracing._kept.cache_clear()
    return run(build_request({"strike": 100}, {"vol": 0.2}, {"paths": 2048, "estimator": "likelihood"}, greeks))


@pytest.mark.parametrize("greeks", ["theta", "vega", "delta,rho", "vanna"])
def test_greeks_asked_alone_are_those_of_a_longer_request(greeks):
    # Chainer differentiates for the last time here: a law that is built meanwhile must be recorded all the same.
    alone = run_with_new_traces(greeks)
    among = run_with_new_traces(f"{greeks},d(spot,spot,vol,vol),d(time,vol),d(rate,spot)")
    for estimate in alone.estimates:
        assert estimate.value == pytest.approx(among[estimate.greek.name].value, rel=1e-12)
