"""Topics on what numbers mean: units, conventions, and d1 and d2."""

from collections.abc import Mapping

from greeks_cli.explain.page import Entry
from greeks_cli.terms.glossary import D1, D2

_D1: tuple[Entry, ...] = (
    ("", "Numbers in the closed forms of Europeans, of spot S, strike K, expiry T, rate r, dividend yield q:"),
    ("d1", D1),
    ("d2", D2),
    ("D, R", "D = exp(-q*T), R = exp(-r*T)"),
    ("n, N", "density and distribution function of the standard normal"),
    ("s", "+1 for a call, -1 for a put"),
)
NUMBER_TOPICS: Mapping[str, tuple[Entry, ...]] = {
    "conventions": (
        ("", "What the numbers mean, where libraries differ; explain units, and explain asian and the like, say more."),
        ("time", "in years; theta is the change as calendar time passes, negative for most bought options"),
        ("vega", "per 1.00 of vol, or per vol point with --units market"),
        ("rate", "zero rate, continuous, a fraction; rho is per 1.00, or per 1% with --units market"),
        ("expiry", "years, or a date by --day-count from --valuation-date: act/365f by default"),
        ("fixings", "N are equally spaced, the last at expiry, today's spot left out"),
        ("monitoring", "continuous unless dates are given; N dates end with the expiry, today left out"),
        ("barrier", "a spot at the barrier has touched it; a rebate is paid at expiry unless --rebate-at hit"),
    ),
    "units": (
        ("", "--units raw (the default) has derivatives as they are, --units market those that screens quote:"),
        ("vega", "per 1.00 of vol; market: per vol point, a hundredth of it"),
        ("rho, phi", "per 1.00 of the rate; market: per 1%"),
        ("theta", "per year; market: per day of 365"),
        ("higher", "the product of the units: vanna is per spot and per 1.00 of vol, or per vol point"),
        ("raw", "QuantLib 1.44 (thetaPerDay is per day), FinancePy 1.1.2, PyFENG 0.5.0"),
        ("market", "vollib 1.0.11, fast-vollib 0.2.4: vega, theta and rho of the same call are ours to 1e-6"),
    ),
    "d1": _D1,
    "d2": _D1,
}
"""Topics on the meaning of numbers."""
