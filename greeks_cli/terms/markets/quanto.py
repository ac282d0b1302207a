"""Quantos: an underlying of another currency, whose price is paid at a fixed exchange rate.

Under the payment's measure it grows at foreign_rate - dividend_yield - fx_correlation vol fx_vol, and the rate
discounts (E. Reiner, Quanto mechanics, Risk 5, 1992). Under a curve vol is that of the time, by the forward variance.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field

from greeks_cli.terms.fields import Fraction, PerYear
from greeks_cli.terms.greek import QUANTO_PARAMETERS
from greeks_cli.terms.markets.models import Model

ForeignRate = Annotated[
    Annotated[PerYear, Field(ge=-10, le=10)] | None,
    Field(
        description="of a quanto: risk-free rate per year of the underlying's currency, continuous, a fraction; the "
        "payment is made at a fixed exchange rate of 1"
    ),
]
FxVol = Annotated[
    Annotated[PerYear, Field(ge=0, le=10)] | None,
    Field(description="of a quanto: volatility per year of the exchange rate, a fraction"),
]
FxCorrelation = Annotated[
    Annotated[Fraction, Field(ge=-1, le=1)] | None,
    Field(
        description="of a quanto: correlation of the underlying and the exchange rate, which is the price of its "
        "currency, -1 to 1"
    ),
]
_MODELS = (Model.GBM, Model.MERTON)


def objections(fields: Mapping[str, Any]) -> Iterator[str]:
    """The reasons why the fields of a market are not those of a quanto; none where no field of quantos is given."""
    given = [name for name in QUANTO_PARAMETERS if fields[name] is not None]
    if not given:
        return
    missing = [name for name in QUANTO_PARAMETERS if fields[name] is None]
    if missing:
        yield f"a quanto wants {', '.join(QUANTO_PARAMETERS)}; give {' and '.join(missing)} too"
    if fields["model"] not in _MODELS:
        yield f"a quanto wants model {' or '.join(_MODELS)}, not {fields['model']}"
    if fields["future"] is not None:
        yield "future and foreign_rate exclude each other; give spot, and the foreign rate as dividend_yield too"
