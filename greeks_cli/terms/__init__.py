"""What is asked and what is answered. No numerics: this package imports neither NumPy nor Chainer."""
