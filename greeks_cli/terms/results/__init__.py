"""Results of commands: estimates, profiles, comparisons of methods, fitted smiles."""
