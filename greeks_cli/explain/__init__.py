"""Explanations of Greeks, contracts, options, methods and conventions."""
