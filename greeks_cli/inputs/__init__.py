"""Inputs of a run: flags, files, rows and settings, read into valid requests and trades."""
