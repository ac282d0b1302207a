"""Books of trades, read from files."""
