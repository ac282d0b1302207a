"""Parameters as leaves of the graph, one per path, so that every path has its own derivative."""

from collections.abc import Collection, Mapping

import numpy as np

from greeks_cli.engine.autodiff.chainer_runtime import chainer
from greeks_cli.engine.autodiff.ops import Operand

Leaves = Mapping[str, Operand]
"""Parameters by name: a Variable of shape (n_paths,) where differentiated or not known yet, else a float."""


def make_leaves(values: Mapping[str, Operand], live: Collection[str], n_paths: int, dtype: type[np.floating]) -> Leaves:
    """Leaves for ``live`` parameters; they share one number each and take no memory per path.

    A value is a number; or an array of one per path, or of no dimension where a recording leaves it open.
    """

    def leaf(name: str, value: Operand) -> Operand:
        is_array = isinstance(value, np.ndarray)
        if name not in live and not is_array:
            return value
        one_each = np.broadcast_to(value if is_array else dtype(value), (n_paths,))
        return chainer.Variable(one_each, requires_grad=name in live)

    return {name: leaf(name, value) for name, value in values.items()}
