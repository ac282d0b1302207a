"""Paths, payoffs and their derivatives: the only package that touches Chainer or CuPy."""
