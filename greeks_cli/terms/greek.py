"""Greeks: mixed partial derivatives of the price, by their names or as ``d(spot,vol)``.

``time`` is calendar time passing: every future date comes nearer at once, so theta is minus
the derivative with respect to the expiry of a European. No sign is needed anywhere else.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from greeks_cli.terms.errors import did_you_mean
from greeks_cli.terms.nodes import Nodes, curve_of, label_of, label_of_node, node_name
from greeks_cli.terms.underlyings import CORRELATION, correlation_name, is_name, named, pair_of, underlying_of

CURVES = ("vol", "rate", "dividend_yield", "borrow")
"""Parameters that may be curves."""
MARKET_PARAMETERS = ("spot", "vol", "rate", "dividend_yield")
TIME = "time"
VARIANCE_PARAMETERS = (
    "initial_variance",
    "mean_reversion",
    "long_run_variance",
    "vol_of_vol",
    "spot_vol_correlation",
)
JUMP_PARAMETERS = ("jump_intensity", "jump_mean", "jump_vol")
MODEL_PARAMETERS = (*VARIANCE_PARAMETERS, *JUMP_PARAMETERS)
"""Numbers that only models other than gbm have."""
QUANTO_PARAMETERS = ("foreign_rate", "fx_vol", "fx_correlation")
"""Numbers that only quantos have."""
KNOWN_PARAMETERS = (*MARKET_PARAMETERS, "borrow", "strike", TIME, *MODEL_PARAMETERS, *QUANTO_PARAMETERS)
"""Parameters that ``greeks explain`` accepts; a contract may have more."""
MAX_ORDER = 4
DEFAULT_NAMES = "delta,gamma,vega,theta,rho"
"""Greeks of a request that names none."""


@dataclass(frozen=True, slots=True)
class Greek:
    """A partial derivative of the price; ``parameters`` is empty for the price itself."""

    name: str
    parameters: tuple[str, ...]

    @property
    def order(self) -> int:
        return len(self.parameters)

    @property
    def formula(self) -> str:
        return f"d({','.join(self.parameters)})"


NAMED = {
    name: Greek(name, parameters)
    for name, parameters in {
        "price": (),
        "delta": ("spot",),
        "gamma": ("spot", "spot"),
        "speed": ("spot", "spot", "spot"),
        "vega": ("vol",),
        "vanna": ("spot", "vol"),
        "volga": ("vol", "vol"),
        "zomma": ("spot", "spot", "vol"),
        "ultima": ("vol", "vol", "vol"),
        "rho": ("rate",),
        "phi": ("dividend_yield",),
        "theta": ("time",),
        "charm": ("spot", "time"),
        "color": ("spot", "spot", "time"),
        "veta": ("vol", "time"),
        "dual_delta": ("strike",),
        "dual_gamma": ("strike", "strike"),
    }.items()
}
HESSIAN = "hessian"
"""All second derivatives in the spots: gamma, where there is one underlying."""
ALIASES = {"vomma": "volga"}
PRICE = NAMED["price"]
SEPARATOR = re.compile(r",(?![^(]*\)|[^\[]*\])")
"""The commas between Greeks, and not those in brackets."""
_NAME = r"\w+(?:\[[^\[\]()]+\])?"
_AT_NODE = re.compile(r"(\w+)\[([^\[\](),]+)\]")
_FORMULA = re.compile(rf"d\(\s*({_NAME}(?:\s*,\s*{_NAME})*)\s*\)")


def _rank(parameter: str) -> tuple[int, str]:
    """Sort key: spot first and time last, so that multi-indices share long prefixes."""
    order = {"spot": 0, "vol": 2, "rate": 3, "dividend_yield": 4, "borrow": 4, TIME: 5}
    return order.get(curve_of(parameter), 1), parameter


def parse_greek(text: str) -> Greek:
    """A Greek from its name, an alias, or a formula such as ``d(spot,spot,vol)``.

    ``rho[1]`` and ``d(rate[1])`` are the derivative in the node of a curve, ``delta[A]`` and ``d(spot[A])`` that in the
    parameter of an underlying among several. Raises ValueError with a remedy when the text is none of these.
    """
    word = text.strip()
    if at_node := _AT_NODE.fullmatch(word):
        label = _label(at_node[2])
        at = at_underlying if is_name(label.partition(":")[0]) else at_one_node
        return at(parse_greek(at_node[1]), label)
    if word in NAMED or word in ALIASES:
        return NAMED[ALIASES.get(word, word)]
    formula = _FORMULA.fullmatch(word)
    if formula is None and word in KNOWN_PARAMETERS:
        raise ValueError(f"'{word}' is a parameter; write d({word}) for the derivative in it")
    if formula is None:
        known = [*NAMED, *ALIASES]
        raise ValueError(f"unknown Greek '{word}'; {did_you_mean(word, known)} or d(spot,vol) for any other")
    parameters = sorted(map(_with_label, re.findall(_NAME, formula[1])), key=_rank)
    if len(parameters) > MAX_ORDER:
        raise ValueError(f"'{word}' is of order {len(parameters)}; the highest order is {MAX_ORDER}")
    return Greek(f"d({','.join(parameters)})", tuple(parameters))


def _label(text: str) -> str:
    """The name of a node as curves have it, or of a quote such as ``0.25@100``: numbers in their shortest form."""
    return ":".join("@".join(map(_shortest, part.split("@"))) for part in text.split(":"))


def _shortest(text: str) -> str:
    try:
        return label_of(float(text))
    except ValueError:
        return text.strip()


def _with_label(parameter: str) -> str:
    of = curve_of(parameter)
    if of == parameter:
        return parameter
    if of == CORRELATION:
        return correlation_name(*pair_of(label_of_node(parameter)))
    return node_name(of, _label(label_of_node(parameter)))


def at_one_node(greek: Greek, label: str) -> Greek:
    """The Greek with the node of a curve in place of its one parameter that may be a curve. Raises ValueError."""
    curves = [name for name in greek.parameters if name in CURVES]
    if len(curves) != 1:
        raise ValueError(f"{greek.name} has no nodes: they are of Greeks in one of {', '.join(CURVES)}, such as rho[1]")
    at = tuple(node_name(name, label) if name in CURVES else name for name in greek.parameters)
    return in_brackets(greek.name, label, at)


def at_underlying(greek: Greek, label: str) -> Greek:
    """The Greek of one underlying among several, perhaps at the node of its curve, such as ``vega[A:0.5]``.

    Raises ValueError for a Greek of parameters that no underlying has.
    """
    underlying, _, node = label.partition(":")
    if node:
        greek = at_one_node(greek, node)
    at = tuple(named(name, underlying) for name in greek.parameters)
    if at == greek.parameters:
        raise ValueError(f"{greek.name} belongs to no underlying; leave out [{label}]")
    return in_brackets(greek.name.partition("[")[0], label, at)


def in_brackets(name: str, label: str, parameters: tuple[str, ...]) -> Greek:
    """The Greek of some parameters, named ``vega[A]`` for a named Greek and a label, else ``d(...)``."""
    return Greek(f"{name}[{label}]" if name in NAMED else f"d({','.join(parameters)})", parameters)


def is_at_node(greek: Greek) -> bool:
    """True if the Greek is a derivative in the node of a curve."""
    return any(curve_of(name) != name and (underlying_of(name) is None or ":" in name) for name in greek.parameters)


def bucketed(greeks: Collection[Greek], nodes: Nodes) -> tuple[Greek, ...]:
    """The Greeks, each followed by its Greeks at all nodes of the curve in which it is a derivative."""
    of_curves = {name: names for name, names in nodes if curve_of(name) in CURVES}
    found: list[Greek] = []
    for greek in greeks:
        found.append(greek)
        curves = [name for name in greek.parameters if curve_of(name) in CURVES]
        if len(curves) == 1:
            found += (_at(greek, curves[0], node) for node in of_curves.get(curves[0], ()))
    return tuple(dict.fromkeys(found))


def _at(greek: Greek, curve: str, node: str) -> Greek:
    """The Greek with a node in place of its curve."""
    at = tuple(node if name == curve else name for name in greek.parameters)
    return in_brackets(greek.name.partition("[")[0], label_of_node(node), at)


def parse_greeks(
    words: object, own: Collection[str] = ("strike",), market: Collection[str] = MARKET_PARAMETERS
) -> tuple[Greek, ...]:
    """Greeks from ``"delta,gamma"`` or a list. Price comes first.

    ``all`` means every named one in ``market`` parameters, time and the contract's and the model's ``own`` parameters,
    and the first derivatives in these.
    """
    if not isinstance(words, (str, list, tuple)):
        raise ValueError(f"{words} is not a list of Greeks, such as 'delta,gamma' or ['delta', 'gamma']")
    if isinstance(words, str):
        words = SEPARATOR.split(words)
    chosen = [PRICE]
    for word in words:
        if isinstance(word, Greek):
            chosen.append(word)
        elif not isinstance(word, str):
            raise ValueError(f"{word} is not the name of a Greek")
        elif word.strip() == HESSIAN:
            chosen.append(NAMED["gamma"])
        elif word.strip() == "all":
            chosen.extend(_all(own, market))
        elif word.strip():
            chosen.append(parse_greek(word))
    return tuple(dict.fromkeys(chosen))


def _all(own: Collection[str], market: Collection[str]) -> Iterator[Greek]:
    known = {*market, TIME, *own}
    named = [greek for greek in NAMED.values() if known.issuperset(greek.parameters)]
    yield from named
    yield from (parse_greek(f"d({name})") for name in own if (name,) not in {greek.parameters for greek in named})
