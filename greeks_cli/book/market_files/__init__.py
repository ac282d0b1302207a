"""Files of markets: curves, surfaces, correlations and quotes."""
