"""Markets: curves, surfaces, dividends and models, of one underlying or several."""
