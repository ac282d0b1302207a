"""Derivatives of any order, per path, by either of the two ways that Chainer offers."""

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.autodiff.chainer_runtime import chainer
from greeks_cli.engine.autodiff.ops import Leaves, Operand

MultiIndex = tuple[str, ...]
Derivatives = dict[MultiIndex, NDArray[np.floating]]


def by_grad(value: Operand, leaves: Leaves, wanted: Collection[MultiIndex]) -> Derivatives:
    """Chained ``chainer.grad`` over the trie of multi-indices: shared prefixes are computed once.

    ``value`` and every derivative have shape (n_paths,). The derivative in a parameter that the value does not depend
    on (``chainer.grad`` returns None) is zero.
    """
    found: Derivatives = {}
    _descend(value, (), leaves, wanted, found)
    return {index: found[index] if index in found else np.zeros_like(value.array) for index in wanted}


def _descend(
    node: Operand, prefix: MultiIndex, leaves: Leaves, wanted: Collection[MultiIndex], found: Derivatives
) -> None:
    if prefix in wanted:
        found[prefix] = node.array
    depth = len(prefix)
    below = [index for index in wanted if len(index) > depth and index[:depth] == prefix]
    if not below:
        return
    branches = list(dict.fromkeys(index[depth] for index in below))
    has_higher_orders = any(len(index) > depth + 1 for index in below)
    derivatives = chainer.grad([node], [leaves[name] for name in branches], enable_double_backprop=has_higher_orders)
    for name, derivative in zip(branches, derivatives, strict=True):
        if derivative is not None:
            _descend(derivative, (*prefix, name), leaves, wanted, found)


def by_backward(value: Operand, leaves: Leaves, wanted: Collection[MultiIndex]) -> Derivatives:
    """``Variable.backward``, then ``grad_var`` and a second ``backward``: orders 0 to 2."""
    found: Derivatives = {(): value.array} if () in wanted else {}
    live = {name: leaves[name] for index in wanted for name in index}
    first = _backward(value, live, enable_double_backprop=True)
    for name, derivative in first.items():
        found[(name,)] = derivative.array
        second = {index[1] for index in wanted if len(index) == 2 and index[0] == name}
        if second and derivative.creator_node is not None:
            for other, twice in _backward(derivative, live, enable_double_backprop=False).items():
                found[(name, other)] = twice.array
    return {index: found[index] if index in found else np.zeros_like(value.array) for index in wanted}


def _backward(node: Operand, live: dict[str, Operand], enable_double_backprop: bool) -> dict[str, Operand]:
    for leaf in live.values():
        leaf.cleargrad()
    node.grad = np.ones_like(node.array)
    node.backward(enable_double_backprop=enable_double_backprop)
    return {name: leaf.grad_var for name, leaf in live.items() if leaf.grad_var is not None}
