"""Fits of models of smiles to quotes of European options."""
