"""Lookbacks that have begun: a running maximum or minimum, beside closed forms and a simulation in plain NumPy."""

import numpy as np
import pytest

from greeks_cli.run.price import run
from tests.conftest import assert_agrees
from tests.contracts.test_past_fixings import MARKET, asked, paths

KINDS = [("call", {"strike": 104}), ("put", {"strike": 97}), ("call", {}), ("put", {})]
"""Lookbacks with a fixed and with a floating strike."""
DISTANCES = (0.85, 1.0, 1.02, 1.2)
"""Running extremes over the spot: passed, at the spot, near it and far from it; for a minimum, the reciprocals."""


def begun(option, strike, distance, **terms):
    seeks_maximum = (option == "call") == ("strike" in strike)
    extreme = 100 * distance if seeks_maximum else 100 / distance
    kind = "fixed" if strike else "floating"
    return {"kind": "lookback", "type": option, **strike, "strike_kind": kind, "running_extreme": extreme, **terms}


@pytest.mark.parametrize("distance", DISTANCES)
@pytest.mark.parametrize(("option", "strike"), KINDS, ids=str)
def test_continuous_lookback_with_a_running_extreme_agrees_with_its_closed_form(option, strike, distance):
    greeks = "delta,vega,theta" if distance == 1 else "delta,gamma,vega,theta"
    assert_agrees(run(asked(begun(option, strike, distance), greeks)))


def paid(contract, spots):
    seen, strike = contract["running_extreme"], contract.get("strike")
    highest, lowest = np.maximum(spots.max(axis=0), seen), np.minimum(spots.min(axis=0), seen)
    if contract["type"] == "call":
        return np.maximum(highest - strike, 0) if strike else spots[-1] - lowest
    return np.maximum(strike - lowest, 0) if strike else highest - spots[-1]


@pytest.mark.parametrize("distance", [1.02, 1.2])
@pytest.mark.parametrize(("option", "strike"), KINDS, ids=str)
def test_monitored_lookback_with_a_running_extreme_agrees_with_a_simulation_in_plain_numpy(option, strike, distance):
    contract = begun(option, strike, distance, monitoring=3)
    found, discount = run(asked(contract, "delta", seed=3)), np.exp(-MARKET["rate"])
    times = (1 / 3, 2 / 3, 1.0)
    low, here, high = (discount * paid(contract, paths(times, 100 + bump)) for bump in (-0.1, 0, 0.1))
    for greek, samples in (("price", here), ("delta", (high - low) / 0.2)):
        noise = np.hypot(found[greek].stderr, samples.std() / np.sqrt(samples.size))
        assert noise < 0.02 * samples.std()
        assert abs(found[greek].value - samples.mean()) < 4 * noise, greek
