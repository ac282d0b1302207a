"""Fields of a trade, and the section of a request that each belongs to."""

from greeks_cli.terms.accuracy import Accuracy
from greeks_cli.terms.books.position import Position
from greeks_cli.terms.contracts.catalogue import CONTRACTS
from greeks_cli.terms.dates.dating import Dating
from greeks_cli.terms.markets.market import Market
from greeks_cli.terms.quote import Quote
from greeks_cli.terms.simulation import Simulation
from greeks_cli.terms.underlyings import CORRELATION

SHARED = dict.fromkeys((*Market.model_fields, *Quote.model_fields), "market")
"""The section of every field that does not belong to a contract."""
SHARED |= dict.fromkeys(Simulation.model_fields, "simulation")
SHARED |= dict.fromkeys(Accuracy.model_fields, "accuracy")
SHARED |= dict.fromkeys(Position.model_fields, "position")
SHARED |= dict.fromkeys(Dating.model_fields, "dates")
SHARED[CORRELATION] = "market"
SEVERAL = ("param", "tol", CORRELATION)
"""Fields of several entries, which a cell of CSV separates by semicolons."""
FIELDS = sorted({"id", "greeks", "grid", *SHARED, *(name for c in CONTRACTS.values() for name in c.model_fields)})
