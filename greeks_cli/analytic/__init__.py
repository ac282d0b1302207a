"""Closed forms as Chainer graphs: their Greeks come from the same derivatives module."""
