"""A program run for a few trades at a time gives what it gives for all of them at once."""

import numpy as np
import pytest

from greeks_cli.engine.backends.backend import HOST
from greeks_cli.engine.compiler.batching import PerTrade, of_trades
from greeks_cli.engine.compiler.builder import Builder
from greeks_cli.engine.execution.chunks import Chunked, Common, InMarkets, Rows, Stacked, batched_slots, is_one_by_one
from greeks_cli.engine.execution.compile import plan, planned
from greeks_cli.engine.execution.numbers import Numbers, widths_of
from greeks_cli.engine.simulation.markets import Markets
from greeks_cli.engine.simulation.path_data import Motion, PathData
from greeks_cli.engine.simulation.sources import BrownianMotion, Growth, Growths
from greeks_cli.terms.building import build_request

N_TRADES = 5
STRIKES = np.linspace(80.0, 120.0, N_TRADES)
ALL = slice(0, N_TRADES)
WHICH = [slice(0, 2), slice(2, 4), slice(4, 5)]
"""Two trades at a time, and the last alone."""
MOTION = Motion((1.0,), np.random.default_rng(1).standard_normal((1, 1000)))


def markets(*vols, dates=(1.0,)):
    def each(value):
        return np.full(len(vols), value)

    values = {"spot": each(100.0), "vol": np.array(vols), "rate": each(0.01), "dividend_yield": each(0.0)}
    return Markets(values | {"time": each(0.0)}, np.tile(dates, (len(vols), 1)))


ONE_MARKET, MARKETS = markets(0.2), markets(0.1, 0.2, 0.3, 0.4, 0.5)


def program_of_a_book(source=Growth(0)):  # noqa: B008  # frozen
    """Of one trade: its growth squared. Of five: what they have above their strikes, and the growth of all."""
    builder = Builder()
    growth = builder.source(InMarkets(source, ONE_MARKET))
    strikes, hundred, one = builder.constant(PerTrade(STRIKES)), builder.constant(100.0), builder.constant(1.0)
    spot = builder.call(np.multiply, (growth, hundred), {})
    above = builder.call(np.subtract, (spot, strikes), {})
    square = builder.call(np.square, (growth,), {})
    slots = {"above": above, "spot": spot, "growth": growth, "one": one}
    return builder.program({**slots, "square": square}), slots, square


def test_few_trades_at_a_time_have_the_rows_of_all_at_once():
    whole, slots, square = program_of_a_book()
    batch = [Rows(which, {(i, name): slot for name, slot in slots.items()}) for i, which in enumerate(WHICH)]
    chunked = Chunked.of(whole, np.float64, {("single", "square"): square}, [batch])
    growth = PathData(MOTION, ONE_MARKET).growth(0)
    columns = {slot: of_trades(constant, ALL, np.float64) for slot, constant in whole.constants.items()}
    at_once = dict(whole.run(lambda source: growth, MOTION.n_paths, columns))
    found = dict(chunked.run(MOTION, HOST))
    assert set(found) == set(chunked.results())
    np.testing.assert_array_equal(found["single", "square"], at_once["square"])
    for i, which in enumerate(WHICH):
        np.testing.assert_array_equal(np.atleast_2d(found[i, "above"]), at_once["above"][which])
        for name in ("spot", "growth", "one"):
            np.testing.assert_array_equal(found[i, name], at_once[name])


def test_calls_that_all_trades_have_in_common_are_made_once():
    whole, slots, _ = program_of_a_book()
    batch = [Rows(which, {(i, "above"): slots["above"]}) for i, which in enumerate(WHICH)]
    chunked = Chunked.of(whole, np.float64, {}, [batch])
    assert [call.function for call in chunked.common.calls] == [np.multiply]
    assert list(chunked.common.results) == [Common(slots["spot"])]
    for stack in chunked.stacks:
        assert [call.function for call in stack.calls] == [np.subtract]


def test_trades_of_several_markets_have_the_rows_of_each_market():
    builder = Builder()
    growth = builder.source(InMarkets(Growth(0), MARKETS))
    above = builder.call(np.subtract, (growth, builder.constant(PerTrade(STRIKES / 100))), {})
    whole = builder.program({"above": above})
    assert batched_slots(whole) >= {growth, above}
    batch = [Rows(which, {(i, "above"): above}) for i, which in enumerate(WHICH)]
    found = dict(Chunked.of(whole, np.float64, {}, [batch]).run(MOTION, HOST))
    rows = np.concatenate([np.atleast_2d(found[i, "above"]) for i in range(len(WHICH))])
    for row, vol, strike in zip(rows, MARKETS.values["vol"], STRIKES, strict=True):
        np.testing.assert_array_equal(row, PathData(MOTION, markets(vol)).growth(0) - strike / 100)


@pytest.mark.parametrize(
    ("function", "source", "markets", "one_by_one"),
    [
        (np.exp, Growth(0), MARKETS, False),
        (np.exp, Growths(0, 1), MARKETS, True),
        (np.concatenate, Growth(0), MARKETS, True),
        (np.concatenate, Growth(0), ONE_MARKET, False),
        (np.concatenate, BrownianMotion(), MARKETS, False),
    ],
    ids=["elementwise", "several dates", "whole arrays", "whole arrays of one market", "arrays of no market"],
)
def test_trades_are_computed_one_by_one_where_a_call_needs_whole_arrays(function, source, markets, one_by_one):
    builder = Builder()
    program = builder.program({"found": builder.call(function, (builder.source(source),), {})})
    assert is_one_by_one(program, set(), markets) is one_by_one


@pytest.mark.parametrize("contract", [{}, {"kind": "asian", "fixings": 3}], ids=["European", "Asian"])
@pytest.mark.parametrize("vols", [(0.2, 0.2, 0.2), (0.2, 0.25, 0.3)], ids=["one market", "unlike markets"])
def test_batch_of_requests_has_the_rows_that_each_has_alone(contract, vols):
    requests = [
        build_request({"strike": 95 + 5 * i, **contract}, {"vol": vol}, {"width": 2}, "delta,gamma,vega")
        for i, vol in enumerate(vols)
    ]
    plans = planned(requests)
    motion = Motion(requests[0].contract.dates, plan(requests[0]).blocks.normals(0)[:, :3000])

    def run(some):
        methods = [one.groups[0].method for one in some]
        numbers = Numbers([one.request for one in some])
        program = some[0].traced.simplified(methods[0].pattern, numbers)
        return Stacked(numbers, motion).run(program, widths_of(methods))

    together = run(plans)
    for i, one in enumerate(plans):
        for index, row in run([one]).items():
            rows = np.broadcast_to(together[index], (len(plans), motion.n_paths))
            np.testing.assert_array_equal(rows[i], np.broadcast_to(row, motion.n_paths))
