"""The catalogue: every contract by the name that flags and files use."""

from greeks_cli.terms.barriers import Barrier, DoubleBarrier
from greeks_cli.terms.contract import Contract
from greeks_cli.terms.formula import Formula
from greeks_cli.terms.joint_contracts import Basket, BestOf, Exchange, Rainbow, Spread, WorstOf
from greeks_cli.terms.path_contracts import Asian, Cliquet, Lookback, VarianceSwap
from greeks_cli.terms.structured import Accumulator, Autocallable, Phoenix
from greeks_cli.terms.vanillas import (
    Butterfly,
    CallSpread,
    Digital,
    European,
    ForwardStart,
    PutSpread,
    Straddle,
    Strangle,
)

Catalogue = dict[str, type[Contract]]


def _by_name(*models: type[Contract]) -> Catalogue:
    return {model.model_fields["kind"].default: model for model in models}


ON_ONE = _by_name(
    European,
    Digital,
    Asian,
    Barrier,
    DoubleBarrier,
    Lookback,
    ForwardStart,
    Cliquet,
    VarianceSwap,
    Straddle,
    Strangle,
    CallSpread,
    PutSpread,
    Butterfly,
    Autocallable,
    Phoenix,
    Accumulator,
    Formula,
)
"""Contracts on one underlying; a formula may have several."""
ON_SEVERAL = _by_name(Basket, Spread, Exchange, BestOf, WorstOf, Rainbow)
"""Contracts on several underlyings."""
CONTRACTS = ON_ONE | ON_SEVERAL
