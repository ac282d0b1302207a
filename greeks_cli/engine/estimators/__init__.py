"""Estimators of derivatives, their bandwidths, biases and sample moments."""
