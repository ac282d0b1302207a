"""Random numbers, the dynamics of the model, and the paths as functions of its parameters."""
