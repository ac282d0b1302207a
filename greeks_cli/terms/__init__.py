"""Requests and results. No numerics: this package imports neither NumPy nor Chainer."""
