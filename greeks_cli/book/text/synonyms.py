"""Names of fields and words of cells, as vendors and desks write them."""

import re
from enum import Enum
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from greeks_cli.book.fields import FIELDS
from greeks_cli.terms.accuracy import Accuracy
from greeks_cli.terms.books.position import Position
from greeks_cli.terms.contracts.catalogue import CONTRACTS
from greeks_cli.terms.dates.dating import Dating
from greeks_cli.terms.markets.market import Market
from greeks_cli.terms.quote import Quote
from greeks_cli.terms.simulation import Simulation

MODELS: tuple[type[BaseModel], ...] = (Market, Quote, Simulation, Accuracy, Position, Dating, *CONTRACTS.values())

_NAMES = {
    "id": "trade_id name symbol contract_name contract_symbol option_symbol option_name",
    "kind": "contract contract_kind contract_type product product_type style option_style exercise_style",
    "type": "option_type call_put put_call callput putcall cp pc c_p p_c cp_flag call_or_put right",
    "strike": "k x strike_price exercise_price",
    "spot": "s s0 spot_price underlying_price underlier_price",
    "expiry": "expiry_date expiration expiration_date maturity_date exp_date "
    "t tau ttm maturity tenor time_to_maturity time_to_expiry time_to_expiration years years_to_expiry "
    "years_to_maturity",
    "vol": "sigma \u03c3 volatility iv implied_vol implied_volatility impliedvolatility annual_volatility",
    "rate": "r interest_rate risk_free_rate risk_free riskfree_rate",
    "dividend_yield": "q div_yield dividendyield",
    "market_price": "option_price option_premium option_mid mid mid_price",
    "forward": "forward_price fwd",
    "barrier": "h barrier_level",
    "barrier_type": "barriertype knock knock_type",
    "fixings": "n_fixings number_of_fixings",
    "underlying": "underlier ticker underlying_symbol underlying_name",
    "quantity": "qty position contracts n_contracts number_of_contracts",
    "multiplier": "contract_size contract_multiplier lot_size",
    "currency": "ccy",
    "paths": "n_paths num_paths number_of_paths simulations",
    "payoff": "formula",
}
SYNONYMS = {word: name for name, words in _NAMES.items() for word in words.split()}

_WORDS = {
    "type": {"call": "c calls calloption", "put": "p puts putoption"},
    "barrier_type": {
        "up-in": "upandin ui uai upknockin",
        "up-out": "upandout uo uao upknockout",
        "down-in": "downandin di dai downknockin",
        "down-out": "downandout do dao downknockout",
    },
    "kind": {
        "european": "vanilla plainvanilla europeanoption vanillaoption",
        "digital": "binary digitaloption binaryoption",
        "asian": "asianoption",
        "barrier": "barrieroption",
        "lookback": "lookbackoption",
        "variance-swap": "varswap",
    },
    "strike_kind": {"fixed": "fixedstrike", "floating": "floatingstrike"},
}


def normalised(name: str) -> str:
    """A name in lower case, with an underscore for every blank, hyphen, dot or slash: ``Option Type`` is
    ``option_type``.
    """
    return re.sub(r"[\s\-./_]+", "_", name.strip("\ufeff \t\r\n")).strip("_").casefold()


def field_of(name: str) -> str | None:
    """The field that a name means, or None."""
    key = normalised(name)
    return key if key in FIELDS else SYNONYMS.get(key)


def word_of(name: str, text: str) -> str | None:
    """The value of a field that a cell means, or None: ``Call``, ``C``, ``Down & Out``, ``Call Spread``."""
    return _values(name).get(squeezed(text))


def words_of(name: str) -> list[str]:
    """The values of a field that has a list of values, or some words beside its numbers."""
    return list(dict.fromkeys(_values(name).values()))


def description_of(name: str) -> str:
    """The description of a field."""
    infos = (model.model_fields[name] for model in MODELS if name in model.model_fields)
    return next((info.description for info in infos if info.description), name)


def squeezed(text: str) -> str:
    """The letters and digits of a text, in lower case."""
    return "".join(filter(str.isalnum, text)).casefold()


@cache
def _values(name: str) -> dict[str, str]:
    """The values of a field, by their letters and by their synonyms."""
    values = CONTRACTS if name == "kind" else _choices(name)
    synonyms = _WORDS.get(name, {})
    found = {word: value for value, words in synonyms.items() for word in words.split()}
    return found | {squeezed(value): value for value in values}


def _choices(name: str) -> list[str]:
    annotations = (model.model_fields[name].annotation for model in MODELS if name in model.model_fields)
    return [value for annotation in annotations for value in _members(annotation)]


def _members(annotation: Any) -> list[str]:
    """The values of an enumeration or a literal, and of those in a union."""
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return [str(member.value) for member in annotation]
    if get_origin(annotation) is Literal:
        return [str(value) for value in get_args(annotation)]
    if get_origin(annotation) in (Union, UnionType, Annotated):
        return [value for part in get_args(annotation) for value in _members(part)]
    return []
