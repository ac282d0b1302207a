"""What arrays are computed on: NumPy on the processor, CuPy on GPUs."""
