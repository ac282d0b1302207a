"""Contracts, their fields and dates, by kind; the catalogue imports them by name."""
