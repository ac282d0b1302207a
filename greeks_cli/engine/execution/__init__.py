"""A request from its pilot paths to its estimates."""
