"""Normals that several cohorts share are drawn once a block, and forgotten when all have them."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from greeks_cli.engine.backends.backend import HOST
from greeks_cli.engine.execution.path_group import SharedNormals


class Drawing:
    """Stands for a plan."""

    def __init__(self):
        self.blocks = []

    def normals(self, block, device):
        self.blocks.append(block)
        if block < 0:
            raise MemoryError
        return np.full((1, 3), float(block))


def test_each_block_is_drawn_once_and_forgotten_when_all_have_it():
    plan = Drawing()
    shared = SharedNormals(plan, 3)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda block: shared.of(block, HOST), sorted([*range(20)] * 3)))
    assert sorted(plan.blocks) == list(range(20))
    for block in range(20):
        first, *others = found[3 * block : 3 * block + 3]
        assert all(other is first for other in others)
        assert first[0, 0] == block
    assert not shared._kept


def test_what_is_shared_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        SharedNormals(Drawing(), 2).of(0, HOST)[0, 0] = 1


def test_a_block_that_cannot_be_drawn_is_told_to_all():
    shared = SharedNormals(Drawing(), 2)
    for _ in range(2):
        with pytest.raises(MemoryError):
            shared.of(-1, HOST)
