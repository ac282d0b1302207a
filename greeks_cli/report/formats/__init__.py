"""Formats of results: table, JSON, CSV, and what a kind of result has besides."""
