"""Lowering: the calls in place of a source make the source's array, for every market."""

import numpy as np
import pytest

from greeks_cli.engine.compiler.batching import of_trades
from greeks_cli.engine.compiler.builder import Builder
from greeks_cli.engine.execution.chunks import InMarkets
from greeks_cli.engine.execution.lowering import lowered
from greeks_cli.engine.simulation.any_market import data_of, markets_of
from greeks_cli.engine.simulation.path_data import Motion
from greeks_cli.engine.simulation.sources import Bridge, BrownianMotion, FirstIncrement, Growth
from greeks_cli.terms.building import build_request


def requests(count, fixings):
    contract = {"kind": "asian", "strike": 100, "fixings": fixings}
    return [build_request(contract, {"vol": 0.1 + 0.05 * i, "rate": 0.01 * i}, {}).by_place for i in range(count)]


@pytest.mark.parametrize("source", [Growth(0), FirstIncrement()])
@pytest.mark.parametrize("fixings", [1, 3])
@pytest.mark.parametrize("count", [1, 4])
def test_calls_make_the_array_of_the_source(source, fixings, count):
    book = requests(count, fixings)
    motion = Motion(book[0].path_dates, np.random.default_rng(1).normal(size=(fixings, 100)))
    markets, builder = markets_of(book), Builder()
    slot = lowered(InMarkets(source, markets), builder, motion.dates, np.float64)
    program = builder.program({"": slot})
    constants = {slot: of_trades(one, slice(0, count), np.float64) for slot, one in program.constants.items()}
    data = data_of(motion, markets)
    ((_, found),) = program.run(lambda one: one.of(data), 100, constants)
    assert np.array_equal(found, source.of(data))


def test_brownian_motion_at_one_date_is_lowered_and_other_sources_stay():
    assert lowered(BrownianMotion(), Builder(), (1.0,), np.float64) is not None
    assert lowered(BrownianMotion(), Builder(), (0.5, 1.0), np.float64) is None
    assert lowered(Bridge(0, 1), Builder(), (0.5, 1.0), np.float64) is None
