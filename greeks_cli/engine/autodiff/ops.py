"""Arithmetic on what is differentiated and on what is not.

A parameter that no Greek differentiates stays a Python float where its value is known, and what is computed from
such parameters and the normals alone stays a plain array: nothing is recorded for it. These
functions are ``chainer.functions`` on Variables and the plain ones otherwise.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from greeks_cli.engine.autodiff.chainer_runtime import F, chainer

Operand = Any
"""A float, an array, or a chainer.Variable (which has no usable type information)."""


def is_recorded(x: Operand) -> bool:
    return isinstance(x, chainer.Variable)


def exp(x: Operand) -> Operand:
    if is_recorded(x):
        return F.exp(x)
    return math.exp(x) if isinstance(x, float) else np.exp(x)


def log(x: Operand) -> Operand:
    if is_recorded(x):
        return F.log(x)
    return math.log(x) if isinstance(x, float) else np.log(x)


def sqrt(x: Operand) -> Operand:
    if is_recorded(x):
        return F.sqrt(x)
    return math.sqrt(x) if isinstance(x, float) else np.sqrt(x)


def concat(parts: Sequence[Operand]) -> Operand:
    """Rows under rows."""
    if any(is_recorded(part) for part in parts):
        return F.concat(parts, axis=0)
    return np.concatenate(parts)


def total(x: Operand) -> Operand:
    """The sum over dates."""
    return F.sum(x, axis=0) if is_recorded(x) else x.sum(axis=0)
