"""Exercise policies: regression on paths of their own decides where a contract is exercised early."""
