"""Text of a terminal: tables, curves in braille, maps on coloured backgrounds."""
