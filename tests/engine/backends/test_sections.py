"""Sections: loops of as many rows are one, and rows that move are read in a later loop."""

import numpy as np

from greeks_cli.engine.backends.sections import Sections
from greeks_cli.engine.compiler.operations import Graph
from greeks_cli.engine.compiler.row_loops import Part, at, join, running, total, view


def sections(graph, *stored):
    found = Sections(graph.nodes, stored)
    return [(one.stage, one.count) for one in found.all], found.n_scratch


def rows(graph, slot=0, count=40):
    return graph.load(slot, 0, "float64", count, 1)


def test_operations_on_equal_rows_are_one_loop_whose_sums_need_no_memory():
    graph = Graph()
    total(graph, np.add, graph.call(np.exp, (rows(graph),)))
    total(graph, np.maximum, graph.call(np.square, (rows(graph, 1),)))
    assert sections(graph) == ([(1, 40), (2, 0)], 0)


def test_rows_of_computed_numbers_at_other_places_wait_for_the_loop():
    graph = Graph()
    computed = graph.call(np.exp, (rows(graph),))
    moved = view(graph, computed, 1, 1, 39)
    total(graph, np.add, graph.call(np.subtract, (moved, view(graph, computed, 0, 1, 39))))
    assert sections(graph) == ([(1, 40), (3, 39), (4, 0)], 40)


def test_rows_of_inputs_at_other_places_are_loaded_there():
    graph = Graph()
    moved = view(graph, rows(graph), 39, -1, 39)
    total(graph, np.add, graph.call(np.exp, (moved,)))
    assert graph.rows[moved.place] == (0, 39, -1)
    assert sections(graph) == ([(1, 39), (2, 0)], 0)


def test_what_needs_a_sum_is_a_later_loop_that_reads_inputs_again():
    graph = Graph()
    own = rows(graph)
    shares = graph.call(np.divide, (own, total(graph, np.add, own)))
    assert sections(graph, shares) == ([(1, 40), (2, 0), (3, 40)], 0)


def test_parts_of_a_join_are_stored_in_it_and_other_rows_are_zero():
    graph = Graph()
    computed = graph.call(np.exp, (rows(graph),))
    joined = join(graph, [Part(1, computed)], 42)
    assert at(graph, joined, 3) == at(graph, computed, 2)
    assert graph.rows == [(0, 0, 1)]
    running(graph, np.add, joined)
    assert sections(graph) == ([(1, 40), (2, 0), (3, 42)], 40 + 42)
