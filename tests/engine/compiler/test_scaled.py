"""``compiler.scaled``: a number times an array takes factors without touching the array."""

from greeks_cli.engine.compiler.scaled import Scaled


def test_factors_multiply_and_the_array_stays():
    assert Scaled(2.0, 7).times(-1.5).times(0.5) == Scaled(-1.5, 7)
