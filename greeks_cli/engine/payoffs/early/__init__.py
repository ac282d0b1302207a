"""Early exercise: what a contract pays at its exercise dates, and martingales between them."""
