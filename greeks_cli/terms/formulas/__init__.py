"""Typed formulas: their grammar, and what is read off a formula before it is priced."""
