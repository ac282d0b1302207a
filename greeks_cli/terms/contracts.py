"""The catalogue: every contract by the name that flags and files use."""

from greeks_cli.terms.barriers import Barrier, DoubleBarrier
from greeks_cli.terms.contract import Contract
from greeks_cli.terms.formula import Formula
from greeks_cli.terms.path_contracts import Asian, Cliquet, Lookback, VarianceSwap
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

CONTRACTS: dict[str, type[Contract]] = {
    model.model_fields["kind"].default: model
    for model in (
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
        Formula,
    )
}
