"""Programs of NumPy calls: traced, simplified, batched over trades, fused, run."""
