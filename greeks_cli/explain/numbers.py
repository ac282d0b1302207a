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
        ("vega", "per 1.00 of vol, or per vol point with --units market or desk"),
        (
            "rate",
            "zero rate, continuous, a fraction; rho is per 1.00; market: per 1%; desk: per basis point",
        ),
        ("expiry", "years, or a date by --day-count from --valuation-date: act/365f by default"),
        ("fixings", "N are equally spaced, the last at expiry, today's spot left out"),
        ("monitoring", "continuous unless dates are given; N dates end with the expiry, today left out"),
        ("barrier", "a spot at the barrier has touched it; a rebate is paid at expiry unless --rebate-at hit"),
    ),
    "units": (
        ("", "--units raw (the default) has derivatives as they are, market those that screens quote, desk money:"),
        ("price", "money in all units"),
        ("delta", "per 1 of the spot; desk: times the spot"),
        ("gamma", "per 1 of the spot, twice; desk: the change of the cash delta by 1% of the spot"),
        ("vega", "per 1.00 of vol; market and desk: per vol point, a hundredth of it"),
        ("rho, phi", "per 1.00 of the rate; market: per 1%; desk: per basis point"),
        ("theta", "per year; market and desk: per day of 365"),
        ("higher", "the product of the units: vanna is per spot and per 1.00 of vol, or per vol point"),
        (
            "elsewhere",
            "raw in QuantLib 1.44 (thetaPerDay is per day), FinancePy 1.1.2 and PyFENG 0.5.0; as market in "
            "vollib 1.0.11 and fast-vollib 0.2.4, whose vega, theta and rho of one call were ours",
        ),
    ),
    "d1": _D1,
    "d2": _D1,
}
"""Topics on the meaning of numbers."""
