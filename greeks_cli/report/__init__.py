"""Tables, files, figures and HTML pages of results."""
