"""Python functions by which other programs price."""
