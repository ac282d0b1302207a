"""Building of the market of several underlyings from fields, with the mistakes in them."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

from greeks_cli.terms.errors import Problem, did_you_mean
from greeks_cli.terms.markets.correlations import is_semidefinite, least_eigenvalue, nearest
from greeks_cli.terms.markets.given_variance import given_variance
from greeks_cli.terms.markets.joint_market import JointMarket
from greeks_cli.terms.markets.market import Market
from greeks_cli.terms.markets.several import UNDERLYING, Several, correlations_of
from greeks_cli.terms.quote import GIVES
from greeks_cli.terms.underlyings import CORRELATION, in_order, is_name, pair_name
from greeks_cli.terms.validation import validated

MOST = 40
"""The largest number of underlyings."""
_SHOWN = 6
_LEAST = 1e-8
"""The least eigenvalue of the correlations of prices given their variances, at least."""
_MARGIN = 1e-5
"""The share by which the correlations of the nearest matrix are lowered, more than they are rounded when shown."""


def is_joint(fields: Mapping[str, Any]) -> bool:
    """True if the fields of a market are those of several underlyings."""
    return fields.get(UNDERLYING) is not None or fields.get(CORRELATION) is not None


def joint_market(fields: Mapping[str, Any], wanted: Sequence[str], problems: list[Problem]) -> JointMarket | None:
    """The market of several underlyings; None where the fields are wrong, and the mistakes go to ``problems``.

    ``fields`` has a table for each underlying, the correlations, and values for all underlyings. ``wanted`` are the
    names of the contract's underlyings in its order, by default all of the market.
    """
    common = {name: value for name, value in fields.items() if name not in (UNDERLYING, CORRELATION)}
    given = {name: fields[name] for name in (UNDERLYING, CORRELATION) if fields.get(name) is not None}
    before, several = len(problems), validated(Several, "market", given, problems)
    if several is None:
        return None
    tables = several.underlying
    problems += _problems_of_names(tables, wanted)
    if len(problems) > before:
        return None
    names = tuple(wanted) or tuple(tables)
    read = {name: _market(name, common, tables[name], problems) for name in names}
    markets = {name: market for name, market in read.items() if market}
    correlation = dict(_correlations(names, tables, several.correlation, problems))
    if len(problems) > before:
        return None
    found = JointMarket.model_construct(underlying=markets, correlation=correlation)
    problems += _problems_together(found)
    return found if len(problems) == before else None


def _problems_of_names(tables: Mapping[str, Any], wanted: Sequence[str]) -> Iterator[Problem]:
    path = ("market", UNDERLYING)
    for name in tables:
        if not is_name(name):
            yield Problem(path, "is no name of an underlying among several; use letters, digits and _", name)
    for name in wanted:
        if name not in tables:
            yield Problem(("contract", "underlyings"), f"no market is given for it; {did_you_mean(name, tables)}", name)
    count = len(wanted or tables)
    if count == 0 or count > MOST:  # the contract refuses one alone
        message = f"2 to {MOST} underlyings are wanted, and {count} are given"
        yield Problem(path, f"{message}; write --underlying A:spot=100,vol=0.2 for each")


def _market(name: str, common: Mapping[str, Any], table: Mapping[str, Any], problems: list[Problem]) -> Market | None:
    """The market of one underlying. A mistake in a field common to all is told once, as that of the market."""
    own: list[Problem] = []
    fields = {**common, **table}
    for quote in sorted(GIVES.keys() & fields.keys()):
        message = f"is for contracts on one underlying; give {GIVES[quote]}"
        own.append(Problem(("market", quote), message, fields[quote]))
    found = validated(Market, "market", {key: value for key, value in fields.items() if key not in GIVES}, own)
    for problem in own:
        if problem.path[-1] in common and problem.path[-1] not in table:
            problems += [problem] if problem not in problems else []
            continue
        of_field = f"{problem.path[1]}: " if len(problem.path) > 1 else ""
        problems.append(Problem(("market", UNDERLYING, name), f"{name}: {of_field}{problem.message}", problem.value))
    return found


def _correlations(
    names: Sequence[str], known: Collection[str], given: object, problems: list[Problem]
) -> Iterator[tuple[str, float]]:
    """The correlation of each pair of names, as ``A,B`` and a number; ``known`` are all underlyings of the market."""
    path = ("market", CORRELATION)
    try:
        numbers = {} if given is None else correlations_of(given, names)
    except ValueError as error:
        problems.append(Problem(path, str(error)))
        return
    problems += problems_of_pairs(given, numbers, known)
    pairs = [in_order(*pair) for pair in combinations(names, 2)]
    missing = [pair_name(*pair) for pair in pairs if pair not in numbers]
    if missing:
        shown = "; ".join(missing[:_SHOWN]) + (" ..." if len(missing) > _SHOWN else "")
        problems.append(Problem(path, f"required for each pair, and not given for {shown}; write {missing[0]}=0.5"))
        return
    yield from ((pair_name(*pair), numbers[pair]) for pair in pairs)


def problems_of_pairs(
    given: object, numbers: Mapping[tuple[str, str], float], known: Collection[str]
) -> Iterator[Problem]:
    """The correlations that are out of range, or of underlyings that are not known.

    ``numbers`` are those of what is ``given``; the matrix of a file may have more underlyings than are known.
    """
    path = ("market", CORRELATION)
    is_matrix = isinstance(given, list | tuple) and any(isinstance(one, tuple) for one in given)
    for pair, number in numbers.items():
        for name in pair:
            if name not in known and not is_matrix:
                yield Problem(path, f"{pair_name(*pair)}: there is no underlying '{name}'; {did_you_mean(name, known)}")
        if not -1 <= number <= 1:
            yield Problem(path, f"the correlation of {pair_name(*pair)} should be -1 to 1", number)


def _problems_given_variance(market: JointMarket) -> Iterator[Problem]:
    """The reason why the matrix of models other than gbm has no joint density given their variances."""
    path, least = ("market", CORRELATION), least_eigenvalue(given_variance(market.matrix, market.spot_vol))
    if least >= _LEAST:
        return
    if market.is_singular:
        message = "the matrix has an eigenvalue of 0, which under models other than gbm has no paths"
        yield Problem(path, f"{message}; move the correlations nearer to 0")
        return
    shown = ", ".join(f"{name} {rho:g}" for name, rho in zip(market.names, market.spot_vol, strict=True))
    message = f"given their variances the prices' matrix has the least eigenvalue {least:.4g}, and should be positive"
    remedy = f"bring the spot_vol_correlations nearer to each other (here {shown}), or correlations nearer to 0"
    yield Problem(path, f"{message} definite; {remedy}")


def _problems_together(market: JointMarket) -> Iterator[Problem]:
    if not is_semidefinite(market.matrix):
        least, near = least_eigenvalue(market.matrix), (1 - _MARGIN) * nearest(market.matrix)
        pairs = combinations(enumerate(market.names), 2)
        all_of = [(one, other, near[i, j]) for (i, one), (j, other) in pairs]
        moved = [(a, b, n) for a, b, n in all_of if abs(n - market.correlation[pair_name(a, b)]) > 5e-5]
        shown = ", ".join(f"{a},{b}={n:.6f}" for a, b, n in moved[:_SHOWN]) + (" ..." if len(moved) > _SHOWN else "")
        message = f"the matrix is not positive semidefinite: its least eigenvalue is {least:.4g}"
        yield Problem(("market", CORRELATION), f"{message}; the nearest matrix that is has {shown}")
    elif not market.is_lognormal:
        yield from _problems_given_variance(market)
    first = market.markets[0]
    for name, own in market.underlying.items():
        path = ("market", UNDERLYING, name)
        if own.rate != first.rate:
            message = f"{name}: the rate is common to all underlyings; give one, beside their tables or in the trade"
            yield Problem(path, message)
