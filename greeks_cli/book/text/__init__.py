"""Text of books: TOML, JSON, CSV, and numbers and names as people write them."""
