"""The command, for comparison with the Python functions."""

import pytest


@pytest.fixture
def greeks_command(greeks):
    """Call ``greeks`` with a line of arguments, in which nothing is quoted."""
    return lambda line: greeks(*line.split())
