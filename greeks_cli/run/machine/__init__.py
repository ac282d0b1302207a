"""The machine: memory, cores, processes, signals, clusters, files, and the arithmetic of processors."""
