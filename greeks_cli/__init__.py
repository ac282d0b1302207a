"""Monte Carlo option prices and Greeks of any order, each with an honest error bar."""

__version__ = "0.1.0"
