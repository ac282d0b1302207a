"""The Python interface: functions that take keywords, typed terms, rows or frames, and give typed answers."""

import re
from typing import Any

from greeks_cli.api.answers import CheckResult, PriceResult, ProfileResult
from greeks_cli.api.books import BookResult, batch
from greeks_cli.api.calibrations import CalibrationResult, calibrate
from greeks_cli.api.functions import check, price, profile
from greeks_cli.api.pnl import PnlResult, explain_pnl
from greeks_cli.api.scenario_grid import ScenarioResult, scenarios
from greeks_cli.terms.accuracy import Accuracy
from greeks_cli.terms.contracts.catalogue import CONTRACTS
from greeks_cli.terms.errors import GpuFailed, GreeksError, InvalidInput, MissingExtra, NonFiniteEstimate
from greeks_cli.terms.markets.market import Market
from greeks_cli.terms.simulation import Simulation


def named(name: str) -> Any:
    """A public object of the interface, or the class of a contract such as ``ForwardStart``; None for other names."""
    if name in __all__:
        return globals()[name]
    return CONTRACTS.get(re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower())


__all__ = [
    "Accuracy",
    "BookResult",
    "CalibrationResult",
    "CheckResult",
    "GpuFailed",
    "GreeksError",
    "InvalidInput",
    "Market",
    "MissingExtra",
    "NonFiniteEstimate",
    "PnlResult",
    "PriceResult",
    "ProfileResult",
    "ScenarioResult",
    "Simulation",
    "batch",
    "calibrate",
    "check",
    "explain_pnl",
    "price",
    "profile",
    "scenarios",
]
