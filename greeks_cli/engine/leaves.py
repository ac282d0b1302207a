"""Parameters as leaves of the graph, one per path, so that every path has its own derivative."""

from collections.abc import Collection, Mapping

import numpy as np

from greeks_cli.engine.chainer_runtime import chainer
from greeks_cli.engine.numbers import Operand

Leaves = Mapping[str, Operand]
"""Parameters by name: a Variable of shape (n_paths,) where differentiated, else a float."""


def make_leaves(values: Mapping[str, float], live: Collection[str], n_paths: int, dtype: type[np.floating]) -> Leaves:
    """Leaves for ``live`` parameters; they share one number each and take no memory per path."""
    return {
        name: chainer.Variable(np.broadcast_to(dtype(value), (n_paths,))) if name in live else value
        for name, value in values.items()
    }
