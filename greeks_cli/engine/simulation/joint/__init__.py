"""Several underlyings: their correlated paths, by geometric Brownian motion and by models."""
