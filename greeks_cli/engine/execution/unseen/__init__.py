"""Bounds on what no simulated path shows: tails, rare events, and rights that are not exercised."""
