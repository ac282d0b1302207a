"""Runs of books: batches, ledgers, scenarios, and trades that come one by one."""
