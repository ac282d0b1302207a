"""Models other than geometric Brownian motion: their time steps, jumps, local volatility, and paths."""
