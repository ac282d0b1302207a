"""Conventions of contracts, beside those of other libraries, by the model that has the fields."""

from collections.abc import Mapping

from greeks_cli.explain.page import Entry
from greeks_cli.terms.contracts.barriers import Barrier
from greeks_cli.terms.contracts.contract import Contract
from greeks_cli.terms.contracts.fixings import Fixed, Periodic
from greeks_cli.terms.contracts.joint import JointContract
from greeks_cli.terms.contracts.knocking import Knocking
from greeks_cli.terms.contracts.monitoring import Monitored
from greeks_cli.terms.contracts.path_dependent import Asian, Lookback
from greeks_cli.terms.contracts.periodic import VarianceSwap
from greeks_cli.terms.contracts.structured import Autocallable
from greeks_cli.terms.contracts.vanillas import ForwardStart

_ALL: tuple[Entry, ...] = (
    ("payment", "in cash, at expiry unless the contract says otherwise; values are discounted to today"),
    ("expiry", "years from now; a date counts by --day-count from --valuation-date, act/365f where none is given"),
)
_OF: Mapping[type, tuple[Entry, ...]] = {
    Fixed: (
        (
            "fixings",
            "equally spaced, the first after one period and the last at expiry; today's spot is a fixing where "
            "fixing_times begins with 0",
        ),
    ),
    Asian: (
        (
            "elsewhere",
            "QuantLib takes a list of dates, counts a date of today as a fixing, and takes past fixings as their sum "
            "(arithmetic) or product (geometric) and their number. FinancePy takes the start of the averaging, 100 "
            "fixings by default, and the average so far",
        ),
    ),
    Periodic: (
        (
            "periods",
            "equal, from the first past fixing or today to expiry; past_fixings says what has been observed, and the "
            "last of them starts the running period",
        ),
    ),
    VarianceSwap: (
        (
            "variance",
            "sum of squared logarithmic returns over the years of all periods; neither the mean return is taken off "
            "nor a number of days a year assumed",
        ),
        ("elsewhere", "QuantLib's strike is a variance, 0.04 where strike_vol is 0.2, and its variance is continuous"),
    ),
    Monitored: (
        (
            "monitoring",
            "continuous unless a number of dates, a rule or monitoring_times is given; N equally spaced dates end "
            "with the expiry and leave out today",
        ),
    ),
    Knocking: (("barrier", "a spot at the barrier or beyond has touched it; knocked says what happened before today"),),
    Barrier: (
        ("rebate", "paid at expiry by default; with rebate_at hit, that of a knock-out when the barrier is touched"),
        (
            "elsewhere",
            "QuantLib's AnalyticBarrierEngine monitors continuously, pays the rebate of a knock-out at the hit and "
            "that of a knock-in at expiry. FinancePy moves the barrier by exp(0.5826 vol sqrt(dt)) for 252 looks a "
            "year by default",
        ),
    ),
    Lookback: (
        ("extreme", "includes today's spot, and running_extreme where one is given"),
        ("elsewhere", "QuantLib's minmax is running_extreme, and is required there"),
    ),
    ForwardStart: (("strike", "moneyness times the spot at the start, as QuantLib's ForwardVanillaOption"),),
    Autocallable: (
        ("performance", "price over initial level, the worst of the underlyings; at a level is not below it"),
        ("coupon", "per year, for the years since the start or the last fixing; accrued adds years before today"),
    ),
    JointContract: (("underlyings", "in the order of the contract; each has its market, and each pair a correlation"),),
}


def conventions_of(contract: type[Contract]) -> list[Entry]:
    """The conventions of a contract: those of every contract, then those of the models that it derives from."""
    own = [entry for model in reversed(contract.__mro__) for entry in _OF.get(model, ())]
    return [*_ALL, *own]
