"""The Python interface: functions that take keywords, typed terms, rows or frames, and give typed answers."""

from greeks_cli.api.answers import CheckResult, PriceResult, ProfileResult
from greeks_cli.api.books import BookResult, batch
from greeks_cli.api.calibrations import CalibrationResult, calibrate
from greeks_cli.api.functions import check, price, profile
from greeks_cli.terms.accuracy import Accuracy
from greeks_cli.terms.errors import GpuFailed, GreeksError, InvalidInput, MissingExtra, NonFiniteEstimate
from greeks_cli.terms.market import Market
from greeks_cli.terms.simulation import Simulation

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
    "PriceResult",
    "ProfileResult",
    "Simulation",
    "batch",
    "calibrate",
    "check",
    "price",
    "profile",
]
