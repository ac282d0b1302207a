"""Differentiable operations on Chainer's graph, and mixed partial derivatives of any order."""
