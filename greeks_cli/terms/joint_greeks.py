"""Greeks of several underlyings: a Greek without a name of an underlying stands for that of each."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from itertools import combinations_with_replacement, product

from greeks_cli.terms.accuracy import Target
from greeks_cli.terms.greek import (
    CURVES,
    DEFAULT_NAMES,
    HESSIAN,
    MODEL_PARAMETERS,
    NAMED,
    QUANTO_PARAMETERS,
    SEPARATOR,
    TIME,
    Greek,
    in_brackets,
    parse_greek,
    parse_greeks,
)
from greeks_cli.terms.markets.joint_market import JointMarket
from greeks_cli.terms.nodes import curve_of
from greeks_cli.terms.underlyings import CORRELATION, is_correlation, local, named, underlying_of

_OWN = ("spot", *(name for name in CURVES if name != "rate"), *MODEL_PARAMETERS, *QUANTO_PARAMETERS)


def joint_greeks(words: object, own: Collection[str], market: JointMarket) -> tuple[Greek, ...]:
    """Greeks from ``"delta,hessian"`` or a list, each for every underlying where it names none. Price comes first.

    ``hessian`` are all second derivatives in the spots, ``d(correlation)`` those in each correlation. ``own`` are the
    contract's parameters. Raises ValueError.
    """
    if isinstance(words, str):
        words = SEPARATOR.split(words)
    if not isinstance(words, list | tuple):
        raise ValueError(f"{words} is not a list of Greeks, such as 'delta,gamma' or ['delta', 'gamma']")
    found: list[Greek] = []
    for word in words:
        found += _of_word(word.strip() if isinstance(word, str) else word, own, market)
    return tuple(dict.fromkeys(parse_greeks(found)))


def joint_targets(targets: Sequence[Target], market: JointMarket) -> tuple[Target, ...]:
    """The tolerances, each of every underlying where its Greek names none."""
    return tuple(replace(target, greek=greek) for target in targets for greek in _each(target.greek, market))


def default_greeks(market: JointMarket) -> tuple[Greek, ...]:
    """The Greeks of a request that names none."""
    return joint_greeks(DEFAULT_NAMES, (), market)


def _of_word(word: object, own: Collection[str], market: JointMarket) -> Iterator[Greek]:
    if word == HESSIAN:
        for one, other in combinations_with_replacement(market.names, 2):
            yield parse_greek(f"gamma[{one}]" if one == other else f"d(spot[{one}],spot[{other}])")
    elif word == "all":
        yield from _all(own, market)
    elif isinstance(word, str) and not word:
        return
    else:
        for greek in parse_greeks([word])[1:] or parse_greeks([word]):
            yield from _each(greek, market)


def _each(greek: Greek, market: JointMarket) -> Iterator[Greek]:
    """The Greek of each underlying, or in each correlation; the Greek as it is where it names them."""
    bare = [
        name for name in greek.parameters if name in _OWN or (curve_of(name) in CURVES and name not in market.values)
    ]
    bare = [name for name in bare if underlying_of(name) is None and curve_of(name) != "rate"]
    if bare:
        having = [name for name in market.names if all(named(p, name) in market.values for p in bare)]
        for name in having or market.names:
            at = tuple(named(p, name) if p in bare else p for p in greek.parameters)
            yield in_brackets(greek.name, name, at)
    elif CORRELATION in greek.parameters:
        pairs = [name for name in market.values if is_correlation(name)]
        for chosen in product(pairs, repeat=greek.parameters.count(CORRELATION)):
            rest = [name for name in greek.parameters if name != CORRELATION]
            yield parse_greek(f"d({','.join([*rest, *chosen])})")
    else:
        yield greek


def _all(own: Collection[str], market: JointMarket) -> Iterator[Greek]:
    known = {"spot", "vol", "rate", "dividend_yield", TIME, *own}
    usual = [greek for greek in NAMED.values() if known.issuperset(greek.parameters)]
    for greek in usual:
        yield from _each(greek, market)
    firsts = {greek.parameters for greek in usual}
    others = (name for name in (*own, *market.values) if name in own or _is_of_all(name))
    yield from (parse_greek(f"d({name})") for name in others if (name,) not in firsts)


def _is_of_all(name: str) -> bool:
    """True for a parameter of the market whose derivative no named Greek is."""
    return is_correlation(name) or local(name) in QUANTO_PARAMETERS
