"""Lowering: the calls in place of a source make the source's array, for every market."""

import numpy as np
import pytest

from greeks_cli.engine.compiler.batching import of_trades
from greeks_cli.engine.compiler.builder import Builder
from greeks_cli.engine.execution.chunks import InMarkets
from greeks_cli.engine.execution.lowering import lowered
from greeks_cli.engine.simulation.any_market import data_of, markets_of
from greeks_cli.engine.simulation.path_data import Motion
from greeks_cli.engine.simulation.sources import (
    AllNormals,
    Bridge,
    BrownianMotion,
    FirstIncrement,
    Growth,
    Growths,
    LaterIncrements,
    LaterSquares,
    WeightedNormals,
)
from greeks_cli.terms.building import build_request


def requests(count, fixings):
    contract = {"kind": "asian", "strike": 100, "fixings": fixings}
    return [build_request(contract, {"vol": 0.1 + 0.05 * i, "rate": 0.01 * i}, {}).by_place for i in range(count)]


ROWS = [Growth(0), FirstIncrement()]
ON_DATES = [Growths(0, 3), LaterIncrements(), LaterSquares(), BrownianMotion(), Bridge(0, 2)]


@pytest.mark.parametrize(
    ("source", "count", "fixings"),
    [(source, count, fixings) for source in ROWS for count in (1, 4) for fixings in (1, 3, 40)]
    + [(source, 1, fixings) for source in ON_DATES for fixings in (3, 40)],
)
def test_calls_make_the_array_of_the_source(source, count, fixings):
    book = requests(count, fixings)
    motion = Motion(book[0].path_dates, np.random.default_rng(1).normal(size=(fixings, 100)))
    markets, builder = markets_of(book), Builder()
    named = InMarkets(source, markets) if source.of_market else source
    slot = lowered(named, builder, motion.dates, np.float64)
    program = builder.program({"": slot})
    constants = {slot: of_trades(one, slice(0, count), np.float64) for slot, one in program.constants.items()}
    data = data_of(motion, markets)
    assert {*program.sources} == {AllNormals(fixings)}
    ((_, found),) = program.run(lambda one: one.of(data), 100, constants)
    assert np.array_equal(found, source.of(data))


def test_normals_and_long_sums_of_several_markets_stay():
    law = paths_law(requests(1, 40))
    assert lowered(AllNormals(2), Builder(), (0.5, 1.0), np.float64) is None
    for count, dates in ((1, 40), (4, 40)):
        source = InMarkets(WeightedNormals(law, (), 1, 0, dates), markets_of(requests(count, 40)))
        assert lowered(source, Builder(), requests(1, 40)[0].path_dates, np.float64) is None


def paths_law(book):
    return markets_of(book).law("path")
