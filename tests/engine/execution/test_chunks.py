"""A program run for a few trades at a time gives what it gives for all of them at once."""

import numpy as np
import pytest

from greeks_cli.engine.backends.backend import HOST
from greeks_cli.engine.compiler.ir import Assembly
from greeks_cli.engine.execution.chunks import Calculation, Common, Rows
from greeks_cli.engine.simulation.path_data import Simulated
from greeks_cli.terms.request import build_request

N_TRADES = 5
STRIKES = np.linspace(80.0, 120.0, N_TRADES)[:, None]
WHICH = [slice(0, 2), slice(2, 4), slice(4, 6)]
"""Two trades at a time, and the last alone."""


@pytest.fixture
def simulated():
    request = build_request({"strike": 100}, {"vol": 0.2}, {})
    return Simulated.of(request, np.random.default_rng(1).standard_normal((1, 1000)))


def program_of_a_book():
    """Of one trade: its growth squared. Of five: what they have above their strikes, all at once, and the growth."""
    assembly = Assembly()
    growth = assembly.source(("growth", 0))
    strikes, hundred, one = assembly.constant(STRIKES), assembly.constant(100.0), assembly.constant(1.0)
    spot = assembly.call(np.multiply, (growth, hundred), {})
    above = assembly.call(np.subtract, (spot, strikes), {})
    square = assembly.call(np.square, (growth,), {})
    slots = {"above": above, "spot": spot, "growth": growth, "one": one}
    return assembly.program({**slots, "square": square}), {strikes, above}, slots, square


def test_a_few_trades_at_a_time_have_the_rows_of_all_at_once(simulated):
    whole, wide, slots, square = program_of_a_book()
    families = [[Rows(which, {(i, name): slot for name, slot in slots.items()}) for i, which in enumerate(WHICH)]]
    calculation = Calculation.of(whole, wide, {("single", "square"): square}, families)
    at_once = dict(whole.run(simulated.fetch, simulated.n_paths))
    found = dict(calculation.run(simulated, HOST))
    assert set(found) == set(calculation.results())
    np.testing.assert_array_equal(found["single", "square"], at_once["square"])
    for i, which in enumerate(WHICH):
        np.testing.assert_array_equal(found[i, "above"], at_once["above"][which])
        for name in ("spot", "growth", "one"):
            np.testing.assert_array_equal(found[i, name], at_once[name])


def test_what_trades_have_in_common_is_computed_once():
    whole, wide, slots, _ = program_of_a_book()
    families = [[Rows(which, {(i, "above"): slots["above"]}) for i, which in enumerate(WHICH)]]
    calculation = Calculation.of(whole, wide, {}, families)
    assert [call.function for call in calculation.common.calls] == [np.multiply]
    assert list(calculation.common.results) == [Common(slots["spot"])]
    for stack in calculation.stacks:
        assert [call.function for call in stack.calls] == [np.subtract]
