"""Choices by pilot paths: the estimator of each Greek, the shift of the paths, the number of time steps."""
