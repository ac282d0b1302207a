"""Devices that compute on arrays: NumPy on the processor, CuPy on GPUs."""
