"""Execution of requests and books: threads, processes, clusters, and results on disk."""
