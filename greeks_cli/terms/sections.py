"""The models of a request's sections but the contract, by the name of the section."""

from collections.abc import Mapping

from greeks_cli.terms.accuracy import Accuracy
from greeks_cli.terms.dates.dating import Dating
from greeks_cli.terms.fields import Term
from greeks_cli.terms.markets.market import Market
from greeks_cli.terms.markets.several import Several
from greeks_cli.terms.quote import Quote
from greeks_cli.terms.simulation import Simulation

SECTION_MODELS: Mapping[str, tuple[type[Term], ...]] = {
    "market": (Market, Several, Quote),
    "simulation": (Simulation,),
    "accuracy": (Accuracy,),
    "dates": (Dating,),
}
