"""Spans: small blocks that are run at once, their paths one after another, and whose moments are taken apart again."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.estimators.moments import Comoments, Moments
from greeks_cli.engine.execution.accumulator import StackMoments
from greeks_cli.engine.simulation.importance import shifted


@dataclass(frozen=True, slots=True)
class Span:
    """Blocks of one size, with the normals of each."""

    blocks: range
    normals: Sequence[NDArray[np.floating]]

    @property
    def n_paths(self) -> int:
        """The number of paths of a block."""
        return self.normals[0].shape[1]

    def shifted(
        self, dates: tuple[float, ...], shift: float
    ) -> tuple[NDArray[np.floating], NDArray[np.floating] | None]:
        """The normals of all paths, whose ends are shifted in each block, with the weights of paths; None for 1."""
        if not shift:
            return _joined(self.normals), None
        moved = [shifted(normals, dates, shift) for normals in self.normals]
        return _joined([one.normals for one in moved]), _joined([one.weights for one in moved])

    def rows(self, rows: NDArray[np.floating]) -> NDArray[np.floating]:
        """The rows of all plans, a row for each block: shape (n_plans * n_blocks, n_paths)."""
        return rows if len(self.blocks) == 1 else rows.reshape(-1, self.n_paths)

    def divided(self, moments: StackMoments) -> list[StackMoments]:
        """The moments of plans in each block, from those of all rows."""
        n = len(self.blocks)
        if n == 1:
            return [moments]
        own = {field.name: getattr(moments, field.name) for field in fields(moments)}
        return [StackMoments(**{name: _of_block(one, block, n) for name, one in own.items()}) for block in range(n)]


def _joined(rows: Sequence[NDArray[np.floating]]) -> NDArray[np.floating]:
    return rows[0] if len(rows) == 1 else np.concatenate(rows, axis=-1)


def _of_block(moments: Any, block: int, n_blocks: int) -> Any:
    """The moments of one block in ``n_blocks``; a number of paths is that of each."""
    if not isinstance(moments, Moments | Comoments):
        return moments
    count, *tables = (getattr(moments, field.name) for field in fields(moments))
    return type(moments)(count, *(table[..., block::n_blocks] for table in tables))
