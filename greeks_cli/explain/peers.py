"""Units and conventions of other libraries, as installed and called in November 2026."""

RAW = {
    "vega": "QuantLib 1.44, FinancePy 1.1.2 and PyFENG 0.5.0",
    "theta": "QuantLib 1.44 (thetaPerDay per day), FinancePy 1.1.2 and PyFENG 0.5.0",
    "rho": "QuantLib 1.44 and FinancePy 1.1.2",
}
"""Libraries whose Greek is raw, as without ``--units``."""
MARKET = dict.fromkeys(RAW, "vollib 1.0.11 and fast-vollib 0.2.4")
"""Libraries whose Greek has the units of ``--units market``."""


def units_of_peers(name: str) -> str | None:
    """The units of a named Greek in other libraries; None for a Greek whose unit is the same everywhere."""
    if name not in RAW:
        return None
    return f"raw in {RAW[name]}; as --units market in {MARKET[name]}"
