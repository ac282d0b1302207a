"""Closed forms as Chainer graphs, differentiated by ``engine.autodiff`` like the simulated payoffs."""
