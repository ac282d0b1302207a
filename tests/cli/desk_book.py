"""A book of 200 positions of two desks on five underlyings, in three currencies, and its market on two days."""

import itertools
import json

SPOTS = {"SX5E": 5000, "SPX": 6000, "NKY": 40000, "SIE": 190, "AAPL": 240}
KINDS = ("european", "european", "digital", "asian", "barrier", "call-spread", "european")
EXPIRIES = ("2027-03-19", "2027-06-18", "2027-12-17")
MONDAY = """
valuation_date = 2026-11-30
underlying.SX5E = {spot = 5000, vol = 0.18, rate = 0.02, dividend_yield = 0.03, currency = "EUR"}
underlying.SIE = {spot = 190, vol = 0.25, rate = 0.02, currency = "EUR"}
underlying.SPX = {spot = 6000, vol = 0.16, rate = 0.04, currency = "USD"}
underlying.AAPL = {spot = 240, vol = 0.28, rate = 0.04, currency = "USD"}
underlying.NKY = {spot = 40000, vol = 0.22, rate = 0.005, currency = "JPY"}
fx = {base = "EUR", USD = 0.9, JPY = 0.006}
simulation = {paths = 512}
"""
TUESDAY = MONDAY.replace("2026-11-30", "2026-12-01").replace("5000", "5040").replace("0.28", "0.275")


def _terms(kind: str, spot: float, moneyness: float) -> dict[str, object]:
    strike = round(spot * moneyness, 2)
    match kind:
        case "call-spread":
            return {"low_strike": strike, "high_strike": round(strike * 1.1, 2)}
        case "asian":
            return {"strike": strike, "fixings": 4}
        case "barrier":
            barrier = round(spot * 0.75, 2)
            return {"strike": strike, "barrier": barrier, "barrier_type": "down-out", "monitoring": 4}
    return {"strike": strike}


def positions() -> list[dict[str, object]]:
    """200 positions; their fields follow from their numbers alone."""
    cycles = zip(range(200), itertools.cycle(SPOTS.items()), itertools.cycle(KINDS), strict=False)
    found: list[dict[str, object]] = []
    for number, (underlying, spot), kind in cycles:
        name = {"id": f"{underlying}-{kind}-{number + 1}", "underlying": underlying, "kind": kind}
        size = {"quantity": (-50, 25, -10, 5, 100, -20, 10, 40, -5)[number % 9]}
        side = {} if kind == "call-spread" else {"type": ("call", "put")[number % 2]}
        desk = {"expiry": EXPIRIES[number % 3], "tags": {"desk": ("north", "south")[number % 4 > 1]}}
        found.append({**name, **size, **side, **desk, **_terms(kind, spot, 0.85 + 0.05 * (number % 7))})
    return found


def lines() -> str:
    """The positions as JSON Lines."""
    return "".join(json.dumps(row) + "\n" for row in positions())
