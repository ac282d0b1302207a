"""Calls write over arrays that nobody reads any more, and over no others."""

from dataclasses import replace

import numpy as np
import pytest

from greeks_cli.engine.compiler.ir import Assembly, Shape, small_buffers
from greeks_cli.engine.execution import linker as programs
from greeks_cli.engine.execution.path_group import Cohort, price_block
from greeks_cli.engine.execution.plan import Plan
from greeks_cli.run.local import run
from greeks_cli.run.together import run_alongside
from greeks_cli.terms.contracts import CONTRACTS
from greeks_cli.terms.request import build_request

FORMULAS = [
    "sum(S*K+K)+S[0]+K",
    "sum((S-K)*K)+(K+sum(S/K))",
    "where(sum(S-K)>K,sum(S-K),S[-1]*S[-1])",
    "where(S[-1]>K,S[-1]-K,0)*S[-1]/K",
]


def program(viewed):
    """x + 1, its double, and a sum of two: over a view of both rows of x + 1, or over copies."""
    assembly = Assembly()
    x = assembly.source(("x",))
    one = assembly.constant(1.0)
    more = assembly.call(np.add, (x, one), {})
    both = assembly.call(np.broadcast_to, (more, assembly.constant(Shape((2, None)))), {}) if viewed else more
    double = assembly.call(np.multiply, (more, assembly.constant(2.0)), {})
    total = assembly.call(np.add, (both, double), {})
    again = assembly.call(np.square, (total,), {})
    found = assembly.program({"double": double, "again": again})
    return replace(found, alike=frozenset({more, double, again} | (set() if viewed else {total})))


def written_over(program):
    """How many of its calls write over an array."""
    return sum("_written_over" in repr(function) for function, *_ in program._steps)


@pytest.mark.parametrize("viewed", [True, False])
def test_what_is_written_over_is_read_by_nobody_later(viewed):
    x = np.arange(5.0)
    found = dict(program(viewed).run({("x",): x}.__getitem__, 5))
    np.testing.assert_array_equal(x, np.arange(5.0))
    np.testing.assert_array_equal(found["double"], 2 * (x + 1))
    np.testing.assert_array_equal(np.broadcast_to(found["again"], (2, 5)), np.tile((3 * (x + 1)) ** 2, (2, 1)))


def test_a_sum_takes_the_place_of_what_it_is_made_of():
    assert written_over(program(False)) == 2  # the sum over x + 1, and its square over the sum


def test_a_trade_alone_and_a_stack_write_over_arrays():
    plans = [Plan.of(build_request({"strike": strike}, {"vol": 0.2}, {"paths": 3000})) for strike in (100, 101)]
    ((_, alone),), ((_, both),) = Cohort.of(plans[:1]).markets, Cohort.of(plans).markets
    assert written_over(alone.where((True,)).common)
    (stack,) = both.where((True,)).stacks
    assert written_over(stack)


@pytest.mark.parametrize("settings", [{}, {"estimator": "likelihood"}, {"antithetic": True}], ids=str)
@pytest.mark.parametrize("contract", [*CONTRACTS, *FORMULAS])
def test_numbers_do_not_change_by_writing_over_arrays(monkeypatch, contract, settings):
    requests = []
    for factor in (1.0, 1.01):  # two that may be computed as one
        if contract in CONTRACTS:
            example, greeks = {"kind": contract, **CONTRACTS[contract].example}, "delta,gamma,vega,theta,vanna"
            for name in CONTRACTS[contract].parameters:
                if example.get(name):
                    example[name] *= factor
        else:
            example = {"kind": "formula", "payoff": contract, "param": {"K": 100.0 * factor}, "fixings": 3}
            greeks = "delta,gamma,vega,d(spot,K),d(spot,spot,K)"
        requests.append(build_request(example, {"vol": 0.2}, {"paths": 3000, **settings}, greeks))
    over = [run(request).estimates for request in requests]
    together = [answer.estimates for answer in run_alongside(requests)]
    monkeypatch.setattr(programs, "_per_path", lambda program: frozenset())
    assert over == together == [run(request).estimates for request in requests]


def test_numpy_has_its_buffer_back():
    before = np.getbufsize()

    @small_buffers()
    def fails():
        assert np.getbufsize() < before
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert np.getbufsize() == before
    price_block(Cohort.of([Plan.of(build_request({"strike": 100}, {"vol": 0.2}, {"paths": 3000}, "gamma"))]), 0)
    assert np.getbufsize() == before
