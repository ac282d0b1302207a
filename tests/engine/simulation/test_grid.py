"""Rows of normals of a path under a model."""

import numpy as np

from greeks_cli.engine.simulation.grid import Grid
from greeks_cli.engine.simulation.path_data import Motion
from greeks_cli.terms.building import build_request
from tests.models import BATES, HESTON, MERTON


def request(market, **simulation):
    contract = {"kind": "asian", "strike": 100, "fixing_times": [0.25, 1.0]}
    return build_request(contract, market, simulation, "delta")


def test_rows_are_of_dates_then_jumps_then_steps():
    grid = Grid.of(request(BATES), 20)
    assert (grid.n_dates, grid.n_jumping, grid.steps) == (2, 1, (6, 16))
    assert grid.n_rows == 2 + 2 + 22
    assert [*grid.rows_of(0)] == [*range(4, 10)]
    assert grid.jumps == slice(2, 4)
    assert Grid.of(request(MERTON), 20) == Grid(2, 1)
    assert Grid.usual(request({"vol": 0.2})) == Grid(2)


def test_steps_may_be_doubled_some_times():
    assert Grid.of(request(HESTON), 20, 3).steps == (8, 16)
    assert Grid.of(request(HESTON), 20).steps == (6, 16)


def test_steps_of_a_request_are_taken():
    assert sum(Grid.usual(request(HESTON, steps=100)).steps) == 102  # 25 of 100 steps become 26, an even number


def test_the_price_moves_by_the_normals_of_dates_or_of_steps():
    dates = (0.25, 1.0)
    assert Grid.of(request(BATES), 20).of_price(dates) == (0, dates)
    first, times = Grid(2, 0, (2, 3), is_conditional=False).of_price(dates)
    assert first == 2
    assert times == (0.125, 0.25, 0.5, 0.75, 1.0)


def test_half_as_many_steps_keep_the_motion():
    grid = Grid(1, 0, (4,))
    normals = np.arange(10.0).reshape(5, 2)
    halved = grid.halved_normals(normals)
    np.testing.assert_allclose(
        halved, [normals[0], (normals[1] + normals[2]) / 2**0.5, (normals[3] + normals[4]) / 2**0.5]
    )
    assert grid.halved == Grid(1, 0, (2,))
    twice = Motion((1.0,), normals, grid).coarser(2)
    assert twice.grid == Grid(1, 0, (1,))
    np.testing.assert_allclose(twice.normals, [normals[0], normals[1:].sum(axis=0) / 2])
