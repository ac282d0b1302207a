"""Markets of one underlying or several, with nodes of curves in years in place of dates and tenors."""

from collections.abc import Mapping
from typing import Any

from greeks_cli.terms.dates.dating import Dated, Dating, curves_in_years
from greeks_cli.terms.errors import Problem
from greeks_cli.terms.markets.several import UNDERLYING, tables_of
from greeks_cli.terms.underlyings import named


def market_in_years(market: Mapping[str, Any], dating: Dating) -> Dated:
    """The fields of a market as of ``curves_in_years``, those of each underlying in its table ``underlying``, too."""
    found = curves_in_years(market, dating)
    try:
        tables = tables_of(market.get(UNDERLYING))
    except ValueError:  # the validation of the market refuses it
        return found
    if not isinstance(tables, Mapping):
        return found
    read = {name: curves_in_years(own, dating) for name, own in tables.items() if isinstance(own, Mapping)}
    found.fields[UNDERLYING] = {**tables, **{name: own.fields for name, own in read.items()}}
    for name, own in read.items():
        found.dates |= {named(field, name): dates for field, dates in own.dates.items()}
        found.remarks += [remark for remark in own.remarks if remark not in found.remarks]
        for problem in own.problems:
            message = f"{name}: {problem.path[-1]}: {problem.message}"
            found.problems.append(Problem(("market", UNDERLYING, name), message, problem.value))
    return found
