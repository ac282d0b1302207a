"""Trades of a book, and sums over them: totals, scenarios, explained profit and loss."""
