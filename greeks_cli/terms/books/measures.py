"""Measures: Greeks as totals add them up, of one underlying, of pairs of underlyings, and money."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import prod

from greeks_cli.terms.greek import NAMED, Greek, in_brackets
from greeks_cli.terms.nodes import curve_of, label_of_node
from greeks_cli.terms.request import Request
from greeks_cli.terms.underlyings import local, underlyings_in
from greeks_cli.terms.units import SHARE_OF_SPOT, Units

_MONEY = ("price", "vega", "theta", "rho")
"""Greeks that are money, whatever the underlying; at a node, too."""
_BY_PARAMETERS = {greek.parameters: greek for greek in NAMED.values()}


@dataclass(frozen=True, slots=True)
class Measure:
    """A Greek of a trade as it is added up: as it is, or times the spots that it is a derivative in.

    A trade on several underlyings has a term for each: ``delta[A]`` is the delta in the total of A.
    """

    name: str
    greek: Greek
    power: int = 0
    per: float = 1.0
    underlying: str | None = None
    """The underlying of the total; None where the total is over several."""

    def terms(self, request: Request) -> dict[str, float]:
        """The Greeks of a request that are added up, by name, each with its factor; none where the measure is 0."""
        added = _by_measure(request.greeks).get(self.greek.parameters, ())
        return {greek.name: self._spots(request, greek) * self.per for greek in added if self._counts(greek)}

    def _counts(self, greek: Greek) -> bool:
        names = underlyings_in(greek.parameters)
        return self.underlying is None or not names or self.underlying in names

    def _spots(self, request: Request, greek: Greek) -> float:
        """The product of the spots that a Greek is a derivative in, where the measure is money."""
        if not self.power:
            return 1.0
        return prod(request.values[name] for name in greek.parameters if curve_of(name) == "spot")

    def scale(self, units: Units) -> float:
        """The factor from the raw measure to the units."""
        return units.scale_of_steps(self.greek)

    def unit(self, units: Units, currency: str | None) -> str:
        """The unit in words, with the name of the currency where there is one."""
        is_cash = any(self.name == cash.name for cash in CASH)
        return (Units.DESK if is_cash else units).label(self.greek, currency)

    def in_units(self, units: Units) -> "Measure":
        """The measure for units, of which a desk's multiply by the spot."""
        if self.power or not (power := units.power_of_spot(self.greek)):
            return self
        return replace(self, power=power, per=SHARE_OF_SPOT ** (power - 1))


CASH = (
    Measure("cash_delta", NAMED["delta"], 1),
    Measure("cash_gamma", NAMED["gamma"], 2, SHARE_OF_SPOT),
)
"""Delta times the spot, and gamma times the squared spot over 100: the change of the cash delta by 1% of the spot."""


def in_units(measures: Sequence[Measure], units: Units) -> tuple[Measure, ...]:
    """The measures for units; the cash of a Greek that is in cash itself is left out."""
    found = [measure.in_units(units) for measure in measures]
    twice = {measure.greek for measure in found if units is Units.DESK and measure not in measures}
    return tuple(one for own, one in zip(measures, found, strict=True) if own != one or own.greek not in twice)


def _measured(greek: Greek) -> tuple[str, ...]:
    """The parameters of the Greek that a Greek is added to: those without a name, but for pairs of underlyings."""
    return greek.parameters if len(underlyings_in(greek.parameters)) > 1 else tuple(map(local, greek.parameters))


@lru_cache(4096)  # many trades have the same Greeks, and a Hessian has many
def _by_measure(greeks: tuple[Greek, ...]) -> dict[tuple[str, ...], list[Greek]]:
    """Greeks by the parameters of the Greek that each is added to."""
    found: dict[tuple[str, ...], list[Greek]] = {}
    for greek in greeks:
        found.setdefault(_measured(greek), []).append(greek)
    return found


def measures_of(
    requests: Sequence[Request], underlying: str | None, is_named: bool, money: bool
) -> tuple[Measure, ...]:
    """The measures of trades: the Greeks that all have, or those that are money where the underlyings differ.

    ``underlying`` is that of all trades, which ``is_named`` says to have a name; with ``money`` it does not count.
    Greeks of pairs of underlyings are those that every trade on the pair has.
    """
    if not requests:
        return ()
    one = None if money else underlying
    singles = [_singles(request, one) for request in requests]
    common = [greek for greek in singles[0] if all(greek in others for others in singles)]
    cash = [measure for measure in CASH if measure.greek in common]
    if money:
        common = [greek for greek in common if curve_of(greek.name) in _MONEY]
    found = [Measure(greek.name, greek, underlying=one) for greek in common]
    found += [Measure(greek.name, greek, underlying=one) for greek in _of_pairs(requests, one)]
    if money or is_named:
        found += [Measure(each.name, each.greek, each.power, each.per, one) for each in cash]
    return tuple(found)


def _singles(request: Request, underlying: str | None) -> list[Greek]:
    """The Greeks of a request in one underlying or none, without the name of the underlying.

    A Greek that is wanted of all underlyings is left out where one lacks it.
    """
    if not request.is_joint:
        return list(request.greeks)
    found: dict[Greek, set[str]] = {}
    for greek in request.greeks:
        if len(names := underlyings_in(greek.parameters)) < 2:
            found.setdefault(_local(greek), set()).update(names)
    wanted = set(request.joint_market.names) if underlying is None else {underlying}
    return [greek for greek, names in found.items() if not names or names >= wanted]


def _local(greek: Greek) -> Greek:
    """The Greek without the name of its underlying: ``phi[0.5]`` for ``phi[A:0.5]``."""
    parameters = _measured(greek)
    if parameters == greek.parameters:
        return greek
    if usual := _BY_PARAMETERS.get(parameters):
        return usual
    node = next((name for name in parameters if curve_of(name) != name), None)
    head = greek.name.partition("[")[0] if node else ""
    return in_brackets(head, label_of_node(node or ""), parameters)


def _of_pairs(requests: Sequence[Request], underlying: str | None) -> Iterator[Greek]:
    """The Greeks in several underlyings that every request on these has, in order of appearance."""
    joint = [request for request in requests if request.is_joint]
    for greek in dict.fromkeys(greek for request in joint for greek in request.greeks):
        names = set(underlyings_in(greek.parameters))
        if len(names) > 1 and (underlying is None or underlying in names):
            on_these = [request for request in joint if names <= set(request.joint_market.names)]
            if all(greek in request.greeks for request in on_these):
                yield greek
