"""Who executes blocks."""
