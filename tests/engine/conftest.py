"""Chainer's own checks, made importable."""

import sys
import types

import pytest


@pytest.fixture(scope="session")
def gradient_check():
    """``chainer.gradient_check``, whose import wants pkg_resources (gone from setuptools 82) and never calls it."""
    sys.modules.setdefault("pkg_resources", types.ModuleType("pkg_resources"))
    from greeks_cli.engine.autodiff import chainer_runtime  # noqa: F401, I001  # the door to Chainer comes first
    from chainer import gradient_check

    return gradient_check
