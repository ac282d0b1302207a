"""A template of a book, generated from the models so that it cannot be out of date."""

from collections.abc import Sequence

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from greeks_cli.terms.contracts.catalogue import CONTRACTS, ON_SEVERAL
from greeks_cli.terms.markets.market import Market
from greeks_cli.terms.quote import Quote
from greeks_cli.terms.simulation import Simulation

_HEAD = """\
# A book of trades for `greeks batch`. Lines that begin with # are the defaults.

greeks = "delta,gamma,vega"     # or "all", or ["delta", "d(spot,vol)"]
"""

_CURVES = """\
# Curves, by nodes, by dates (with valuation_date), or from a CSV file; greeks explain curves says more:
# rate = [[0.25, 0.021], [1, 0.025]]
# rate = [[2027-03-18, 0.021], ["1Y", 0.025]]
# rate = "zero.csv"
"""


_SEVERAL = """\
# Markets of underlyings by name. A trade on one says underlying = "A", a trade on several underlyings = ["A", "B"]:
[underlying.A]
spot = 100
vol = 0.2

[underlying.B]
spot = 90
vol = 0.3

# Correlations by pair; or one for all, correlation = 0.5, or correlation = "matrix.csv" at the top of the file:
[correlation]
"A,B" = 0.5
"""


def template() -> str:
    """TOML that `greeks batch` prices as it stands."""
    parts = [
        _HEAD,
        _section("market", (Market, Quote), {"spot": 100, "vol": 0.2, "rate": 0.01}),
        _CURVES,
        _SEVERAL,
        _section("simulation", (Simulation,), {}),
        "# Every trade at every point, if there is a grid; a list, or start:stop:count:\n"
        '# [grid]\n# vol = [0.1, 0.2]\n# spot = "80:120:5"\n',
        *(_trade(kind, model) for kind, model in CONTRACTS.items()),
    ]
    return "\n".join(parts)


def _section(name: str, models: Sequence[type[BaseModel]], given: dict[str, object]) -> str:
    lines = [f"[{name}]"]
    for field, info in (field for model in models for field in model.model_fields.items()):
        comment = f"  # {info.description}"
        if field in given:
            lines.append(f"{field} = {_toml(given[field])}{comment}")
        else:
            lines.append(f"# {field}{_default(info)}{comment}")
    return "\n".join(lines) + "\n"


def _default(info: FieldInfo) -> str:
    return "" if info.default in (None, PydanticUndefined) else f" = {_toml(info.default)}"


def _trade(kind: str, model: type[BaseModel]) -> str:
    example = getattr(model, "example", {})
    names = {"underlyings": ["A", "B"]} if kind in ON_SEVERAL else {}
    given = {"id": f"my {kind}", "kind": kind, **names, **example}
    return "\n".join(["[[trade]]", *(f"{name} = {_toml(value)}" for name, value in given.items())]) + "\n"


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} = {_toml(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)
