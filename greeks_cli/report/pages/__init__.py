"""HTML pages, and the maps and panels in them."""
